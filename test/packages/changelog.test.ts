// SPDX-License-Identifier: MPL-2.0
// What a release makes of CHANGELOG.md, whatever people have written there.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasSection, notesOf, releaseChangelog } from "../../pack/changelog.ts";
import { rootPath } from "../support/process.ts";

const DATE = "2026-01-31";

const ORDINARY = `# Changelog

Words.

## [Unreleased]

### Added

- This.

## [0.1.0] - 2025-12-01

### Added

- That.
`;

describe("a release", () => {
  test("takes what is unreleased, and leaves an empty section above it", () => {
    const text = releaseChangelog(ORDINARY, "0.2.0", DATE);
    expect(text).toBe(
      ORDINARY.replace("## [Unreleased]", "## [Unreleased]\n\n## [0.2.0] - 2026-01-31"),
    );
    expect(notesOf(text, "0.2.0")).toBe("### Added\n\n- This.\n");
    expect(() => releaseChangelog(text, "0.3.0", DATE)).toThrow("nothing under Unreleased");
  });

  test("of this repository's own loses not a line", () => {
    const own = readFileSync(join(rootPath, "CHANGELOG.md"), "utf8");
    const version = "99.0.0";
    const filled = own.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- A line.\n");
    const text = releaseChangelog(filled, version, DATE);
    expect(text.replace(`## [${version}] - ${DATE}\n\n`, "")).toBe(filled);
    expect(notesOf(text, version)).toContain("- A line.");
  });

  test("keeps the line ends of Windows, and a file without a last one", () => {
    const text = releaseChangelog(ORDINARY.trimEnd().replaceAll("\n", "\r\n"), "0.2.0", DATE);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    expect(text).toContain("## [Unreleased]\r\n\r\n## [0.2.0] - 2026-01-31\r\n\r\n### Added");
    expect(text).toEndWith("- That.");
  });

  test("sets off what follows its heading without an empty line", () => {
    expect(releaseChangelog("## Unreleased\n- This.\n", "1.0.0", DATE)).toBe(
      "## [Unreleased]\n\n## [1.0.0] - 2026-01-31\n\n- This.\n",
    );
  });

  test("knows the heading in lower case and without brackets, wherever it stands", () => {
    for (const heading of ["## [unreleased]", "## Unreleased", "##  [Unreleased] - soon"]) {
      const moved = `# Changelog\n\n## [0.1.0] - 2025-12-01\n\n- That.\n\n${heading}\n\n- This.\n`;
      expect(notesOf(releaseChangelog(moved, "0.2.0", DATE), "0.2.0")).toBe("- This.\n");
    }
  });

  test("takes no heading from a block of code", () => {
    const code = "````md\n```\n## [Unreleased]\n```\n## [9.9.9]\n````";
    const text = releaseChangelog(ORDINARY.replace("- This.", code), "0.2.0", DATE);
    expect(notesOf(text, "0.2.0")).toBe(`### Added\n\n${code}\n`);
    expect(hasSection(text, "9.9.9")).toBeFalse();
  });

  test("keeps up the links that compare versions, and leaves them out of its text", () => {
    const links = `
[unreleased]: https://example.org/a/b/compare/v0.1.0...HEAD
[0.1.0]: https://example.org/a/b/releases/tag/v0.1.0
`;
    const text = releaseChangelog(ORDINARY + links, "0.2.0-rc.1", DATE);
    expect(text).toEndWith(`
[Unreleased]: https://example.org/a/b/compare/v0.2.0-rc.1...HEAD
[0.2.0-rc.1]: https://example.org/a/b/compare/v0.1.0...v0.2.0-rc.1
[0.1.0]: https://example.org/a/b/releases/tag/v0.1.0
`);
    expect(notesOf(text, "0.1.0")).toBe("### Added\n\n- That.\n");
  });
});

describe("there is no release", () => {
  test.each([
    ["", "no section [Unreleased]"],
    ["# Changelog\n\n## [0.1.0]\n\n- That.\n", "no section [Unreleased]"],
    ["```\n## [Unreleased]\n```\n- This.\n", "no section [Unreleased]"],
    [`${ORDINARY}\n## [Unreleased]\n`, "two sections [Unreleased], in lines 5 and 17"],
    [ORDINARY.replace("- This.", ""), "nothing under Unreleased"],
    [ORDINARY.replace("- This.", "<!-- what to write here -->"), "nothing under Unreleased"],
    [ORDINARY.replace("[0.1.0]", "[0.2.0]"), "a section of 0.2.0 already"],
  ])("of %j", (text, words) => {
    expect(() => releaseChangelog(text, "0.2.0", DATE)).toThrow(words);
  });

  test("text of a version that is not there, or has none", () => {
    expect(() => notesOf(ORDINARY, "0.2.0")).toThrow("no section [0.2.0]");
    expect(() => notesOf("## [0.2.0]\n\n### Added\n", "0.2.0")).toThrow("says nothing of 0.2.0");
  });
});
