// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Size of the desktop in px. */
export const DESKTOP_WIDTH_PX = 1280;
export const DESKTOP_HEIGHT_PX = 720;

/** A round of the moving window: its centre, its radius, and its steps. */
const ROUND = { x: 905, y: 380, radius: 130, steps: 120 };

const CLOCK_COLOURS = [
  ["hour", "#d7dee8"],
  ["minute", "#d7dee8"],
  ["second", "#f0883e"],
  ["major", "#4cc2ff"],
  ["minor", "#4a5a70"],
] as const;

/** Runs in the terminal: a line of coloured text, seven times a second. */
const TERMINAL_SCRIPT = `
n=0
while :; do
  n=$((n + 1))
  bytes=$((n * 7919 % 4096))
  printf '\\033[37m%6d  %s\\033[0m  stripe %2d  \\033[9%dm%4d bytes  %.*s\\033[0m\\n' \
    "$n" "$(date +%H:%M:%S)" $((n * 7 % 23)) $((n % 6 + 1)) $bytes $((bytes / 220 + 1)) \
    '==================='
  sleep 0.14
done`;

/**
 * An X server of its own without a monitor, and on it a terminal with running
 * text, a clock and a moving window. Only this user can connect to it.
 */
export class Desktop implements AsyncDisposable {
  /** Such as `:3`. */
  readonly display: string;
  /** The file with the cookie that clients need, for `XAUTHORITY`. */
  readonly authorityPath: string;
  readonly #folder: string;
  readonly #server: Bun.Subprocess;
  readonly #programs = new Set<Bun.Subprocess>();
  #ending = false;

  private constructor(folder: string, server: Bun.Subprocess, display: string) {
    this.#folder = folder;
    this.#server = server;
    this.display = display;
    this.authorityPath = join(folder, "authority");
    void this.#furnish();
  }

  /**
   * Starts the X server on the first display number that is free.
   *
   * @throws Error where it does not come up, with its own words.
   */
  static async start(): Promise<Desktop> {
    const folder = mkdtempSync(join(tmpdir(), "pixelflux-demo-"));
    try {
      writeAuthority(join(folder, "authority"));
      const screen = `${DESKTOP_WIDTH_PX}x${DESKTOP_HEIGHT_PX}x24`;
      const access = ["-nolisten", "tcp", "-auth", join(folder, "authority")];
      const server = Bun.spawn(
        guarded("Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", screen, ...access),
        { detached: true, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
      );
      const number = await firstLine(server.stdout);
      if (number === undefined) {
        throw new Error(`Xvfb does not start: ${await new Response(server.stderr).text()}`);
      }
      return new Desktop(folder, server, `:${number}`);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends every program and the server, and removes what they left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#programs].map(end));
    await end(this.#server);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #furnish(): Promise<void> {
    await this.#run("xsetroot", "-solid", "#1f2a3a").exited;
    const font = ["-fa", "DejaVu Sans Mono", "-fs", "11"];
    const look = ["-bg", "#10151c", "-fg", "#d7dee8", "-bw", "2", "-bd", "#3b4a5e"];
    const terminal = ["-title", "terminal", ...font, "-geometry", "62x33+36+36"];
    this.#run("xterm", ...look, ...terminal, "-e", TERMINAL_SCRIPT);
    const colours = CLOCK_COLOURS.flatMap(([part, rgb]) => ["-xrm", `*${part}Color: ${rgb}`]);
    this.#run("xclock", ...look, ...colours, "-update", "1", "-geometry", "220x220-36+36");
    this.#run("xlogo", ...look, "-geometry", "150x150+2000+0", "-fg", "#4cc2ff");
    const search = this.#run("xdotool", "search", "--sync", "--class", "XLogo");
    const window = await firstLine(search.stdout);
    while (window !== undefined && !this.#ending) {
      await this.#run("xdotool", ...roundOf(window)).exited;
    }
  }

  #run(...command: string[]): Bun.Subprocess<"ignore", "pipe", "ignore"> {
    const program = Bun.spawn(guarded(...command), {
      env: {
        ...process.env,
        DISPLAY: this.display,
        XAUTHORITY: this.authorityPath,
        TMPDIR: this.#folder, // xterm leaves a file there when it is ended early
      },
      detached: true,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    this.#programs.add(program);
    void program.exited.then(() => this.#programs.delete(program));
    if (this.#ending) program.kill();
    return program;
  }
}

/**
 * A command that gets SIGTERM when this process ends without having ended it
 * (prctl(2), PR_SET_PDEATHSIG). Ctrl-C does not reach it, since it is spawned
 * into a session of its own: the desktop ends after the capture, in order.
 */
function guarded(...command: string[]): string[] {
  return ["setpriv", "--pdeathsig", "TERM", ...command];
}

async function end(program: Bun.Subprocess): Promise<void> {
  program.kill();
  await program.exited;
}

/**
 * Writes an Xauthority file (Xau(3)): family, address, display number, name and
 * data of one cookie, each but the family behind its length, u16 big endian.
 * The family is FamilyWild, 65535: the cookie counts for every display.
 */
function writeAuthority(path: string): void {
  const name = "MIT-MAGIC-COOKIE-1";
  const cookie = crypto.getRandomValues(Buffer.alloc(16));
  const entry = [Buffer.from([0xff, 0xff, 0, 0, 0, 0]), u16(name.length), Buffer.from(name)];
  writeFileSync(path, Buffer.concat([...entry, u16(cookie.length), cookie]), { mode: 0o600 });
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** The first line of a stream, `undefined` where it ends before. */
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

/** One command line that leads the window once around its circle. */
function roundOf(window: string): string[] {
  return Array.from({ length: ROUND.steps }, (_, step) => {
    const angle = (2 * Math.PI * step) / ROUND.steps;
    const x = Math.round(ROUND.x + ROUND.radius * Math.cos(angle));
    const y = Math.round(ROUND.y + ROUND.radius * Math.sin(angle));
    // With --sync it looks where the window is, every 30 ms, which is also what paces it.
    return ["windowmove", "--sync", window, `${x}`, `${y}`];
  }).flat();
}
