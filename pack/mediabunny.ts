// SPDX-License-Identifier: MPL-2.0
/** What src/record/ uses of mediabunny, as one file of the published package. */
import { join } from "node:path";
import { PrebuildError, rootPath } from "../prebuild/command.ts";

/** From the package's root; what `#mediabunny` is there. */
export const MEDIABUNNY_PATH = "dist/mediabunny.js";

const INSTALLED = join(rootPath, "node_modules/mediabunny");

/**
 * What src/record/ imports, by module: the index would warn of a second mediabunny where the
 * program that uses us has one of its own, and the two never meet.
 */
const ENTRY = Object.entries({
  "media-source": "EncodedVideoPacketSource",
  output: "Output",
  "output-format": "Mp4OutputFormat",
  packet: "EncodedPacket",
  target: "NullTarget",
})
  .map(([module, name]) => {
    const path = join(INSTALLED, `dist/modules/src/${module}.js`);
    return `export { ${name} } from ${JSON.stringify(path)};`;
  })
  .join("\n");

/**
 * Its text: 185 kB of a package of 12 MB, under the same licence as ours.
 *
 * @throws {PrebuildError} where mediabunny is not installed.
 */
export async function mediabunnyText(): Promise<string> {
  const { version, license } = await Bun.file(join(INSTALLED, "package.json")).json();
  const entry = join(rootPath, "pack/mediabunny-entry.ts");
  const { success, logs, outputs } = await Bun.build({
    entrypoints: [entry],
    files: { [entry]: ENTRY },
    target: "bun",
    minify: { whitespace: true },
    banner: `// SPDX-License-Identifier: ${license}
// A part of mediabunny ${version}, Copyright (c) Vanilagy and contributors, compiled from its
// TypeScript, which the npm package mediabunny@${version} contains.`,
    throw: false,
  });
  const [output] = outputs;
  if (success && output !== undefined) return output.text();
  throw new PrebuildError(`mediabunny cannot be bundled:\n${logs.join("\n")}`);
}
