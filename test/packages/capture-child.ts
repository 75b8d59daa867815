// SPDX-License-Identifier: MPL-2.0
// Captures the synthetic source in every mode, and prints what came as one line of JSON.
import { type CaptureSettings, capabilities, ScreenCapture } from "../../src/index.ts";
import { record } from "../support/recorder.ts";
import {
  MODES,
  MOVING_FRAME_COUNT,
  type ModeName,
  movingDisplay,
  type PrintedStripe,
  type Recording,
  stillDisplay,
} from "./recording.ts";

const recordings = {} as Record<ModeName, Recording>;
for (const name of Object.keys(MODES) as ModeName[]) {
  recordings[name] = {
    still: await recordStill(MODES[name].settings, MODES[name].picturesAtRest),
    moving: await recordMoving(MODES[name].settings),
  };
}
console.log(JSON.stringify({ arch: process.arch, capabilities: capabilities(), recordings }));

/** Until each row has come so often. */
async function recordStill(settings: CaptureSettings, count: number): Promise<PrintedStripe[]> {
  const stripes: PrintedStripe[] = [];
  const enough = Promise.withResolvers<void>();
  await run({ ...settings, display: stillDisplay }, stripes, enough, () => {
    const rows = Map.groupBy(stripes, ({ y }) => y);
    const covered = [...rows.values()].reduce((sum, [first]) => sum + (first?.height ?? 0), 0);
    return covered === 360 && [...rows.values()].every((row) => row.length >= count);
  });
  return stripes;
}

/** So many whole frames. */
async function recordMoving(settings: CaptureSettings): Promise<PrintedStripe[]> {
  const stripes: PrintedStripe[] = [];
  const enough = Promise.withResolvers<void>();
  let frameCount = 0;
  const last = await run({ ...settings, display: movingDisplay }, stripes, enough, () => {
    frameCount += 1;
    return frameCount >= MOVING_FRAME_COUNT;
  });
  return stripes.filter(({ frameId }) => frameId <= last);
}

/** @returns the frame after which it was enough. */
async function run(
  settings: CaptureSettings,
  stripes: PrintedStripe[],
  enough: PromiseWithResolvers<void>,
  isEnough: () => boolean,
): Promise<number> {
  const capture = new ScreenCapture(settings);
  let last: number | undefined;
  capture.on("frame", ({ frameId }) => {
    if (last !== undefined || !isEnough()) return;
    last = frameId;
    enough.resolve();
  });
  capture.on("error", enough.reject);
  await capture.start((stripe) => {
    const { payload, ...rest } = record(stripe);
    if (last === undefined) stripes.push({ ...rest, payload: payload.toBase64() });
  });
  await enough.promise;
  await capture.stop();
  return last ?? 0;
}
