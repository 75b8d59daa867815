// SPDX-License-Identifier: MPL-2.0
import { parseArgs } from "node:util";
import { monotonicUs } from "pixelflux-ffi";
import { Input } from "pixelflux-ffi/input";
import type { FeedStripe } from "pixelflux-ffi/server";
import { complain, ending, integerOption, runProgram } from "../command-line.ts";
import { Desktop } from "./desktop.ts";
import { ScreenServer } from "./server.ts";

const NAME = "demo";
const HELP = `Shows a screen live in a browser.

usage: scripts/demo [options]

  --display :N       the X display to show; default: $DISPLAY, and where there
                     is none a small lively desktop on an X server of its own
  --port N           serve on 127.0.0.1:N, 0 for a free port; default 9001
  --mode h264|jpeg   the codec; default h264
  --fullframe        H.264: one encoder for the whole frame
  --input            let the page point and type on the screen; its address has a
                     token then
  --seconds N        end after N seconds; default: on Ctrl-C
  --help             this text

Once a second a line on stderr: frames, stripes and kB in that second, browsers
that watch, and the median time from grabbing a stripe's pixels to having it
encoded in JavaScript. The demo itself watches too, so there is something to
count without a browser. At the end a line of JSON on stdout: frames, stripes
and bytes encoded, the most browsers at once (viewers), and seconds.
`;

interface DemoOptions {
  readonly display: string | undefined;
  readonly port: number;
  readonly mode: "h264" | "jpeg";
  readonly fullFrame: boolean;
  readonly input: boolean;
  readonly seconds: number;
}

/** Counts what the capture delivers. */
class Meter {
  frames = 0;
  stripes = 0;
  bytes = 0;
  viewersMax = 0;
  readonly #startMs = performance.now();
  #frameId = -1;
  #before = { frames: 0, stripes: 0, bytes: 0 };
  #latenciesUs: number[] = [];

  add(stripe: FeedStripe): void {
    if (stripe.frameId !== this.#frameId) this.frames += 1;
    this.#frameId = stripe.frameId;
    this.stripes += 1;
    this.bytes += stripe.data.length;
    this.#latenciesUs.push(monotonicUs() - stripe.timestamp);
  }

  /** One line on what has come since the last one. */
  line(viewers: number): string {
    this.viewersMax = Math.max(this.viewersMax, viewers);
    const { frames, stripes, bytes } = this;
    const latencies = this.#latenciesUs.sort((a, b) => a - b);
    const median = latencies[latencies.length >> 1];
    const parts = [
      `${frames - this.#before.frames} fps`,
      `${stripes - this.#before.stripes} stripes`,
      `${Math.round((bytes - this.#before.bytes) / 1000)} kB/s`,
      `${viewers} ${viewers === 1 ? "viewer" : "viewers"}`,
      `latency ${median === undefined ? "–" : (median / 1000).toFixed(1)} ms`,
    ];
    this.#before = { frames, stripes, bytes };
    this.#latenciesUs = [];
    return parts.map((part) => part.padStart(12)).join("  ");
  }

  summary(): string {
    const { frames, stripes, bytes, viewersMax: viewers } = this;
    const seconds = Math.round((performance.now() - this.#startMs) / 10) / 100;
    return JSON.stringify({ frames, stripes, bytes, viewers, seconds });
  }
}

function readOptions(args: string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args,
    options: {
      display: { type: "string" },
      port: { type: "string", default: "9001" },
      mode: { type: "string", default: "h264" },
      fullframe: { type: "boolean", default: false },
      input: { type: "boolean", default: false },
      seconds: { type: "string", default: "Infinity" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { mode, display, fullframe: fullFrame, input } = values;
  const port = integerOption("port", values.port, 0, 65535);
  const seconds = Number(values.seconds);
  if (mode !== "h264" && mode !== "jpeg") {
    throw new Error(`--mode: "h264" or "jpeg" expected, received "${mode}"`);
  }
  if (!(seconds > 0)) {
    throw new Error(`--seconds: a number above 0 expected, received "${values.seconds}"`);
  }
  if (display === "") throw new Error("--display: a display such as :0 expected, received nothing");
  if (fullFrame && mode === "jpeg") throw new Error("--fullframe: goes with --mode h264 only");
  return { display, port, mode, fullFrame, input, seconds };
}

/** Shows the screen until the time is over or a signal comes; gives the exit code. */
async function run(options: DemoOptions): Promise<number> {
  const ended = ending();
  const { DISPLAY = "" } = process.env;
  const display = options.display ?? DISPLAY;
  await using desktop = display === "" ? await Desktop.start() : undefined;
  const meter = new Meter();
  await using input = options.input
    ? await Input.open({ display: desktop?.display ?? display })
    : undefined;
  const token = input && crypto.randomUUID();
  await using server = new ScreenServer({
    port: options.port,
    token,
    input,
    settings: {
      display: desktop?.display ?? display,
      outputMode: options.mode,
      captureCursor: "stream", // drawn by the browser, which is there before any frame
      h264FullFrame: options.fullFrame,
    },
    onStripe: (stripe) => meter.add(stripe),
    onError: (error) => {
      complain(NAME, error);
      ended.resolve(1);
    },
  });
  server.screen.watch();
  const query = token === undefined ? "" : `?token=${token}&input=1`;
  console.log(`Watch ${desktop?.display ?? display} at ${server.url}${query}`);

  const ticker = setInterval(() => console.error(meter.line(server.screen.viewerCount)), 1000);
  if (Number.isFinite(options.seconds)) {
    setTimeout(() => ended.resolve(0), options.seconds * 1000);
  }
  const code = await ended.promise;
  clearInterval(ticker);
  meter.line(server.screen.viewerCount);
  if (code !== 1) console.log(meter.summary());
  return code;
}

await runProgram({ name: NAME, help: HELP, readOptions, run });
