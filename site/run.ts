// SPDX-License-Identifier: MPL-2.0
// bun run docs: the reference and the guides as pages of HTML. See --help.
import "./typescript.ts";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { tellFailure } from "../prebuild/command.ts";

const help = `bun run docs [options]

Writes the site: what the package exports, by the comments in src/, and the pages
of docs/. Fails where a public symbol has no comment or a link leads nowhere.

  --out FOLDER    where it goes, in place of what is there (default: docs-site)
  --help`;

try {
  await main();
} catch (error) {
  process.exitCode = tellFailure("docs", error);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: "docs-site" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  // Not by an import at the top, which would be there before the compiler for it is.
  const { write } = await import("./write.ts");
  process.exitCode = (await write(resolve(values.out))) ? 0 : 1;
}
