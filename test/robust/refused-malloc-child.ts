// SPDX-License-Identifier: MPL-2.0
// bun test/robust/refused-malloc-child.ts <shim> <display> <seed> <count>: in each mode, captures
// `count` times, with one request for memory refused each time; prints what became of it as JSON.
import { dlopen } from "bun:ffi";
import {
  type CaptureSettings,
  memoryUsage,
  type PixelfluxError,
  ScreenCapture,
} from "../../src/index.ts";
import { descriptors } from "../support/proc.ts";
import { random } from "../support/random.ts";

export interface RefusedReport {
  /** Requests of a capture that is refused none, by mode. */
  requests: number[];
  /** "clean", "hangs", or the error's code; how often each. */
  endings: Record<string, number>;
  descriptorsLeft: number;
  memory: Partial<ReturnType<typeof memoryUsage>>;
}

const MODES: CaptureSettings[] = [
  { outputMode: "jpeg" },
  { outputMode: "h264" },
  { outputMode: "h264", h264FullFrame: true },
];
const STRIPE_COUNT = 24;
const HANG_MS = 10_000;

const [shim = "", display = ":0", seed = "0", count = "0"] = process.argv.slice(2);
const { refuse_malloc_after: refuseAfter, refuse_malloc_count: requestCount } = dlopen(shim, {
  refuse_malloc_after: { args: ["i32"], returns: "void" },
  refuse_malloc_count: { args: [], returns: "i32" },
}).symbols;

/** Captures until enough stripes have come, with another size and other colours on the way. */
async function captureSome(capture: ScreenCapture, finish: (ending: string) => void) {
  let seen = 0;
  await capture.start((stripe) => {
    stripe.release();
    seen += 1;
    if (seen === 6) capture.update({ captureWidth: 200, captureHeight: 100 });
    if (seen === 12) capture.update({ jpegFullColor: true, h264FullColor: true });
    if (seen === STRIPE_COUNT) finish("clean");
    else capture.requestKeyframe();
  });
}

/** How a capture ended of which the request behind `granted` others was refused. */
async function attempt(settings: CaptureSettings, granted: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const capture = new ScreenCapture({ display, captureCursor: true, ...settings });
  const tell = (error: unknown) => resolve((error as PixelfluxError).code ?? String(error));
  capture.on("error", tell);
  refuseAfter(granted);
  captureSome(capture, resolve).catch(tell);
  const ending = await Promise.race([promise, Bun.sleep(HANG_MS).then(() => "hangs")]);
  await capture.stop();
  return ending;
}

const report: RefusedReport = { requests: [], endings: {}, descriptorsLeft: 0, memory: {} };
const pick = random(Number(seed));
for (const mode of MODES) {
  if ((await attempt(mode, -1)) !== "clean") throw new Error("a capture fails without a refusal");
  const requests = requestCount();
  const before = descriptors().length;
  report.requests.push(requests);
  for (let round = 0; round < Number(count); round++) {
    const ending = await attempt(mode, pick(requests));
    report.endings[ending] = (report.endings[ending] ?? 0) + 1;
  }
  report.descriptorsLeft += descriptors().length - before;
}
const { captureCount, threadCount, lentCount, bufferBytes } = memoryUsage();
report.memory = { captureCount, threadCount, lentCount, bufferBytes };
console.log(JSON.stringify(report));
process.exit(0);
