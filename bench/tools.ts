// SPDX-License-Identifier: MPL-2.0
// The processes that are measured: our own capture and the Python package. ffmpeg-tool.ts: ffmpeg.
import { join } from "node:path";
import type { CaptureSettings } from "../src/index.ts";
import { cpuTicks, threadsOf } from "../test/support/proc.ts";
import { type ProcessFigures, type Recording, readRecording } from "./recording.ts";

const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK), 100 on every Linux that Bun runs on

/** CPU time of another process in ns. */
export function cpuNsOf(pid: number): number {
  return (cpuTicks(pid) * 1e9) / TICKS_PER_SECOND;
}

/** A tool under way: it has shown its first picture, and waits to be measured. */
export interface RunningTool {
  begin(): Promise<void>;
  /** Ends the measuring, and the tool when it has come to rest. */
  end(): Promise<Measured>;
}

export interface Measured {
  figures: ProcessFigures;
  recording(): Recording;
}

export interface Tool {
  name: string;
  start(display: string, recordingPath: string): Promise<RunningTool>;
}

class Lines {
  readonly #lines: AsyncIterator<string>;
  readonly #who: string;

  constructor(stream: ReadableStream<Uint8Array>, who: string) {
    this.#lines = Lines.#split(stream);
    this.#who = who;
  }

  async next(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error(`${this.#who} ended early; its words are above`);
    return line.value;
  }

  static async *#split(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() as string;
      yield* lines;
    }
  }
}

/** A child that speaks capture-child.ts's protocol. */
async function startChild(
  command: string[],
  env: Record<string, string>,
  recordingPath: string,
): Promise<RunningTool> {
  const child = Bun.spawn(command, {
    env: { ...process.env, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = new Lines(child.stdout, command.join(" "));
  const say = async (word: string): Promise<void> => {
    child.stdin.write(`${word}\n`);
    await child.stdin.flush();
  };
  while ((await lines.next()) !== "ready") {}
  return {
    begin: () => say("begin"),
    async end() {
      await say("end");
      const figures = JSON.parse(await lines.next()) as ProcessFigures;
      figures.nativeBytes ??= Number.NaN; // not a number JSON could carry
      child.stdin.end();
      await child.exited;
      return { figures, recording: () => readRecording(recordingPath) };
    },
  };
}

export function ownTool(name: string, settings: CaptureSettings, libraryPath: string): Tool {
  return {
    name,
    start: (display, recordingPath) =>
      startChild(
        [
          ...[process.execPath, join(import.meta.dir, "capture-child.ts")],
          ...[JSON.stringify({ display, ...settings }), recordingPath],
        ],
        { PIXELFLUX_FFI_LIBRARY: libraryPath },
        recordingPath,
      ),
  };
}

/** The Python package, where `python` has it. */
export function peerTool(name: string, python: string, mode: string, size: string): Tool {
  return {
    name,
    start: (display, recordingPath) =>
      startChild(
        [python, join(import.meta.dir, "peer.py"), mode, recordingPath],
        { DISPLAY: display, PF_SIZE: size },
        recordingPath,
      ),
  };
}

/** Context switches of a process so far, of all its threads. */
export function switchesOf(pid: number): number {
  return threadsOf(pid).reduce(
    (sum, thread) => sum + thread.voluntarySwitches + thread.involuntarySwitches,
    0,
  );
}
