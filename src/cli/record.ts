// SPDX-License-Identifier: MPL-2.0
/** `record FILE`: the screen as a film. */
import { extname } from "node:path";
import { ScreenCapture } from "../index.ts";
import type { Recording, RecordingResult, RecordingStats, RecordOptions } from "../record/index.ts";
import { defineCommand } from "./command.ts";
import { Ending } from "./ending.ts";
import { flagOption, integerOption, secondsOption, shown, UsageError } from "./option.ts";
import { tell, writeJson } from "./output.ts";
import type { SettingName } from "./setting-options.ts";

const PROGRESS_INTERVAL_MS = 1000;
/** Formats by the file's ending. */
const CONTAINERS: Readonly<Record<string, "mp4" | "annexb">> = { ".mp4": "mp4", ".h264": "annexb" };
/** A recording decides these itself: it is H.264 of the whole frame, for players. */
const DECIDED: readonly SettingName[] = [
  ...(["outputMode", "jpegQuality", "paintOverJpegQuality", "jpegFullColor"] as const),
  ...(["h264FullFrame", "h264PaintOver", "stripeHeight", "stripeHeader"] as const),
];

export const record = defineCommand({
  name: "record",
  summary: "Records a screen as an MP4 file.",
  notes: `FILE ends in .mp4 (fragmented, can be played while it grows) or .h264 (access units alone), and
is overwritten. Ends at Ctrl-C, with a file that is complete. Once a second a line on the
standard error: time, pictures that have changed, and bytes written. Where the screen changes
its size, FILE-2.mp4 and so on follow.
`,
  argumentName: "FILE",
  options: {
    seconds: secondsOption("end after so long; default: at Ctrl-C"),
    "size-bytes-max": integerOption(
      "end before the recording is larger, 65536 at least; default: never",
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    json: flagOption("one JSON object at the end: what has been recorded"),
  },
  settings: { includes: (name) => !DECIDED.includes(name) },
  async run({ values, settings, argument: path }) {
    const container = CONTAINERS[extname(path).toLowerCase()];
    if (container === undefined) {
      throw new UsageError(`FILE has to end in .mp4 or .h264, but is ${shown(path)}`);
    }
    const { seconds, "size-bytes-max": sizeBytesMax, json } = values;
    const durationMs = seconds === undefined ? undefined : Math.ceil(seconds * 1000);
    const stop = new AbortController();
    let code = 0;
    using ending = new Ending();
    void ending.code.then((signalCode) => {
      code = signalCode;
      stop.abort();
    });
    const options = { durationMs, sizeBytesMax, container, signal: stop.signal };
    const result = await recorded(new ScreenCapture(settings), path, options);
    if (json && result !== undefined) await writeJson(result);
    return code;
  },
});

/** @returns `undefined` where the signal came before the first picture. */
async function recorded(
  capture: ScreenCapture,
  path: string,
  options: RecordOptions,
): Promise<RecordingResult | undefined> {
  // Nothing else needs the writer of MP4, which takes its time to load.
  const { record: start } = await import("../record/index.ts");
  try {
    // What is told to onError is what `finished` rejects with.
    const onError = () => undefined;
    await using recording = await start(capture, path, { ...options, onError });
    using _ = progress(recording);
    const result = await recording.finished;
    tell(`record: ${progressWords(result)}, ${result.segments.map(({ path }) => path).join(", ")}`);
    return result;
  } catch (error) {
    if (options.signal?.aborted && error === options.signal.reason) return undefined;
    throw error;
  }
}

/** Says how far it is, once a second. */
function progress(recording: Recording): Disposable {
  const ticker = setInterval(
    () => tell(`record: ${progressWords(recording.stats())}`),
    PROGRESS_INTERVAL_MS,
  );
  return { [Symbol.dispose]: () => clearInterval(ticker) };
}

function progressWords({ durationMs, frames, bytes }: RecordingResult | RecordingStats): string {
  return `${(durationMs / 1000).toFixed(1)} s, ${frames} frames, ${Math.round(bytes / 1000)} kB`;
}
