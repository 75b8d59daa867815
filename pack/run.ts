// SPDX-License-Identifier: MPL-2.0
// bun run pack: the tarballs of all packages. See --help.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { rootPath, tellFailure } from "../prebuild/command.ts";
import { packChecked } from "./checked.ts";

const help = `bun run pack [options]

Builds what is stale (bun run prebuild), packs pixelflux-ffi and the packages of
the platforms, and checks the tarballs: what is in them, by publint, and their
types by arethetypeswrong. Prints their paths.

  --out FOLDER    where they go (default: tarballs)
  --help`;

try {
  await main();
} catch (error) {
  process.exitCode = tellFailure("pack", error);
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: { out: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (options.help) return console.log(help);
  const out = options.out === undefined ? resolve(rootPath, "tarballs") : resolve(options.out);
  for (const { path } of await packChecked({ out })) console.log(path);
}
