// SPDX-License-Identifier: MPL-2.0
/** What belongs into a tarball, and nothing else does. */
import { LIBRARY } from "../prebuild/build.ts";
import { run } from "../prebuild/command.ts";
import type { Tarball } from "./tarballs.ts";

/** Says which files are missing or too many. */
export async function contentFailuresOf({ path, manifest }: Tarball): Promise<string[]> {
  const wanted = new Set(
    manifest.files.includes("types") ? await mainContents() : platformContents(),
  );
  const packed = new Set(
    (await run(["tar", "-tzf", path]))
      .trim()
      .split("\n")
      .map((name) => name.replace("package/", "")),
  );
  return [
    ...[...wanted.difference(packed)].map((name) => `it lacks ${name}`),
    ...[...packed.difference(wanted)].map((name) => `it has ${name}, which does not belong there`),
  ];
}

/** What git has of src/, a declaration for each module that is imported, and the bundles. */
async function mainContents(): Promise<string[]> {
  const sources = (await run(["git", "ls-files", "src"])).trim().split("\n");
  const declarations = sources
    .filter((name) => name.endsWith(".ts") && !/^src\/(cli|viewer)\//.test(name))
    .map((name) => name.replace(/^src\/(.*)\.ts$/, "types/$1.d.ts"));
  const bundles = ["client.js", "decode-worker.d.ts", "decode-worker.js", "mediabunny.js"];
  const guides = (await run(["git", "ls-files", "docs/*.md"])).trim().split("\n");
  const texts = ["CHANGELOG", "CONTRIBUTING", "README", "SECURITY"].map((name) => `${name}.md`);
  return [
    "LICENSE",
    "package.json",
    ...texts,
    ...guides,
    ...sources,
    ...declarations,
    ...bundles.map((name) => `dist/${name}`),
  ];
}

function platformContents(): string[] {
  return ["COPYING", "LICENSE", "NOTICE", "README.md", LIBRARY, "package.json"];
}
