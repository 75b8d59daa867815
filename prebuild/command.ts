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

/**
 * Tells whoever started `program` what has failed.
 *
 * @returns the exit code: 2 where the command line is wrong.
 * @throws the error again where it is a defect of ours.
 */
export function tellFailure(program: string, error: unknown): number {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isUsage = code.startsWith("ERR_PARSE_ARGS_");
  if (!(error instanceof PrebuildError || isUsage)) throw error;
  // Without parseArgs's thoughts on arguments that begin with a dash.
  const [words = ""] = (error as Error).message.split(". To specify");
  console.error(`${program}: ${words}${isUsage ? "; see --help" : ""}`);
  return isUsage ? 2 : 1;
}

export interface CommandOptions {
  /** Default: the repository's root. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it says on the standard error is said at once: for work that takes minutes. */
  readonly aloud?: boolean;
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
    stderr: options.aloud ? "inherit" : "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    child.stderr ? new Response(child.stderr).text() : "",
  ]);
  if ((await child.exited) === 0) return stdout;
  const words = stderr.trim() || stdout.trim();
  throw new PrebuildError(`${command.join(" ")} failed${words === "" ? "" : `:\n${words}`}`);
}

/** Tells what is under way. */
export function say(text: string): void {
  console.error(`prebuild: ${text}`);
}

function toolPath(): string {
  const { PATH = "" } = process.env;
  return `${join(rootPath, ".tools/bin")}:${PATH}`;
}
