// SPDX-License-Identifier: MPL-2.0

/** What keeps a file from being written, and what to do, by the system's code (errno(3)). */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EISDIR: "it is a folder: name a file in it",
  ENOENT: "its folder does not exist: make it first",
  ENOSPC: "no space is left there",
  ENOTDIR: "a part of its path is no folder",
  EPERM: "this user may not write there",
  EROFS: "the file system there can only be read",
};

/** The words of an error that the system has given while a file was opened or written. */
export function fileErrorWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  const words = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
  return words === undefined ? error.message : `${words} (${code})`;
}
