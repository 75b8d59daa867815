// SPDX-License-Identifier: MPL-2.0
// One measured capture: bun bench/capture-child.ts <settings as JSON> <path of the recording>
//
// Says "ready" when its first picture has come to rest. A line on stdin begins the measuring, a
// second ends it; when the picture is at rest again it writes the recording and prints its figures
// as JSON.
import { type CaptureSettings, memoryUsage, ScreenCapture, type Stripe } from "../src/index.ts";
import { residentBytes, threadsOf } from "../test/support/proc.ts";
import { monotonicNs } from "./monotonic.ts";
import { type ProcessFigures, type RecordedArrival, writeRecording } from "./recording.ts";

const QUIET_MS = 700; // longer than the 15 frame times before the refresh
const CHUNK_BYTES = 16 * 2 ** 20;

const [settingsText = "{}", recordingPath = ""] = process.argv.slice(2);
const settings = JSON.parse(settingsText) as CaptureSettings;

const arrivals: RecordedArrival[] = [];
const chunks: Uint8Array[] = [];
let chunk = new Uint8Array(0);
let chunkUsed = 0;
let recordedBytes = 0;
let payloadBytes = 0;

function keep(payload: Uint8Array): number {
  if (chunkUsed + payload.length > chunk.length) {
    if (chunkUsed > 0) chunks.push(chunk.subarray(0, chunkUsed));
    chunk = new Uint8Array(Math.max(CHUNK_BYTES, payload.length));
    chunkUsed = 0;
  }
  const offset = recordedBytes;
  chunk.set(payload, chunkUsed);
  chunkUsed += payload.length;
  recordedBytes += payload.length;
  return offset;
}

function take(stripe: Stripe): void {
  const arrivalNs = monotonicNs();
  const { payload } = stripe;
  payloadBytes += payload.length;
  arrivals.push({
    arrivalNs,
    type: stripe.type,
    frameId: stripe.frameId,
    x: stripe.x,
    y: stripe.stripeYStart,
    width: stripe.width,
    height: stripe.stripeHeight,
    ...(stripe.type === "copy" && { sourceX: stripe.sourceX, sourceY: stripe.sourceY }),
    size: payload.length,
    offset: keep(payload),
  });
  stripe.release();
}

function switches(): number {
  return threadsOf().reduce(
    (sum, thread) => sum + thread.voluntarySwitches + thread.involuntarySwitches,
    0,
  );
}

function reading(capture: ScreenCapture) {
  const { user, system } = process.cpuUsage();
  return {
    wallNs: Bun.nanoseconds(),
    cpuNs: (user + system) * 1000,
    frames: Number(capture.stats().frames),
    stripes: arrivals.length,
    bytes: payloadBytes,
    switches: switches(),
  };
}

async function quiet(): Promise<void> {
  let known = -1;
  while (known !== arrivals.length) {
    known = arrivals.length;
    await Bun.sleep(QUIET_MS);
  }
}

const lines = console[Symbol.asyncIterator]();
const capture = new ScreenCapture(settings);
await capture.start(take);
await quiet();
Bun.gc(true);
console.log("ready");

await lines.next();
const before = reading(capture);
await lines.next();
const after = reading(capture);
const figures: ProcessFigures = {
  wallNs: after.wallNs - before.wallNs,
  cpuNs: after.cpuNs - before.cpuNs,
  frames: after.frames - before.frames,
  stripes: after.stripes - before.stripes,
  bytes: after.bytes - before.bytes,
  switches: after.switches - before.switches,
  residentBytes: residentBytes() - recordedBytes,
  nativeBytes: Number(memoryUsage().bufferBytes),
};
await quiet();
await capture.stop();
chunks.push(chunk.subarray(0, chunkUsed));
writeRecording(recordingPath, { arrivals, bytes: new Uint8Array(Buffer.concat(chunks)) });
console.log(JSON.stringify(figures));
process.exit(0);
