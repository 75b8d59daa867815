// SPDX-License-Identifier: MPL-2.0
// Paint-over: a stripe that has come to rest is sent once more, better, and then nothing is sent.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import { compare } from "../support/canvas.ts";
import { type RecordedStripe, showStripes } from "../support/decode.ts";
import { jpegQualityOf } from "../support/jpeg.ts";
import { waitFor } from "../support/process.ts";
import type { Recorder } from "../support/recorder.ts";
import { Scene } from "../support/scene.ts";

const WIDTH = 480;
const HEIGHT = 320;

interface Mode {
  name: string;
  settings: CaptureSettings;
  /** The refresh is a keyframe. */
  keyframe: boolean;
  /** What a text screen gains by it at least, in dB. */
  gainDb: number;
}

const H264 = { outputMode: "h264", h264FullColor: true, h264Crf: 32 } as const;

/* Gains seen: 15.7 dB for JPEG, 11.1 by an IDR, 9.4 by a P-frame. */
const MODES: Mode[] = [
  {
    name: "JPEG",
    settings: { outputMode: "jpeg", jpegFullColor: true, jpegQuality: 40 },
    ...{ keyframe: true, gainDb: 8 },
  },
  { name: "H.264, IDR", settings: H264, keyframe: true, gainDb: 6 },
  {
    name: "H.264, refined",
    settings: { ...H264, h264PaintOver: "refine" },
    ...{ keyframe: false, gainDb: 5 },
  },
  {
    name: "H.264 full frame, IDR",
    settings: { ...H264, h264FullFrame: true },
    ...{ keyframe: true, gainDb: 6 },
  },
  {
    name: "H.264 full frame, refined",
    settings: { ...H264, h264FullFrame: true, h264PaintOver: "refine" },
    ...{ keyframe: false, gainDb: 5 },
  },
];

/** Changes the whole screen until JPEG has fallen to its lowest quality; gives what was sent. */
async function fall(scene: Scene, recorder: Recorder): Promise<void> {
  for (let i = 0; ; i++) {
    const known = recorder.stripes.length;
    await scene.painter.pattern("text", 100 + i);
    await waitFor("the change", () => recorder.stripes.length > known);
    const { type, payload } = recorder.stripes.at(-1) as RecordedStripe;
    if (type === "h264" || jpegQualityOf(payload) <= 40) return;
  }
}

/** The last stripe of each row among those before `end`. */
function lastOfRows(stripes: RecordedStripe[], end: number): RecordedStripe[] {
  return [...new Map(stripes.slice(0, end).map((stripe) => [stripe.y, stripe])).values()];
}

describe.each(MODES)("$name", ({ settings, keyframe, gainDb }) => {
  test("a text screen at rest is sent once more, sharp, and nothing after it", async () => {
    await using scene = await Scene.start({ width: WIDTH, height: HEIGHT });
    // A long rest: what is before it and what after it cannot be mistaken on a slow machine.
    const rest = { targetFps: 60, paintOverTriggerFrames: 60, paintOverJpegQuality: 95 };
    await using recorder = await scene.record({ ...settings, ...rest, h264PaintOverCrf: 16 });
    await fall(scene, recorder);
    await scene.painter.pattern("text", 1);
    const screen = await scene.painter.grab();
    await recorder.quiet(400);
    const known = recorder.stripes.length;
    const rows = lastOfRows(recorder.stripes, known);
    const before = compare(screen, await recorder.show());

    await waitFor("the refresh", () => recorder.stripes.length >= known + rows.length);
    await recorder.quiet(200);
    const refreshes = recorder.stripes.slice(known);
    expect(refreshes.map(({ y }) => y).sort()).toEqual(rows.map(({ y }) => y).sort());
    expect(refreshes.every((stripe) => stripe.keyframe === keyframe)).toBeTrue();
    const after = compare(screen, await recorder.show());
    console.log(`text at ${before.psnr.toFixed(1)} dB, refreshed ${after.psnr.toFixed(1)} dB`);
    expect(after.psnr).toBeGreaterThan(before.psnr + gainDb);
    if (settings.outputMode === "jpeg") {
      expect(new Set(refreshes.map(({ payload }) => jpegQualityOf(payload)))).toEqual(
        new Set([95]),
      );
    }

    const atRest = recorder.capture.stats();
    // More than another rest: that nothing happens in it is the proof.
    await Bun.sleep(1100);
    expect(recorder.capture.stats()).toEqual(atRest);
    expect(recorder.stripes.length).toBe(known + rows.length);
  });
});

