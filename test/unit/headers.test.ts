// SPDX-License-Identifier: MPL-2.0
// The headers of the C ABI as somebody else's C or C++ program takes them up.
import { expect, test } from "bun:test";
import { headerText, includePath, subjectHeaders } from "../../prebuild/headers.ts";
import { requireTool, runCommand } from "../support/process.ts";

const all = [...new Bun.Glob("**/*.h").scanSync({ cwd: includePath })].sort();

test("pixelflux.h includes every header", () => {
  expect(subjectHeaders().length).toBeGreaterThan(10);
  expect(["pixelflux.h", ...subjectHeaders()].sort()).toEqual(all);
});

test.each([
  ["c", "c11"],
  ["c++", "c++17"],
])("each header compiles alone, as %s", async (language, standard) => {
  const warnings = ["-Wall", "-Wextra", "-pedantic", "-Werror"];
  const command = [requireTool("clang", "clang"), `-std=${standard}`, ...warnings];
  const result = await runCommand([...command, "-fsyntax-only", "-x", language, ...all], {
    cwd: includePath,
    timeoutMs: 100_000,
  });
  expect(result).toMatchObject({ exitCode: 0, stderr: "" });
});

test("every type and function has a comment", () => {
  const lines = headerText().split("\n");
  const bare = lines.filter(
    (line, index) =>
      /^(?:PF_API|typedef) /.test(line) && !(lines[index - 1] ?? "").trimEnd().endsWith("*/"),
  );
  expect(bare).toEqual([]);
});
