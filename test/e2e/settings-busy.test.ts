// SPDX-License-Identifier: MPL-2.0
// Busy stripes: what changes all the time is encoded without a look at its hash, in falling quality.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import type { RecordedStripe } from "../support/decode.ts";
import { jpegQualityOf } from "../support/jpeg.ts";
import { waitFor } from "../support/process.ts";
import type { Recorder } from "../support/recorder.ts";
import { Scene } from "../support/scene.ts";

/** One stripe is the whole screen, so that the counters are those of the busy stripe alone. */
const SCREEN = { width: 256, height: 64 };
/** 50 ms a frame: the painter, which answers what it sees, keeps every frame busy. */
const SETTINGS: CaptureSettings = { stripeHeight: 64, targetFps: 20, paintOverTriggerFrames: 20 };

/** Changes the screen and waits for the stripe; gives it. */
async function change(scene: Scene, recorder: Recorder, shade: number): Promise<RecordedStripe> {
  const known = recorder.stripes.length;
  await scene.painter.fill(scene.area, 0x010101 * (shade % 256));
  await waitFor("the change", () => recorder.stripes.length > known);
  return recorder.stripes[known] as RecordedStripe;
}

async function changes(scene: Scene, recorder: Recorder, count: number, from = 1) {
  const sent: RecordedStripe[] = [];
  for (let i = 0; i < count; i++) sent.push(await change(scene, recorder, from + i * 7));
  return sent;
}

describe.each(["jpeg", "h264"] as const)("%s", (outputMode) => {
  test("a busy stripe is not hashed, but for once a block", async () => {
    await using scene = await Scene.start(SCREEN);
    const block = { damageBlockThreshold: 3, damageBlockDuration: 8 };
    await using recorder = await scene.record({ ...SETTINGS, ...block, outputMode });
    await changes(scene, recorder, 5);
    const before = recorder.capture.stats();
    const count = 24;
    await changes(scene, recorder, count, 100);
    const after = recorder.capture.stats();
    expect(after.stripes - before.stripes).toBe(count);
    // 24 frames are three blocks, each with a look at its end. One more where a frame was late and
    // the row of changes was broken: then it takes three changes to be busy again.
    const hashed = after.stripesHashed - before.stripesHashed;
    expect(hashed).toBeWithin(1, 12);
    expect(after.stripesUnchanged).toBe(before.stripesUnchanged);
  }, 30_000);

  test("0: never busy", async () => {
    await using scene = await Scene.start(SCREEN);
    const settings = { ...SETTINGS, outputMode, targetFps: 30, damageBlockThreshold: 0 };
    await using recorder = await scene.record({ ...settings, damageBlockDuration: 1000 });
    await changes(scene, recorder, 30);
    const { stripes, stripesHashed } = recorder.capture.stats();
    expect(stripes).toBeGreaterThanOrEqual(31);
    expect(stripesHashed).toBeGreaterThanOrEqual(31);
    // Damage without a change is seen for what it is.
    const known = recorder.capture.stats();
    for (let i = 0; i < 5; i++) await scene.painter.fill(scene.area, 0x010101 * (1 + 29 * 7));
    await waitFor("the look at it", () => {
      return recorder.capture.stats().stripesUnchanged > known.stripesUnchanged;
    });
  });

  test("the block ends when its hash says so, and a stripe at rest is refreshed", async () => {
    await using scene = await Scene.start(SCREEN);
    const block = { damageBlockThreshold: 2, damageBlockDuration: 6 };
    const better = { jpegQuality: 60, paintOverJpegQuality: 90 };
    await using recorder = await scene.record({ ...SETTINGS, ...block, ...better, outputMode });
    await changes(scene, recorder, 4);
    // The same picture again and again: damage, but no change. Sent while the block lasts.
    let unsent = 0;
    for (let i = 0; i < 60 && unsent < 3; i++) {
      const { stripes, frames } = recorder.capture.stats();
      await scene.painter.fill(scene.area, 0x202020);
      await waitFor("a frame", () => recorder.capture.stats().frames > frames);
      unsent = recorder.capture.stats().stripes === stripes ? unsent + 1 : 0;
    }
    expect(unsent).toBe(3);
    await waitFor("the refresh", () => {
      const { keyframe, payload } = recorder.stripes.at(-1) as RecordedStripe;
      return outputMode === "jpeg" ? jpegQualityOf(payload) === 90 : keyframe;
    });
    await recorder.showsAtRest(await scene.painter.grab(), { max: 3 }, "after the block");
    // No change came but by damage.
    expect(recorder.capture.stats().changedWithoutDamage).toBe(0);
  }, 30_000);
});