const NEVER = MODES.filter(({ name }) => !name.includes("IDR"));

describe.each(NEVER)("$name", ({ settings }) => {
  test("usePaintOverQuality: false: never", async () => {
    await using scene = await Scene.start({ width: WIDTH, height: HEIGHT });
    await scene.painter.pattern("text", 1);
    const rest = { usePaintOverQuality: false, paintOverTriggerFrames: 1, targetFps: 120 };
    await using recorder = await scene.record({ ...settings, ...rest });
    await recorder.quiet(200);
    const first = recorder.stripes.length;
    expect(recorder.stripes.every(({ frameId }) => frameId === 0)).toBeTrue();
    await scene.painter.pixel(5, 5, 0xff0000);
    await waitFor("the stripe", () => recorder.stripes.length > first);
    await recorder.quiet(300); // 36 rests
    expect(recorder.stripes.length).toBe(first + 1);
    const { payload, type } = recorder.stripes.at(-1) as RecordedStripe;
    if (type === "jpeg") expect(jpegQualityOf(payload)).toBe(settings.jpegQuality as number);
  });
});

describe("paintOverTriggerFrames counts frame times, not frames", () => {
  test.each([
    [10, 60],
    [30, 20],
    [5, 5],
  ])(
    "%d frames at %d a second",
    async (frames, targetFps) => {
      await using scene = await Scene.start({ width: 128, height: 64 });
      const settings: CaptureSettings = { outputMode: "h264", targetFps };
      await using recorder = await scene.record({ ...settings, paintOverTriggerFrames: frames });
      await waitFor("the refresh", () => recorder.stripes.length === 2);
      const [first, second] = recorder.stripes as [RecordedStripe, RecordedStripe];
      // No frame but these two was taken, and the second not before the time was over. A stripe
      // comes before its frame is counted.
      await waitFor("the end of its frame", () => recorder.capture.stats().frames >= 2);
      expect(recorder.capture.stats().frames).toBe(2);
      expect([first.frameId, second.frameId]).toEqual([0, 1]);
      const restUs = (frames / targetFps) * 1e6;
      // The rest is counted from when the first frame was begun, its stamp from when it was grabbed.
      expect(second.timestamp - first.timestamp).toBeGreaterThan(restUs - 0.1e6);
    },
    30_000,
  );

  test("a change during the rest begins it anew", async () => {
    await using scene = await Scene.start({ width: 128, height: 64 });
    const settings: CaptureSettings = { outputMode: "h264", targetFps: 60 };
    await using recorder = await scene.record({ ...settings, paintOverTriggerFrames: 120 });
    for (let i = 1; i <= 20; i++) {
      await scene.painter.pixel(i, 5, 0xff0000);
      await waitFor("the change", () => recorder.stripes.length === 1 + i);
    }
    expect(recorder.stripes.slice(1).some((stripe) => stripe.keyframe)).toBeFalse();
    await waitFor("the refresh", () => recorder.stripes.length === 22);
    const [last, refresh] = recorder.stripes.slice(-2) as [RecordedStripe, RecordedStripe];
    expect(refresh.keyframe).toBeTrue();
    expect(refresh.timestamp - last.timestamp).toBeGreaterThan(1.9e6);
  });

  test("where the refresh would be no better, there is none", async () => {
    await using scene = await Scene.start({ width: 128, height: 64 });
    for (const settings of [
      { outputMode: "h264", h264Crf: 20, h264PaintOverCrf: 20 },
      { outputMode: "h264", h264Crf: 20, h264PaintOverCrf: 40 },
      { outputMode: "jpeg", jpegQuality: 80, paintOverJpegQuality: 60 },
    ] as CaptureSettings[]) {
      await using recorder = await scene.record({ ...settings, paintOverTriggerFrames: 1 });
      await recorder.quiet(300);
      expect(recorder.stripes.length).toBe(1);
      await showStripes(recorder.stripes, 128, 64);
    }
  });
});
