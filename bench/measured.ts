// SPDX-License-Identifier: MPL-2.0
import { join } from "node:path";
import type { Role } from "./fanout-child.ts";

/** What a process has used so far, and what it holds now. */
export interface Reading {
  readonly cpuUs: number;
  readonly residentBytes: number;
  /** Of its viewers, all together: frames held back, and bytes sent. */
  readonly held: number;
  readonly sentBytes: number;
}

/** A process under measurement; see fanout-child.ts. */
export class Measured implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;
  readonly #greeting: string;

  private constructor(
    child: Bun.Subprocess<"pipe", "pipe", "inherit">,
    lines: AsyncIterator<string>,
    greeting: string,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#greeting = greeting;
  }

  static async start(role: Role, libraryPath: string): Promise<Measured> {
    const script = join(import.meta.dir, "fanout-child.ts");
    const child = Bun.spawn([process.execPath, script, JSON.stringify(role)], {
      env: { ...process.env, PIXELFLUX_FFI_LIBRARY: libraryPath },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const lines = linesOf(child.stdout);
    return new Measured(child, lines, String((await lines.next()).value));
  }

  /** Where its viewers are to go. */
  get url(): URL {
    return new URL(this.#greeting);
  }

  async read(): Promise<Reading> {
    this.#child.stdin.write("read\n");
    await this.#child.stdin.flush();
    return JSON.parse(String((await this.#lines.next()).value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }
}
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
