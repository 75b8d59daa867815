// SPDX-License-Identifier: MPL-2.0
import { join } from "node:path";

/** The root of the repository. */
export const rootPath = join(import.meta.dir, "..", "..");

/** Path of a program the tests cannot do without; throws with advice where it is missing. */
export function requireTool(name: string, debianPackage: string): string {
  // Debian keeps servers where only root looks by default.
  const { PATH } = process.env;
  const path = Bun.which(name, { PATH: `${PATH}:/usr/sbin` });
  if (path === null) {
    throw new Error(
      `The tests need the program "${name}", which is not in PATH. ` +
        `Install it (Debian: apt-get install ${debianPackage}).`,
    );
  }
  return path;
}

/** How a child process ended. */
export interface ChildResult {
  exitCode: number | null;
  /** The signal that ended it, such as "SIGSEGV"; null after a normal end. */
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  env?: Record<string, string | undefined>;
  /** Default: the root of the repository. */
  cwd?: string;
  /** After this long the child is killed, and its signal is SIGKILL. Default 100000. */
  timeoutMs?: number;
}

/** Runs a command to its end. */
export async function runCommand(
  command: string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const child = Bun.spawn(command, {
    cwd: options.cwd ?? rootPath,
    env: { ...process.env, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: options.timeoutMs ?? 100_000,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  const signal = child.signalCode === null ? null : String(child.signalCode);
  return { exitCode: child.exitCode, signal, stdout, stderr };
}

/**
 * Runs TypeScript in a Bun of its own, so that a crash is a result and not the end of the tests.
 * The snippet may import "pixelflux-ffi", which is this repository's src/index.ts.
 */
export function runSnippet(source: string, options: ChildOptions = {}): Promise<ChildResult> {
  const index = JSON.stringify(join(rootPath, "src", "index.ts"));
  return runCommand([process.execPath, "-e", source.replaceAll('"pixelflux-ffi"', index)], options);
}

/** Waits until `check` gives something other than undefined or false; throws after `timeoutMs`. */
export async function waitFor<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadlineMs) {
      throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`);
    }
    await Bun.sleep(5);
  }
}
