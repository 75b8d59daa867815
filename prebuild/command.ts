// SPDX-License-Identifier: MPL-2.0
/** Running the programs that do the work. */
import { join } from "node:path";

/** The root of the repository. */
export const rootPath = join(import.meta.dir, "..");

/** Where everything goes that is fetched or built on the way; ignored by git. */
export const workPath = join(rootPath, ".tools/prebuild");

/** Why a prebuilt library cannot be made or does not pass, in words for whoever asked for it. */
export class PrebuildError extends Error {
  override readonly name = "PrebuildError";
}

export interface CommandOptions {
  /** Default: the repository's root. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end and gives what it printed.
 *
 * @throws {PrebuildError} where it fails, with what it said.
 */
export async function run(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const [program = ""] = command;
  const path = toolPath();
  if (Bun.which(program, { PATH: path }) === null) {
    throw new PrebuildError(`${program} is not installed; ./scripts/prebuild installs it`);
  }
  const child = Bun.spawn([...command], {
    cwd: options.cwd ?? rootPath,
    // One language for the messages, and for what is parsed.
    env: { ...process.env, PATH: path, LC_ALL: "C", ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) === 0) return stdout;
  throw new PrebuildError(`${command.join(" ")} failed:\n${stderr.trim() || stdout.trim()}`);
}

/** Tells what is under way. */
export function say(text: string): void {
  console.error(`prebuild: ${text}`);
}

function toolPath(): string {
  const { PATH = "" } = process.env;
  return `${join(rootPath, ".tools/bin")}:${PATH}`;
}
