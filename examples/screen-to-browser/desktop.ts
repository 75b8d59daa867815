// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualDisplay } from "pixelflux-ffi/display";

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
 * A virtual display, and on it a terminal with running text, a clock and a moving
 * window.
 */
export class Desktop implements AsyncDisposable {
  readonly #display: VirtualDisplay;
  readonly #folder = mkdtempSync(join(tmpdir(), "pixelflux-demo-"));
  readonly #programs = new Set<Bun.Subprocess>();
  #ending = false;

  private constructor(display: VirtualDisplay) {
    this.#display = display;
    void this.#furnish();
  }

  /** @throws {PixelfluxError} as `VirtualDisplay.start` does. */
  static async start(): Promise<Desktop> {
    const [width, height] = [DESKTOP_WIDTH_PX, DESKTOP_HEIGHT_PX];
    return new Desktop(await VirtualDisplay.start({ width, height }));
  }

  /** Such as `:3`. */
  get display(): string {
    return this.#display.name;
  }

  /** Ends every program and the display, and removes what they left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    for (const program of this.#programs) program.kill();
    await Promise.all([...this.#programs].map((program) => program.exited));
    await this.#display.stop();
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
    const program = Bun.spawn(command, {
      env: {
        ...process.env,
        ...this.#display.environment,
        TMPDIR: this.#folder, // xterm leaves a file there when it is ended early
      },
      // Ctrl-C does not reach it: the desktop ends after the capture, in order.
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
