// SPDX-License-Identifier: MPL-2.0
// ffmpeg -f x11grab as a measured tool; its output is cut into pictures afterwards.
import { residentBytes } from "../test/support/proc.ts";
import { monotonicNs } from "./monotonic.ts";
import type { RecordedArrival, Recording } from "./recording.ts";
import { cpuNsOf, type RunningTool, switchesOf, type Tool } from "./tools.ts";

const SETTLE_MS = 500;

const START_CODE = Buffer.from([0, 0, 1]);
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);
const NAL_SLICE = 1;
const NAL_IDR = 5;

/** Where the JPEGs of a stream begin: no marker of theirs occurs in coded data (T.81, B.1.1.5). */
export function jpegStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf(JPEG_START); at >= 0; at = bytes.indexOf(JPEG_START, at + 1)) {
    starts.push(at);
  }
  return starts;
}

/** Where the access units of an Annex B stream begin (ITU-T H.264, 7.4.1.2.3). */
export function accessUnitStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  let hasSlice = true;
  for (let at = bytes.indexOf(START_CODE); at >= 0; at = bytes.indexOf(START_CODE, at + 3)) {
    const type = (bytes[at + 3] as number) & 31;
    const isSlice = type === NAL_SLICE || type === NAL_IDR;
    // first_mb_in_slice is 0 where its Exp-Golomb code is the single bit 1.
    const isFirstSlice = isSlice && (bytes[at + 4] as number) >= 0x80;
    if (hasSlice && (!isSlice || isFirstSlice)) {
      starts.push(at > 0 && bytes[at - 1] === 0 ? at - 1 : at);
      hasSlice = false;
    }
    hasSlice ||= isSlice;
  }
  return starts;
}

/** What has come out of ffmpeg so far: a time for every write. */
class Output {
  readonly #chunks: Uint8Array[] = [];
  readonly #ends: { offset: number; ns: number }[] = [];
  size = 0;

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream) {
      this.size += chunk.length;
      this.#chunks.push(chunk);
      this.#ends.push({ offset: this.size, ns: monotonicNs() });
    }
  }

  /** Every picture but the last, which may not be complete. */
  recordingOf(type: "jpeg" | "h264", width: number, height: number): Recording {
    const bytes = Buffer.concat(this.#chunks);
    const starts = type === "jpeg" ? jpegStarts(bytes) : accessUnitStarts(bytes);
    const arrivals: RecordedArrival[] = [];
    let chunk = 0;
    for (const [index, offset] of starts.slice(0, -1).entries()) {
      const end = starts[index + 1] as number;
      while ((this.#ends[chunk]?.offset as number) < end) chunk++;
      const arrivalNs = this.#ends[chunk]?.ns as number;
      const place = { x: 0, y: 0, width, height };
      arrivals.push({ arrivalNs, type, frameId: index, ...place, offset, size: end - offset });
    }
    return { arrivals, bytes };
  }
}

function command(ffmpeg: string, display: string, size: string, fps: number, codec: string[]) {
  const input = ["-f", "x11grab", "-draw_mouse", "0", "-framerate", String(fps)];
  const output = [...codec, "-flush_packets", "1", "pipe:1"];
  const options = ["-v", "error", "-nostdin"];
  return [ffmpeg, ...options, ...input, "-video_size", size, "-i", display, ...output];
}

/** The codecs ffmpeg is measured with, as command line options. */
export const ffmpegCodecs = {
  x264: ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "25"].concat([
    "-pix_fmt",
    "yuv420p",
    "-f",
    "h264",
  ]),
  mjpeg: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", "5"].concat([
    "-thread_type",
    "slice",
    "-f",
    "mjpeg",
  ]),
};

/** ffmpeg grabbing and encoding the whole screen. */
export function ffmpegTool(
  codec: keyof typeof ffmpegCodecs,
  options: { ffmpeg: string; size: string; fps: number },
): Tool {
  const { ffmpeg, size, fps } = options;
  const [width = 0, height = 0] = size.split("x").map(Number);
  const start = async (display: string): Promise<RunningTool> => {
    const child = Bun.spawn(command(ffmpeg, display, size, fps, ffmpegCodecs[codec]), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const output = new Output();
    const read = output.read(child.stdout);
    while (output.size === 0) {
      if (child.exitCode !== null) {
        throw new Error("ffmpeg ended before its first picture; its words are above");
      }
      await Bun.sleep(10);
    }
    await Bun.sleep(SETTLE_MS);
    const reading = () => ({
      wallNs: monotonicNs(),
      cpuNs: cpuNsOf(child.pid),
      switches: switchesOf(child.pid),
      bytes: output.size,
    });
    let before = reading();
    return {
      async begin() {
        before = reading();
      },
      async end() {
        const after = reading();
        const resident = residentBytes(child.pid);
        await Bun.sleep(SETTLE_MS);
        child.kill("SIGKILL");
        await read;
        const recording = output.recordingOf(codec === "mjpeg" ? "jpeg" : "h264", width, height);
        const measured = recording.arrivals.filter(
          ({ arrivalNs }) => arrivalNs > before.wallNs && arrivalNs <= after.wallNs,
        );
        const figures = {
          wallNs: after.wallNs - before.wallNs,
          cpuNs: after.cpuNs - before.cpuNs,
          frames: measured.length,
          stripes: measured.length,
          bytes: after.bytes - before.bytes,
          switches: after.switches - before.switches,
          residentBytes: resident,
          nativeBytes: Number.NaN,
        };
        return { figures, recording: () => recording };
      },
    };
  };
  return { name: `ffmpeg ${codec}`, start };
}
