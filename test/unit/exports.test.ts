// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { join } from "node:path";
import { declaredFunctions } from "../../prebuild/headers.ts";

const root = join(import.meta.dir, "../..");

/** Names of the symbols the library exports, as binutils' nm reads them. */
async function exportedSymbols(): Promise<string[]> {
  const nm = Bun.spawn(
    ["nm", "-D", "--defined-only", "-f", "posix", join(root, "zig-out/lib/libpixelflux.so")],
    { stdout: "pipe", stderr: "inherit" },
  );
  const listing = await new Response(nm.stdout).text();
  expect(await nm.exited).toBe(0);
  return listing
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .sort();
}

test("the library exports what the headers declare, and nothing else", async () => {
  const declared = declaredFunctions();
  expect(declared.length).toBeGreaterThan(10);
  expect(await exportedSymbols()).toEqual(declared);
});