describe("JPEG's quality", () => {
  const qualities = (stripes: RecordedStripe[]) =>
    stripes.map(({ payload }) => jpegQualityOf(payload));

  test("falls by one a change to jpegQuality, and recovers at rest", async () => {
    await using scene = await Scene.start(SCREEN);
    const falling = { jpegQuality: 82, paintOverJpegQuality: 90 };
    const block = { damageBlockThreshold: 3, damageBlockDuration: 20 };
    await using recorder = await scene.record({
      ...{ ...SETTINGS, ...falling, ...block },
      ...{ targetFps: 30, paintOverTriggerFrames: 60 },
    });
    await recorder.quiet(200);
    expect(qualities(recorder.stripes)).toEqual([90]);
    const fallen = qualities(await changes(scene, recorder, 14));
    // 2 s without a change would be a rest: this machine is slow, but not so slow.
    expect(fallen).toEqual([89, 88, 87, 86, 85, 84, 83, 82, 82, 82, 82, 82, 82, 82]);
    const known = recorder.stripes.length;
    await waitFor("the refresh", () => recorder.stripes.length > known);
    expect(qualities(recorder.stripes.slice(known))).toEqual([90]);
    expect(qualities(await changes(scene, recorder, 3, 50))).toEqual([90, 89, 88]);
  }, 30_000);

  test.each([
    ["usePaintOverQuality: false", { usePaintOverQuality: false, paintOverJpegQuality: 95 }, 70],
    ["a paint-over quality that is lower", { paintOverJpegQuality: 40 }, 70],
  ])("stays at jpegQuality: %s", async (_, settings, quality) => {
    await using scene = await Scene.start(SCREEN);
    const common = { ...SETTINGS, targetFps: 60, jpegQuality: quality, damageBlockThreshold: 2 };
    await using recorder = await scene.record({ ...common, ...settings });
    await changes(scene, recorder, 10);
    expect(new Set(qualities(recorder.stripes))).toEqual(new Set([quality]));
  });

  test("one stripe's fall is its own", async () => {
    await using scene = await Scene.start({ width: 256, height: 128 });
    const falling = { jpegQuality: 70, paintOverJpegQuality: 90, paintOverTriggerFrames: 1000 };
    await using recorder = await scene.record({ ...SETTINGS, ...falling, targetFps: 60 });
    await recorder.quiet(200);
    const upper = { x: 0, y: 0, width: 256, height: 64 };
    for (let i = 1; i <= 12; i++) {
      const known = recorder.stripes.length;
      await scene.painter.fill(upper, i * 0x050505);
      await waitFor("the change", () => recorder.stripes.length > known);
    }
    const known = recorder.stripes.length;
    await scene.painter.pixel(10, 100, 0xffffff);
    await waitFor("the change below", () => recorder.stripes.length > known);
    const [below] = recorder.stripes.slice(known) as [RecordedStripe];
    expect(below.y).toBe(64);
    expect(jpegQualityOf(below.payload)).toBe(89);
    const above = recorder.stripes.filter(({ y }) => y === 0).at(-1) as RecordedStripe;
    expect(jpegQualityOf(above.payload)).toBe(78);
  });
});
