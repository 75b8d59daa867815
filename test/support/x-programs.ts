// SPDX-License-Identifier: MPL-2.0
// Programs that say what they were pointed at and what was typed into them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireTool, waitFor } from "./process.ts";

/** A terminal over the whole screen, which keeps what is typed into it. */
export class TypedTerminal implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  readonly #folder: string;

  private constructor(process: Bun.Subprocess, folder: string) {
    this.#process = process;
    this.#folder = folder;
  }

  static async start(display: string): Promise<TypedTerminal> {
    const folder = mkdtempSync(join(tmpdir(), "pf-terminal-"));
    // Raw: every key is a byte or more, and none means anything to the terminal.
    const script = 'stty raw -echo; : >"$0/ready"; exec cat >"$0/typed"';
    const command = [requireTool("xterm", "xterm"), "-u8", "-geometry", "300x100+0+0"];
    const child = Bun.spawn([...command, "-e", "sh", "-c", script, folder], {
      env: { ...process.env, DISPLAY: display, LC_ALL: "C.UTF-8" },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    const terminal = new TypedTerminal(child, folder);
    await waitFor("the terminal", () => existsSync(join(folder, "ready")), 20_000);
    return terminal;
  }

  /** All that was typed so far. */
  get typed(): string {
    const path = join(this.#folder, "typed");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** One event as xev tells of it. */
export interface XEvent {
  /** Such as `"KeyPress"`. */
  readonly name: string;
  /** Of the screen, in px. */
  readonly x: number;
  readonly y: number;
  /** The state's mask: 1 Shift, 2 Lock, 4 Control, 8 Mod1. */
  readonly state: number;
  /** The keysym's name, or the button's number. */
  readonly what: string;
}

/** xev with a window over the whole screen. */
export class EventLog implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "ignore">;
  #text = "";

  private constructor(process: Bun.Subprocess<"ignore", "pipe", "ignore">) {
    this.#process = process;
    void this.#read();
  }

  static async start(display: string): Promise<EventLog> {
    const line = [requireTool("stdbuf", "coreutils"), "-oL", requireTool("xev", "x11-utils")];
    const events = ["-event", "keyboard", "-event", "button", "-event", "mouse"];
    const child = Bun.spawn([...line, ...events, "-bw", "0", "-geometry", "2000x2000+0+0"], {
      env: { ...process.env, DISPLAY: display },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    const log = new EventLog(child);
    // The pointer, which is in the middle of the screen, enters the window.
    await waitFor("xev's window", () => log.#text.includes("EnterNotify"), 20_000);
    return log;
  }

  /** Events of these names so far, in their order. */
  of(...names: readonly string[]): XEvent[] {
    const events = this.#text.split(/\n\n/).flatMap((block) => eventOf(block) ?? []);
    return events.filter(({ name }) => names.includes(name));
  }

  /** Keys as in `"+a -a"`, buttons as in `"+1 -1"`. */
  get strokes(): string {
    const events = this.of("KeyPress", "KeyRelease", "ButtonPress", "ButtonRelease");
    return events.map(({ name, what }) => (name.endsWith("Press") ? "+" : "-") + what).join(" ");
  }

  /** Forgets what was. */
  clear(): void {
    this.#text = "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#process.stdout) {
      this.#text += decoder.decode(bytes, { stream: true });
    }
  }
}

function eventOf(block: string): XEvent | undefined {
  const name = /^(\w+) event/m.exec(block)?.[1];
  // These words end the lines that count.
  const at = /root:\((-?\d+),(-?\d+)\).*same_screen/s.exec(block);
  if (name === undefined || at === null) return undefined;
  const state = Number(/state (0x[0-9a-f]+)/.exec(block)?.[1] ?? 0);
  const what = /\(keysym 0x[0-9a-f]+, (\w+)\)|button (\d+)/.exec(block);
  return { name, x: Number(at[1]), y: Number(at[2]), state, what: what?.[1] ?? what?.[2] ?? "" };
}
