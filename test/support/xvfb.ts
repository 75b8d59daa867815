// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAuthority } from "../../src/x11/authority.ts";
import { requireTool } from "./process.ts";

export interface XvfbOptions {
  /** Default 640×480. */
  width?: number;
  height?: number;
  /** Default 24. */
  depth?: number;
  /** Lets only clients with the cookie in `authorityPath` connect. Default false. */
  authority?: boolean;
  /** Such as ":3", for a server that comes back. Default: a number that nobody else takes. */
  display?: string;
  /** Further arguments, such as `["-extension", "DAMAGE"]`. */
  args?: string[];
}

/**
 * Drawn by lot from 1000 to 9999. A server that is left to choose takes the lowest number that is
 * free, which may be that of one that a test has just killed, and wants back.
 */
function drawDisplay(): string {
  return `:${1000 + Math.floor(Math.random() * 9000)}`;
}

/**
 * An X server of the test's own, on a display number that stays its own, for what a
 * `VirtualDisplay` is not: of another depth, on a number of its own, without a cookie or
 * an extension, killed.
 *
 * Xvfb gets SIGTERM when the test process ends, however that happens (PR_SET_PDEATHSIG).
 */
export class Xvfb implements AsyncDisposable {
  /** Such as ":3". */
  readonly display: string;
  readonly width: number;
  readonly height: number;
  /** The file with the cookie; undefined where the server lets every local user in. */
  readonly authorityPath: string | undefined;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #folder: string;

  private constructor(
    process: Bun.Subprocess<"ignore", "pipe", "pipe">,
    folder: string,
    display: string,
    options: XvfbOptions,
  ) {
    this.#process = process;
    this.#folder = folder;
    this.display = display;
    this.width = options.width ?? 640;
    this.height = options.height ?? 480;
    this.authorityPath = options.authority ? join(folder, "authority") : undefined;
  }

  static async start(options: XvfbOptions = {}): Promise<Xvfb> {
    if (options.display !== undefined) return Xvfb.#startOn(options.display, options);
    // Should the number be taken, another one is not.
    return Xvfb.#startOn(drawDisplay(), options).catch(() => Xvfb.#startOn(drawDisplay(), options));
  }

  static async #startOn(display: string, options: XvfbOptions): Promise<Xvfb> {
    const { width = 640, height = 480, depth = 24, authority = false } = options;
    const folder = mkdtempSync(join(tmpdir(), "pf-xvfb-"));
    const authorityPath = join(folder, "authority");
    if (authority) writeAuthority(authorityPath);
    const access = authority ? ["-auth", authorityPath] : [];
    const command = [
      ...[requireTool("setpriv", "util-linux"), "--pdeathsig", "TERM"],
      ...[requireTool("Xvfb", "xvfb"), "-displayfd", "1", "-nolisten", "tcp", "-noreset"],
      ...["-screen", "0", `${width}x${height}x${depth}`, ...access],
      ...[display, ...(options.args ?? [])],
    ];
    const process = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const number = await firstLine(process.stdout);
    if (number === undefined) {
      const stderr = await new Response(process.stderr).text();
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`Xvfb did not start: ${command.join(" ")}\n${stderr}`);
    }
    return new Xvfb(process, folder, `:${number}`, options);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Kills the server, as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end).trim();
  }
  return undefined;
}
