// SPDX-License-Identifier: MPL-2.0
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listWindows, type WindowDescription } from "../../src/index.ts";
import { requireTool, runCommand, waitFor } from "./process.ts";

/** Debian packages of the programs that tests show windows of. */
const PACKAGES = { xterm: "xterm", xlogo: "x11-apps", xeyes: "x11-apps", openbox: "openbox" };

/** A program with windows on a test's X server; it is killed at the end. */
export class XProgram implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  readonly #display: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "pf-x-program-"));

  constructor(display: string, name: keyof typeof PACKAGES, args: readonly string[] = []) {
    this.#display = display;
    this.#process = Bun.spawn([requireTool(name, PACKAGES[name]), ...args], {
      // xterm leaves a file in TMPDIR when it is killed.
      env: { ...process.env, DISPLAY: display, TMPDIR: this.#folder, HOME: this.#folder },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * A terminal of this title at this place, without a caret. It shows the text, and then what
   * {@link write} gives it.
   */
  static xterm(display: string, title: string, geometry: string, text = title): XProgram {
    const look = ["-bw", "0", "-b", "0", "+sb", "-fn", "fixed"];
    const script = `printf '%s\\033[?25l' '${text}'; : >"$TMPDIR/input"; exec tail -f "$TMPDIR/input"`;
    return new XProgram(display, "xterm", [
      ...look,
      ...["-T", title, "-geometry", geometry, "-e", "sh", "-c", script],
    ]);
  }

  /** A window manager, when it is one. */
  static async windowManager(display: string): Promise<XProgram> {
    const manager = new XProgram(display, "openbox");
    const command = [requireTool("xprop", "x11-utils"), "-display", display, "-root"];
    await waitFor("a window manager", async () => {
      const { stdout } = await runCommand([...command, "_NET_SUPPORTED"]);
      return stdout.includes("_NET_ACTIVE_WINDOW");
    });
    return manager;
  }

  /** Waits until a terminal has been given its first text. */
  async written(): Promise<void> {
    await waitFor("the terminal's program", () => existsSync(this.#inputPath));
  }

  /** Has a terminal show more text. */
  write(text: string): void {
    appendFileSync(this.#inputPath, text);
  }

  get #inputPath(): string {
    return join(this.#folder, "input");
  }

  /** Its window, when that is shown. */
  window(title: string): Promise<WindowDescription> {
    return waitFor(`a window "${title}"`, async () => {
      const windows = await listWindows(this.#display);
      return windows.find((window) => window.title === title && window.viewable);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs xdotool on a display to its end. */
export async function xdotool(display: string, ...args: (string | number)[]): Promise<string> {
  const command = [requireTool("xdotool", "xdotool"), ...args.map(String)];
  const result = await runCommand(command, { env: { DISPLAY: display, LC_ALL: "C.UTF-8" } });
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** Runs xrandr on a display to its end, as in `"--setmonitor", "left", "320/80x480/120+0+0", "none"`. */
export async function xrandr(display: string, ...args: string[]): Promise<void> {
  const command = [requireTool("xrandr", "x11-xserver-utils"), "-display", display, ...args];
  const result = await runCommand(command);
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr}`);
}
