// SPDX-License-Identifier: MPL-2.0
// A keyframe request sends every stripe again, complete: on a still screen and on a moving one.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import { expectAlike } from "../support/canvas.ts";
import { expectCover, type RecordedStripe, showStripes } from "../support/decode.ts";
import { jpegQualityOf } from "../support/jpeg.ts";
import { waitFor } from "../support/process.ts";
import type { Recorder } from "../support/recorder.ts";
import { CODECS, Scene } from "../support/scene.ts";

const WIDTH = 320;
const HEIGHT = 200;

const MODES: [name: string, settings: CaptureSettings][] = [
  ...CODECS,
  ["H.264 stripes, refined", { outputMode: "h264", h264PaintOver: "refine" }],
];

/** The stripes from index `from` on, by frame. */
function framesOf(recorder: Recorder, from: number): RecordedStripe[][] {
  const frames = Map.groupBy(recorder.stripes.slice(from), ({ frameId }) => frameId);
  return [...frames.values()];
}

const isComplete = (frame: RecordedStripe[]) =>
  frame.every(({ keyframe }) => keyframe) &&
  frame.reduce((rows, { height }) => rows + height, 0) === HEIGHT;

describe.each(MODES)("%s", (_, settings) => {
  test("a still screen: every stripe, complete, in one frame", async () => {
    await using scene = await Scene.start({ width: WIDTH, height: HEIGHT });
    await scene.painter.pattern("photo", 4);
    await using recorder = await scene.record({ ...settings, usePaintOverQuality: false });
    await recorder.quiet(200);
    const known = recorder.stripes.length;
    recorder.capture.requestKeyframe();
    await recorder.quiet(200);
    const frames = framesOf(recorder, known);
    expect(frames.length).toBe(1);
    const [frame] = frames as [RecordedStripe[]];
    expectCover(frame, WIDTH, HEIGHT);
    expect(isComplete(frame)).toBeTrue();
    // It decodes alone, and shows the screen.
    const late = await showStripes(frame, WIDTH, HEIGHT);
    expectAlike(await scene.painter.grab(), late, { psnr: 30 }, "a late viewer");
  });

  test("a moving screen: every stripe, complete, in one frame", async () => {
    await using scene = await Scene.start({ width: WIDTH, height: HEIGHT });
    await scene.painter.prepare("video", 1);
    const painted = scene.painter.run(10);
    await using recorder = await scene.record({ ...settings, usePaintOverQuality: false });
    for (let round = 0; round < 3; round++) {
      await waitFor("a few frames", () => framesOf(recorder, 0).length > 5);
      recorder.stripes.length = 0;
      recorder.capture.requestKeyframe();
      await waitFor("the keyframe", () => framesOf(recorder, 0).some(isComplete));
      // Whoever begins with it sees what all others see.
      const at = recorder.stripes.findIndex(({ frameId }) => {
        return framesOf(recorder, 0).find(isComplete)?.[0]?.frameId === frameId;
      });
      if (settings.outputMode === "h264") recorder.stripes.splice(0, at);
    }
    await scene.painter.command("size"); // ends the run
    await painted;
    await recorder.showsAtRest(await scene.painter.grab(), { psnr: 26 }, "after the keyframes");
    expect(recorder.errors).toEqual([]);
  });
});

describe("many requests", () => {
  /** Requests at once, right after a frame; gives the frames that came of them. */
  async function burst(settings: CaptureSettings, isStill: boolean): Promise<number> {
    await using scene = await Scene.start({ width: WIDTH, height: HEIGHT });
    const common = { usePaintOverQuality: false, targetFps: 2.5 };
    await using recorder = await scene.record({ ...settings, ...common });
    await recorder.quiet(450);
    const known = recorder.stripes.length;
    if (!isStill) {
      await scene.painter.pixel(5, 5, 0xff0000);
      await waitFor("the change", () => recorder.stripes.length > known);
    }
    const before = recorder.stripes.length;
    for (let i = 0; i < 100; i++) recorder.capture.requestKeyframe();
    await recorder.quiet(900);
    const frames = framesOf(recorder, before);
    expect(frames.every(isComplete)).toBeTrue();
    return frames.length;
  }

  const some = CODECS.filter(([name]) => ["JPEG", "H.264 stripes"].includes(name));

  test.each(some)("%s: 100 within the time of a frame count once", async (_, settings) => {
    expect(await burst(settings, false)).toBe(1);
  });

  // The first is met at once; whether the 99 behind it were made before its pixels were grabbed, and
  // are met by it, or after, and need the next frame, is up to the threads.
  test.each(some)("%s: 100 on a still screen are two frames at most", async (_, settings) => {
    expect(await burst(settings, true)).toBeWithin(1, 3);
  });
});

test("JPEG is sent again at the quality it has", async () => {
  await using scene = await Scene.start({ width: WIDTH, height: 64 });
  const falling = { jpegQuality: 50, paintOverJpegQuality: 90, paintOverTriggerFrames: 1000 };
  await using recorder = await scene.record(falling);
  for (let i = 1; i <= 4; i++) {
    await scene.painter.pixel(i, 5, 0xff0000);
    await waitFor("the change", () => recorder.stripes.length === 1 + i);
  }
  const present = recorder.stripes.at(-1) as RecordedStripe;
  recorder.capture.requestKeyframe();
  await waitFor("the keyframe", () => recorder.stripes.length === 6);
  const again = recorder.stripes.at(-1) as RecordedStripe;
  expect(jpegQualityOf(again.payload)).toBe(jpegQualityOf(present.payload));
  expect(again.payload).toEqual(present.payload);
});
