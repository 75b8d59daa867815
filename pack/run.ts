// SPDX-License-Identifier: MPL-2.0
// bun run pack: the tarballs of all packages. See --help.
import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { PrebuildError, rootPath, run } from "../prebuild/command.ts";
import { failuresOf } from "./check.ts";
import { packAll, type Tarball } from "./tarballs.ts";

const help = `bun run pack [options]

Builds what is stale (bun run prebuild), packs pixelflux-ffi and the packages of
the platforms, and checks the tarballs: by publint, and their types by
arethetypeswrong. Prints their paths.

  --out FOLDER    where they go (default: tarballs)
  --help`;

try {
  await main();
} catch (error) {
  if (!(error instanceof PrebuildError)) throw error;
  console.error(`pack: ${error.message}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: { out: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (options.help) return console.log(help);
  await run(["./scripts/prebuild", "--check", "--quick"]);
  const out = options.out === undefined ? resolve(rootPath, "tarballs") : resolve(options.out);
  for (const tarball of await packAll(out)) await check(tarball);
}

async function check(tarball: Tarball): Promise<void> {
  const { path, manifest } = tarball;
  const failures = await failuresOf(tarball);
  if (failures.length > 0) {
    const list = failures.map((failure) => `  - ${failure}`).join("\n");
    throw new PrebuildError(`${relative(rootPath, path)} does not pass:\n${list}`);
  }
  const kilobytes = Math.round(statSync(path).size / 1000);
  console.error(`pack: ${manifest.name} ${manifest.version} passes, ${kilobytes} kB`);
  console.log(path);
}
