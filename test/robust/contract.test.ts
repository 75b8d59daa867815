// SPDX-License-Identifier: MPL-2.0
// What is promised names what shows it: the files have to be there.
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rootPath } from "../support/process.ts";

function linksOf(path: string): string[] {
  const text = readFileSync(join(rootPath, path), "utf8");
  const targets = [...text.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] as string);
  return targets.filter((target) => !target.includes("://"));
}

test.each(["docs/reliability.md", "SECURITY.md"])("%s links to files that exist", (path) => {
  const links = linksOf(path);
  expect(links.length).toBeGreaterThan(5);
  const missing = links.filter((link) => !existsSync(join(rootPath, dirname(path), link)));
  expect(missing).toEqual([]);
});

test("every line of a table of docs/reliability.md names what shows it", () => {
  const text = readFileSync(join(rootPath, "docs/reliability.md"), "utf8");
  // The table ahead of the first promise is a formula.
  const promised = text.slice(text.indexOf("| promise | shown by |")).split("\n");
  const rows = promised.filter((line) => line.startsWith("| "));
  const promises = rows.filter((row) => !/^\| (---|promise|what happens)/.test(row));
  expect(promises.length).toBeGreaterThan(30);
  const unproven = promises.filter((row) => !/\]\([^)]*(test|SECURITY)|`scripts\//.test(row));
  expect(unproven).toEqual([]);
});
