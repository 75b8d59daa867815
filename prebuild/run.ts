// SPDX-License-Identifier: MPL-2.0
// bun run prebuild: the libraries that the platform packages contain. See --help.
import { parseArgs } from "node:util";
import { prepareArchives, targetsNamed } from "./archives.ts";
import { build } from "./build.ts";
import { check } from "./check.ts";
import { tellFailure } from "./command.ts";

const help = `bun run prebuild [options]

Builds libpixelflux.so, codecs and xcb linked in, into packages/linux-*; what is
up to date is left as it is. docs/packaging.md says more.

  --check         verify what was built: what it needs and exports, its size, and
                  that a second build gives the same bytes
  --quick         with --check: without the second build
  --target NAME   linux-x64-gnu or linux-arm64-gnu; may be repeated (default: both)
  --update        fetch what is linked in anew
  --help`;

try {
  await main();
} catch (error) {
  process.exitCode = tellFailure("prebuild", error);
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      target: { type: "string", multiple: true },
      update: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (options.help) return console.log(help);
  const targets = targetsNamed(options.target);
  await prepareArchives(targets, options.update);
  for (const target of targets) await build(target);
  if (!options.check) return;
  for (const target of targets) await check(target, { twice: !options.quick });
}
