// SPDX-License-Identifier: MPL-2.0
/** One Xvfb process, which does not outlive the one that started it. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PixelfluxError } from "../errors.ts";
import { writeAuthority } from "../x11/authority.ts";
import { printable } from "../x11/printable.ts";
import { type ResolvedDisplayOptions, START } from "./options.ts";

/** How much of the server's last words an error shows. */
const TAIL_BYTES = 2000;
/** A server that does not end at SIGTERM is killed after so long. */
const END_MS_MAX = 2000;

/**
 * Becomes the server, and leaves a watcher behind: a shell that reads the standard
 * input, a pipe whose other end is this process's alone. A line says that the server
 * has ended; the pipe's end, which the kernel sees to, that this process has, in
 * whatever way. Then the watcher ends the server and removes its folder. A server that
 * hangs is killed, once its command line has shown that its number is still its own.
 */
const SCRIPT = `
PATH="$PATH:/usr/bin:/bin"
folder=$1; shift
exec 3<&0 </dev/null 2>"$folder/log"
(
  read -r line && exit
  kill "$$"
  kill -CONT "$$"
  n=0
  while [ $n -lt 20 ] && grep -qsF "$folder" "/proc/$$/cmdline"; do
    sleep 0.1
    n=$((n + 1))
  done
  grep -qsF "$folder" "/proc/$$/cmdline" && kill -KILL "$$"
  rm -rf "$folder"
) <&3 3<&- >/dev/null 2>&1 &
exec 3<&-
exec "$@"
`;

/** A server that has been spawned. Its standard streams keep nobody's event loop alive. */
export class XvfbProcess {
  /** The file of its cookie, in a folder that only this user can enter. */
  readonly authorityPath: string;
  readonly #folder: string;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  #removed: string | undefined;

  /** @throws {PixelfluxError} `ERR_PROGRAM_MISSING`, or `ERR_DISPLAY_START` by the system's refusal. */
  constructor(options: ResolvedDisplayOptions) {
    const program = programPath(options.program);
    this.#folder = makeFolder();
    this.authorityPath = join(this.#folder, "authority");
    try {
      writeAuthority(this.authorityPath);
      const command = [program, ...serverArguments(options, this.authorityPath)];
      this.#child = Bun.spawn(["/bin/sh", "-c", SCRIPT, "sh", this.#folder, ...command], {
        // In a session of its own: Ctrl-C ends those that use the display first.
        ...{ detached: true, stdin: "pipe", stdout: "pipe", stderr: "ignore" },
      });
    } catch (cause) {
      this.#removeFolder();
      throw systemRefusal(cause);
    }
    this.#child.unref();
    void this.ended.then(() => this.#cleanUp());
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when the server has gone. */
  get ended(): Promise<unknown> {
    return this.#child.exited;
  }

  /** The number of its display; `undefined` where it ends before it has one. */
  async displayNumber(): Promise<number | undefined> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of this.#child.stdout) {
      text += decoder.decode(bytes, { stream: true });
      const line = /^\s*(\d+)\n/.exec(text);
      if (line) return Number(line[1]);
    }
    return undefined;
  }

  /** Ends the server at once, as a crash would. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends the server; resolves when it has gone and nothing of it is left. */
  async end(): Promise<void> {
    this.#child.ref();
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), END_MS_MAX);
    await this.ended;
    clearTimeout(timer);
    this.#cleanUp();
  }

  /** Its last words on the standard error, also those from before it ended; may be empty. */
  lastWords(): string {
    return this.#removed ?? printable(readTail(join(this.#folder, "log")));
  }

  #cleanUp(): void {
    if (this.#removed !== undefined) return;
    this.#removed = this.lastWords();
    // Now the watcher has nothing to watch.
    this.#child.stdin.write("\n");
    void this.#child.stdin.end();
    this.#removeFolder();
  }

  #removeFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function serverArguments(options: ResolvedDisplayOptions, authorityPath: string): string[] {
  const { maxWidth, maxHeight, dpi, args } = options;
  return [
    // It takes the first number whose socket it gets, and tells which when it is ready.
    ...["-displayfd", "1", "-nolisten", "tcp", "-auth", authorityPath],
    // Neither is it to begin anew when its last client goes, nor to blank an idle screen.
    ...["-noreset", "-s", "0", "-dpi", String(dpi)],
    // It cannot become larger than it has begun.
    ...["-screen", "0", `${maxWidth}x${maxHeight}x24`, ...args],
  ];
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "pixelflux-display-"));
  } catch (cause) {
    throw systemRefusal(cause);
  }
}

function systemRefusal(cause: unknown): PixelfluxError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const text = `${START}: the system refuses what Xvfb needs, a folder or a process: ${words}`;
  return new PixelfluxError("ERR_DISPLAY_START", START, text, { cause });
}

function programPath(program: string): string {
  const { PATH = "" } = process.env;
  const path = Bun.which(program, { PATH });
  if (path !== null) return path;
  const text = `${START}: there is no program ${JSON.stringify(program)}. Install it (Debian, Ubuntu: apt-get install xvfb; Fedora, RHEL: dnf install xorg-x11-server-Xvfb; Arch: pacman -S xorg-server-xvfb), or name its path by the option program.`;
  throw new PixelfluxError("ERR_PROGRAM_MISSING", START, text, { field: "program" });
}

function readTail(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const from = Math.max(0, statSync(path).size - TAIL_BYTES);
      const bytes = Buffer.alloc(TAIL_BYTES);
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, TAIL_BYTES, from));
    } finally {
      closeSync(file);
    }
  } catch {
    return ""; // it never came to say anything
  }
}
