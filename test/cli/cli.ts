// SPDX-License-Identifier: MPL-2.0
import { join } from "node:path";
import {
  type ChildOptions,
  type ChildResult,
  rootPath,
  runCommand,
  waitFor,
} from "../support/process.ts";

/** The command line as a user starts it, by its first line. */
export const MAIN = join(rootPath, "src", "cli", "main.ts");

/** A picture that needs no X server. */
export const SYNTHETIC = "synthetic://320x240@60";

/** Without what the tests' own environment says of displays and tokens. */
const CLEAN = { DISPLAY: undefined, XAUTHORITY: undefined, PIXELFLUX_TOKEN: undefined };

/** Runs a command line to its end. */
export function runCli(
  args: string[],
  { env, ...options }: ChildOptions = {},
): Promise<ChildResult> {
  const command = [process.execPath, MAIN, ...args];
  return runCommand(command, { ...options, env: { ...CLEAN, ...env } });
}

/** A line of `serve --json`. */
interface ServeObject {
  type: string;
  display?: string;
  url?: string;
  seconds?: number;
  frames?: number;
  stripes?: number;
  bytes?: number;
  viewers?: number;
  viewersMax?: number;
  framesHeld?: number;
  latencyMs?: number | null;
}

/** A command line that goes on until it is told to end. */
export class CliProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #read: Promise<unknown>;

  constructor(args: string[], env: Record<string, string | undefined> = {}) {
    this.#child = Bun.spawn([process.execPath, MAIN, ...args], {
      cwd: rootPath,
      env: { ...process.env, ...CLEAN, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#read = Promise.all([
      this.#collect(this.#child.stdout, (text) => {
        this.stdout += text;
      }),
      this.#collect(this.#child.stderr, (text) => {
        this.stderr += text;
      }),
    ]);
  }

  /** The whole lines of the standard output so far, as JSON. */
  objects(): ServeObject[] {
    return this.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** The address that `serve` prints. */
  address(): Promise<URL> {
    return waitFor("the address", () => {
      const [address] = /http:\/\/[^\s"]+/.exec(this.stdout) ?? [];
      return address === undefined ? undefined : new URL(address);
    });
  }

  /** Waits for words on the standard error. */
  async said(words: RegExp): Promise<void> {
    await waitFor(`${words} in ${this.stderr}`, () => words.test(this.stderr));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** @returns the exit code; `null` where a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#child.exited;
    await this.#read;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) add(decoder.decode(bytes, { stream: true }));
  }
}
