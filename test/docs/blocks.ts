// SPDX-License-Identifier: MPL-2.0
// The code in the pages that users read.
import { join } from "node:path";
import { rootPath } from "../support/process.ts";

/** A block of code of a page. */
export interface CodeBlock {
  /** From the root of the repository, such as `docs/viewers.md`. */
  readonly page: string;
  /** The line of the page on which the code begins, from 1. */
  readonly line: number;
  /** Such as `ts`. */
  readonly language: string;
  /**
   * What stands behind the language, which no page shows: `run` for a program that runs
   * to its end, `serve` for one that prints its address and goes on.
   */
  readonly mode: string;
  readonly code: string;
}

/** Pages that have code for users. */
export const PAGES: readonly string[] = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
  ["docs/*.md", "examples/*/README.md", "packages/*/README.md"].flatMap((pattern) =>
    [...new Bun.Glob(pattern).scanSync({ cwd: rootPath })].sort(),
  ),
);

/** The text of a page. */
export function readPage(page: string): Promise<string> {
  return Bun.file(join(rootPath, page)).text();
}

/** All blocks of all pages, or of those given. */
export async function codeBlocks(pages = PAGES): Promise<readonly CodeBlock[]> {
  const texts = await Promise.all(pages.map(readPage));
  return pages.flatMap((page, index) => blocksOf(page, texts[index] ?? ""));
}

/** CommonMark, 4.5: fences may be indented within lists. */
const FENCED = /^( *)```([a-z]+)(?: +([a-z]+))? *\n(.*?)^\1```$/gms;

function blocksOf(page: string, text: string): CodeBlock[] {
  return [...text.matchAll(FENCED)].map((match) => {
    const [, indent = "", language = "", mode = "", code = ""] = match;
    const line = text.slice(0, match.index).split("\n").length + 1;
    const lines = code.split("\n").map((text) => text.slice(indent.length));
    return { page, line, language, mode, code: lines.join("\n") };
  });
}

/** Where a block is, as editors take it. */
export function placeOf({ page, line }: CodeBlock): string {
  return `${page}:${line}`;
}
