// SPDX-License-Identifier: MPL-2.0
/** Files that are changed all together, or not at all. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { rootPath } from "../prebuild/command.ts";

/** A file's new contents; `path` is from the repository's root. */
export interface Edit {
  readonly path: string;
  readonly text: string;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Writes the files and does `work`. Where any of it fails, or the process is told to
 * end meanwhile, they are as they were, but for one that somebody else has written since.
 */
export async function withEdits(edits: readonly Edit[], work: () => Promise<void>): Promise<void> {
  const before = edits.map(({ path }) => ({ path, text: read(path) }));
  const restore = () => {
    for (const [i, { path, text }] of before.entries()) {
      if (read(path) === edits[i]?.text) write(path, text);
    }
  };
  const end = (signal: NodeJS.Signals) => {
    restore();
    process.exit(128 + constants.signals[signal]); // as shells say it
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    for (const { path, text } of edits) write(path, text);
    await work();
  } catch (error) {
    restore();
    throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
  }
}

function read(path: string): string {
  return readFileSync(join(rootPath, path), "utf8");
}

/** No file is ever there by half. */
function write(path: string, text: string): void {
  const target = join(rootPath, path);
  const unfinished = `${target}.release`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
