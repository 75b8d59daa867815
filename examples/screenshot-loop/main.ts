// SPDX-License-Identifier: MPL-2.0
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ScreenCapture } from "pixelflux-ffi";
import { runProgram } from "../command-line.ts";

const HELP = `Takes a screenshot of a display each time it changes.

usage: bun main.ts [options]

  --display :N       the X display; default: $DISPLAY, else :0
  --folder FOLDER    where 00001.png, 00002.png and so on go; default shots
  --format FORMAT    png or jpeg; default png
  --pause-ms N       how far screenshots are apart at least; default 200
  --count N          end after so many; default: at Ctrl-C
  --help             this text

A line for each: the file, its size in bytes, and how long it has taken.
`;

/** The longest of a timer. */
const PAUSE_MS_MAX = 2 ** 31 - 1;

interface Options {
  readonly display: string | undefined;
  readonly folder: string;
  readonly format: "png" | "jpeg";
  readonly pauseMs: number;
  readonly count: number;
}

function readOptions(args: string[]): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      display: { type: "string" },
      folder: { type: "string", default: "shots" },
      format: { type: "string", default: "png" },
      "pause-ms": { type: "string", default: "200" },
      count: { type: "string", default: "Infinity" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { display, folder, format } = values;
  const [pauseMs, count] = [Number(values["pause-ms"]), Number(values.count)];
  if (format !== "png" && format !== "jpeg") {
    throw new Error(`--format: "png" or "jpeg" expected, received "${format}"`);
  }
  if (!(pauseMs >= 0 && pauseMs <= PAUSE_MS_MAX)) {
    throw new Error(`--pause-ms: 0 to ${PAUSE_MS_MAX} expected, received "${values["pause-ms"]}"`);
  }
  if (!(count >= 1)) throw new Error(`--count: 1 or more expected, received "${values.count}"`);
  return { display, folder, format, pauseMs, count };
}

async function run({ display, folder, format, pauseMs, count }: Options): Promise<number> {
  const ended = new AbortController();
  const { signal } = ended;
  process.on("SIGINT", () => ended.abort());
  process.on("SIGTERM", () => ended.abort());
  await mkdir(folder, { recursive: true });
  await using capture = new ScreenCapture({ display });
  capture.on("error", () => undefined); // told by the wait, too
  await capture.start(); // nobody reads its stripes, so none is encoded
  try {
    for (let index = 1; ; index++) {
      const token = capture.changeToken(); // what changes from here on is on the next one
      await take(capture, join(folder, `${String(index).padStart(5, "0")}.${format}`), format);
      if (index >= count) return 0;
      await pause(pauseMs, undefined, { signal });
      await capture.waitForChange({ since: token, signal });
    }
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  }
}

async function take(capture: ScreenCapture, path: string, format: "png" | "jpeg"): Promise<void> {
  const startMs = performance.now();
  using screenshot = await capture.screenshot({ format });
  const tookMs = performance.now() - startMs;
  await Bun.write(path, screenshot.data);
  console.log(`${path} ${screenshot.data.length} bytes ${tookMs.toFixed(1)} ms`);
}

await runProgram({ name: "screenshot-loop", help: HELP, readOptions, run });
