// SPDX-License-Identifier: MPL-2.0
/** CHANGELOG.md as a release changes it: Keep a Changelog 1.1.0, as text, and nothing but text. */
import { PrebuildError } from "../prebuild/command.ts";

/** A heading of the second level, and what follows it up to the next. */
interface Section {
  /** `Unreleased`, or a version. */
  readonly name: string;
  /** Line numbers: of the heading, and behind the last line. */
  readonly from: number;
  readonly to: number;
}

/** `## [1.2.3] - 2026-01-31`, `## Unreleased`, `## [1.2.3] - 2026-01-31 [YANKED]`. */
const HEADING = /^##\s+\[?([^\]\s]+)\]?(?:\s.*)?$/;

/** `[Unreleased]: https://host/owner/name/compare/v1.2.2...HEAD` */
const COMPARISON = /^\[unreleased\]:\s*(\S+\/compare\/)(\S+?)\.\.\.(\S+)\s*$/i;

/**
 * Gives what is unreleased to the version, under a fresh and empty `## [Unreleased]`.
 * Links that compare versions are kept up where there are any. Line ends stay as they are.
 *
 * @param date - as in `2026-01-31`.
 * @throws {PrebuildError} where there is no such heading, or two; where nothing is under
 *   it; or where the version has a section already.
 */
export function releaseChangelog(text: string, version: string, date: string): string {
  const lines = linesOf(text);
  const sections = sectionsOf(lines);
  const unreleased = only(sections, "Unreleased");
  if (sections.some(({ name }) => name === version)) {
    throw new PrebuildError(`CHANGELOG.md has a section of ${version} already`);
  }
  if (bodyOf(lines, unreleased).every(saysNothing)) {
    throw new PrebuildError("CHANGELOG.md says nothing under Unreleased: write what has changed");
  }
  const rest = lines.slice(unreleased.from + 1);
  const released = [
    ...lines.slice(0, unreleased.from),
    ...["## [Unreleased]", "", `## [${version}] - ${date}`, ...(rest[0] === "" ? [] : [""])],
    ...rest,
  ];
  return withComparisons(released, version).join(text.includes("\r\n") ? "\r\n" : "\n");
}

/**
 * What the changelog says of a version: the text of its release.
 *
 * @throws {PrebuildError} where it says nothing.
 */
export function notesOf(text: string, version: string): string {
  const lines = linesOf(text);
  const body = bodyOf(lines, only(sectionsOf(lines), version));
  if (body.every(saysNothing)) throw new PrebuildError(`CHANGELOG.md says nothing of ${version}`);
  return `${body.join("\n").trim()}\n`;
}

/** Whether the changelog has a section of that version. */
export function hasSection(text: string, version: string): boolean {
  return sectionsOf(linesOf(text)).some(({ name }) => name === version);
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}

/** Headings in blocks of code are none. */
function sectionsOf(lines: readonly string[]): Section[] {
  const headings: { name: string; from: number }[] = [];
  let fence = "";
  for (const [from, line] of lines.entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
    if (fence === "") fence = mark;
    else if (mark.startsWith(fence) && line.trim() === mark) fence = "";
    const name = fence === "" ? HEADING.exec(line)?.[1] : undefined;
    if (name !== undefined) headings.push({ name, from });
  }
  return headings.map((heading, i) => ({ ...heading, to: headings[i + 1]?.from ?? lines.length }));
}

function only(sections: readonly Section[], name: string): Section {
  const [found, another] = sections.filter(
    (section) => section.name.toLowerCase() === name.toLowerCase(),
  );
  if (found === undefined) throw new PrebuildError(`CHANGELOG.md has no section [${name}]`);
  if (another !== undefined) {
    throw new PrebuildError(
      `CHANGELOG.md has two sections [${name}], in lines ${found.from + 1} and ${another.from + 1}`,
    );
  }
  return found;
}

/** Without the links that stand at the end of the file. */
function bodyOf(lines: readonly string[], { from, to }: Section): string[] {
  const body = lines.slice(from + 1, to);
  while (body.length > 0 && /^(\s*|\[[^\]]+\]:\s*\S+\s*)$/.test(body.at(-1) ?? "")) body.pop();
  return body;
}

/** Of an empty line, a heading or a comment. */
function saysNothing(line: string): boolean {
  return /^\s*(#.*|<!--.*-->\s*)?$/.test(line);
}

function withComparisons(lines: readonly string[], version: string): string[] {
  return lines.flatMap((line) => {
    const [, base, previous] = COMPARISON.exec(line) ?? [];
    if (base === undefined) return [line];
    return [
      `[Unreleased]: ${base}v${version}...HEAD`,
      `[${version}]: ${base}${previous}...v${version}`,
    ];
  });
}
