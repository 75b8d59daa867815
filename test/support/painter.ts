// SPDX-License-Identifier: MPL-2.0
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Canvas } from "./canvas.ts";
import { rootPath } from "./process.ts";

export type PatternName = "bars" | "gradient" | "text" | "photo";
export type WorkloadName =
  | "idle"
  | "caret"
  | "typing"
  | "pauses"
  | "scroll"
  | "drag"
  | "video"
  | "slide";

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One update of a workload, and where on the screen its codes are. */
export interface Update {
  counter: number;
  /** CLOCK_MONOTONIC when the server had painted it. */
  ns: number;
  codeX: number;
  codeY: number;
  /** Codes stand below each other, `codeStep` rows apart. */
  codeCount: number;
  codeStep: number;
  /** What the update changed. */
  area: Area;
}

/** What pf-painter answers: when the server had done the command, and the rest of the line. */
export interface Answer {
  ns: number;
  words: string[];
}

function painterPath(): string {
  const { PF_PAINTER } = process.env;
  const path = PF_PAINTER ?? join(rootPath, "zig-out", "bin", "pf-painter");
  if (!existsSync(path)) {
    throw new Error(`The tests need ${path}. Build it: zig build (or set PF_PAINTER).`);
  }
  return path;
}

function words(area: Area | undefined): string {
  return area === undefined ? "" : ` ${area.x} ${area.y} ${area.width} ${area.height}`;
}

/** A client of pf-painter (native/test/painter.c). Every call ends after the X server is done. */
export class Painter implements AsyncDisposable {
  readonly width: number;
  readonly height: number;
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;
  readonly #folder = mkdtempSync(join(tmpdir(), "pf-painter-"));
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    process: Bun.Subprocess<"pipe", "pipe", "inherit">,
    lines: AsyncIterator<string>,
    hello: Answer,
  ) {
    this.#process = process;
    this.#lines = lines;
    this.width = Number(hello.words[0]);
    this.height = Number(hello.words[1]);
  }

  static async start(display: string, env: Record<string, string> = {}): Promise<Painter> {
    const child = Bun.spawn([painterPath(), display], {
      env: { ...process.env, ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const lines = linesOf(child.stdout);
    return new Painter(child, lines, await readAnswer(lines, "connect"));
  }

  /** Sends one command line; rejects with the painter's words where it refuses. */
  command(line: string): Promise<Answer> {
    this.#process.stdin.write(`${line}\n`);
    this.#process.stdin.flush();
    const answer = this.#last.then(() => readAnswer(this.#lines, line));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  fill(area: Area, rgb: number): Promise<Answer> {
    return this.command(`fill${words(area)} ${hex(rgb)}`);
  }

  pixel(x: number, y: number, rgb: number): Promise<Answer> {
    return this.command(`pixel ${x} ${y} ${hex(rgb)}`);
  }

  pattern(name: PatternName, seed: number, area?: Area): Promise<Answer> {
    return this.command(`pattern ${name} ${seed}${words(area)}`);
  }

  text(x: number, y: number, text: string): Promise<Answer> {
    return this.command(`text ${x} ${y} ${text}`);
  }

  copy(area: Area, toX: number, toY: number): Promise<Answer> {
    return this.command(`copy${words(area)} ${toX} ${toY}`);
  }

  /** Draws a file of raw BGRX rows. */
  image(path: string, area: Area): Promise<Answer> {
    return this.command(`image ${path}${words(area)}`);
  }

  pointer(x: number, y: number): Promise<Answer> {
    return this.command(`pointer ${x} ${y}`);
  }

  /** Changes the size of the screen by RandR. */
  screen(width: number, height: number): Promise<Answer> {
    return this.command(`screen ${width} ${height}`);
  }

  /** What the X server shows, read by plain GetImage. */
  async grab(area?: Area): Promise<Canvas> {
    const path = join(this.#folder, "grab");
    const size = area ?? { x: 0, y: 0, width: this.width, height: this.height };
    await this.command(`grab ${path}${words(size)}`);
    return Canvas.fromBgrx(readFileSync(path), size.width, size.height);
  }

  /** Paints a workload's first picture and builds what its updates need. */
  prepare(workload: WorkloadName, seed: number): Promise<Answer> {
    return this.command(`prepare ${workload} ${seed}`);
  }

  /** Runs the prepared workload; gives the number of its updates. */
  async run(seconds: number): Promise<number> {
    return Number((await this.command(`run ${seconds}`)).words[0]);
  }

  /** Paints an update of the prepared workload once more. */
  frame(counter: number): Promise<Answer> {
    return this.command(`frame ${counter}`);
  }

  /** All updates since `prepare`. */
  async updates(): Promise<Update[]> {
    const path = join(this.#folder, "codes");
    await this.command(`codes ${path}`);
    const text = readFileSync(path, "utf8").trim();
    return text === "" ? [] : text.split("\n").map(parseUpdate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function hex(rgb: number): string {
  return rgb.toString(16).padStart(6, "0");
}

function parseUpdate(line: string): Update {
  const numbers = line.split(" ").map(Number);
  const [counter = 0, ns = 0, codeX = 0, codeY = 0, codeCount = 0, codeStep = 0] = numbers;
  const [x = 0, y = 0, width = 0, height = 0] = numbers.slice(6);
  return { counter, ns, codeX, codeY, codeCount, codeStep, area: { x, y, width, height } };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

async function readAnswer(lines: AsyncIterator<string>, command: string): Promise<Answer> {
  const line = await lines.next();
  if (line.done) throw new Error(`pf-painter ended at: ${command}`);
  const [word, ns, ...rest] = line.value.split(" ");
  if (word !== "ok") throw new Error(`pf-painter: ${line.value} (at: ${command})`);
  return { ns: Number(ns), words: rest };
}
