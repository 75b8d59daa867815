// SPDX-License-Identifier: MPL-2.0
// What is there for users is tested: the types of each entry of the package, and each example.
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { rootPath } from "../support/process.ts";

const folder = import.meta.dir;

describe("an entry of the package", () => {
  const files = readdirSync(folder).filter((name) => !name.endsWith(".test.ts"));
  const texts = files.map((name) => Bun.file(join(folder, name)).text());
  const entries = Object.keys(manifest.exports).map((path) => `pixelflux-ffi${path.slice(1)}`);

  test.each(entries)("%s has a test of its types, in test/types", async (entry) => {
    const importing = (await Promise.all(texts)).filter((text) => text.includes(`from "${entry}"`));
    expect(importing).not.toBeEmpty();
    for (const text of importing) expect(text).toContain("// @ts-expect-error");
  });
});

describe("an example", () => {
  const entries = readdirSync(join(rootPath, "examples"), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const tests = [...new Bun.Glob("**/*.test.ts").scanSync({ cwd: join(rootPath, "test") })].map(
    async (name) => withoutComments(await Bun.file(join(rootPath, "test", name)).text()),
  );

  test.each(names)("%s is run by a test, which names its folder", async (name) => {
    // As a path, or as the parts of one.
    const place = new RegExp(`examples(/|", ")${name}["/]`);
    expect((await Promise.all(tests)).some((text) => place.test(text))).toBeTrue();
  });
});

/** A folder that is only spoken of is not run. */
function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
}
