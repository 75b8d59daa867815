// SPDX-License-Identifier: MPL-2.0
// The processes that are measured: our own capture, ffmpeg's x11grab, and the Python package.
import { join } from "node:path";
import type { CaptureSettings } from "../src/index.ts";
import { cpuTicks, residentBytes, threadsOf } from "../test/support/proc.ts";
import type { ProcessFigures } from "./recording.ts";

const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK), 100 on every Linux that Bun runs on

/** CPU time of another process in ns. */
export function cpuNsOf(pid: number): number {
  return (cpuTicks(pid) * 1e9) / TICKS_PER_SECOND;
}

/** A tool under way: it has shown its first picture, and waits to be measured. */
export interface RunningTool {
  begin(): Promise<void>;
  end(): Promise<ProcessFigures>;
}

export interface Tool {
  name: string;
  /** Whether it leaves a recording of stripes. */
  records: boolean;
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
async function startChild(command: string[], env: Record<string, string>): Promise<RunningTool> {
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
      return figures;
    },
  };
}

export function ownTool(name: string, settings: CaptureSettings, libraryPath: string): Tool {
  return {
    name,
    records: true,
    start: (display, recordingPath) =>
      startChild(
        [
          ...[process.execPath, join(import.meta.dir, "capture-child.ts")],
          ...[JSON.stringify({ display, ...settings }), recordingPath],
        ],
        { PIXELFLUX_FFI_LIBRARY: libraryPath },
      ),
  };
}

/** The Python package, where `python` has it. */
export function peerTool(name: string, python: string, mode: string, size: string): Tool {
  return {
    name,
    records: true,
    start: (display, recordingPath) =>
      startChild([python, join(import.meta.dir, "peer.py"), mode, recordingPath], {
        DISPLAY: display,
        PF_SIZE: size,
      }),
  };
}

function switchesOf(pid: number): number {
  return threadsOf(pid).reduce(
    (sum, thread) => sum + thread.voluntarySwitches + thread.involuntarySwitches,
    0,
  );
}

/** ffmpeg grabbing and encoding the whole screen, its output counted and thrown away. */
export function ffmpegTool(ffmpeg: string, size: string): Tool {
  const start = async (display: string): Promise<RunningTool> => {
    const input = ["-f", "x11grab", "-framerate", "60", "-video_size", size, "-i", display];
    const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "25"];
    const child = Bun.spawn(
      [ffmpeg, "-v", "error", "-nostdin", ...input, ...codec, "-f", "h264", "pipe:1"],
      { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    );
    let bytes = 0;
    let frames = 0;
    const counted = (async () => {
      for await (const chunk of child.stdout) {
        bytes += chunk.length;
        frames++; // about: one write a frame, since zerolatency flushes each
      }
    })();
    while (bytes === 0) await Bun.sleep(10);
    await Bun.sleep(500);
    const reading = () => ({
      wallNs: Bun.nanoseconds(),
      cpuNs: cpuNsOf(child.pid),
      switches: switchesOf(child.pid),
      bytes,
      frames,
    });
    let before = reading();
    return {
      async begin() {
        before = reading();
      },
      async end() {
        const after = reading();
        const resident = residentBytes(child.pid);
        child.kill("SIGKILL");
        await counted;
        return {
          wallNs: after.wallNs - before.wallNs,
          cpuNs: after.cpuNs - before.cpuNs,
          frames: after.frames - before.frames,
          stripes: Number.NaN,
          bytes: after.bytes - before.bytes,
          switches: after.switches - before.switches,
          residentBytes: resident,
          nativeBytes: Number.NaN,
        };
      },
    };
  };
  return { name: "ffmpeg x264", records: false, start };
}
