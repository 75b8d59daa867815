// SPDX-License-Identifier: MPL-2.0
// docs/troubleshooting.md knows every error code, and every line that doctor says.
import { expect, test } from "bun:test";
import { runCli } from "../cli/cli.ts";
import { Xvfb } from "../support/xvfb.ts";
import { readPage } from "./blocks.ts";

const page = await readPage("docs/troubleshooting.md");

/** Rows of a section's tables: what the first cell names, and the others. */
function rowsOf(heading: string): (readonly [names: string[], cells: string[]])[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  const rows = text.match(/^\|.*\|$/gm) ?? [];
  return rows
    .map((row) => row.slice(1, -1).split(/(?<!\\)\|/))
    .filter(([first = ""]) => first.includes("`"))
    .map(([first = "", ...cells]) => [
      [...first.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
      cells.map((cell) => cell.trim()),
    ]);
}

/** The members of a union of strings in a source. */
async function codesIn(path: string, type: string): Promise<string[]> {
  const [, union = ""] = (await readPage(path)).split(`export type ${type} =`);
  const [members = ""] = union.split(";");
  return [...members.matchAll(/"(ERR_[A-Z0-9_]+)"/g)].map(([, code = ""]) => code);
}

test("every error code has a row, with where it comes from and a remedy", async () => {
  const codes = await codesIn("src/errors.ts", "ErrorCode");
  const wireCodes = await codesIn("src/wire/error.ts", "WireErrorCode");
  expect(codes.length).toBeGreaterThan(20);
  expect(wireCodes.length).toBeGreaterThan(2);
  const rows = rowsOf("Error codes");
  expect(rows.flatMap(([names]) => names).sort()).toEqual([...codes, ...wireCodes].sort());
  for (const [[name], cells] of rows) {
    expect({ name, empty: cells.filter((cell) => cell === "") }).toEqual({ name, empty: [] });
    expect(cells).toHaveLength(2);
  }
});

test("every check of doctor has a row, with a remedy", async () => {
  await using screen = await Xvfb.start();
  const { stdout } = await runCli(["doctor", "--json", "--display", screen.display]);
  const { checks } = JSON.parse(stdout) as { checks: { name: string }[] };
  const rows = rowsOf("What doctor says");
  expect(checks.length).toBeGreaterThan(10);
  expect(rows.flatMap(([names]) => names).sort()).toEqual(checks.map(({ name }) => name).sort());
  expect(rows.every(([, cells]) => cells.length === 2 && !cells.includes(""))).toBeTrue();
});
