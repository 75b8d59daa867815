// SPDX-License-Identifier: MPL-2.0
// What is painted on an X screen comes out of ffmpeg's decoders: everywhere, and in its colours.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import type { Canvas } from "../support/canvas.ts";
import { expectCover, parameterSetsOf, probeH264, type RecordedStripe } from "../support/decode.ts";
import { Painter, type PatternName } from "../support/painter.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const sizes = [
  [640, 480],
  [1280, 720],
  [1920, 1080],
] as const;

const modes: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
];

/** A refresh that comes soon, and what is at rest then: looked at often, they make the time that this takes. */
const SOON: CaptureSettings = { paintOverTriggerFrames: 5 };
const QUIET_MS = 200;

/** The middles of the flat areas of the pattern "bars": 8, 8 and 16 side by side. */
function barCentres(width: number, height: number): [x: number, y: number][] {
  const row = (count: number, third: number): [number, number][] =>
    Array.from({ length: count }, (_, i) => [
      Math.floor(((i + 0.5) * width) / count),
      Math.floor(((third + 0.5) * height) / 3),
    ]);
  return [...row(8, 0), ...row(8, 1), ...row(16, 2)];
}

function expectColours(screen: Canvas, shown: Canvas): void {
  for (const [x, y] of barCentres(screen.width, screen.height)) {
    const want = Buffer.from(screen.pixel(x, y), "hex");
    const have = Buffer.from(shown.pixel(x, y), "hex");
    const worst = Math.max(...want.map((value, i) => Math.abs(value - (have[i] as number))));
    // specification: each channel of flat colours within 3 of 255
    if (worst > 3) {
      throw new Error(`colour at ${x},${y}: ${have.toString("hex")}, not ${want.toString("hex")}`);
    }
  }
}

async function expectPattern(
  painter: Painter,
  recorder: Recorder,
  pattern: PatternName,
  tolerance: { mean?: number; max?: number; psnr?: number },
): Promise<Canvas> {
  await painter.pattern(pattern, 5);
  const screen = await painter.grab();
  await recorder.showsAtRest(screen, tolerance, pattern, QUIET_MS);
  return screen;
}

describe.each(sizes)("%d×%d", (width, height) => {
  let server: Xvfb;
  let painter: Painter;

  beforeAll(async () => {
    server = await Xvfb.start({ width, height });
    painter = await Painter.start(server.display);
  });

  afterAll(async () => {
    await painter[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test.each(modes)("%s at its default quality", async (_, mode) => {
    await painter.pattern("bars", 0);
    await using recorder = await Recorder.start({ display: server.display, ...SOON, ...mode });
    await recorder.quiet(QUIET_MS);
    const first = recorder.stripes.filter((stripe) => stripe.frameId === 0);
    expectCover(first, width, height);
    expect(first.every((stripe) => stripe.keyframe)).toBeTrue();
    if (mode.h264FullFrame) expect(first.length).toBe(1);

    // At rest, quality 90 or CRF 18, in 4:2:0: each chroma sample stands for 2×2 px, so a pixel at
    // the edge of two bars is off by up to 91, one of a coloured letter by up to 127, which is what
    // the mean and PSNR of these two allow for (seen: 0.3–0.7 and 36–41 dB, 2.4–4.6 and 28–30 dB).
    // Smooth pictures have no such edges: 10 at most and 44 dB or more were seen.
    const screen = await painter.grab();
    await recorder.showsAtRest(screen, { mean: 1, max: 100, psnr: 35 }, "bars", QUIET_MS);
    expectColours(screen, await recorder.show());
    await expectPattern(painter, recorder, "gradient", { mean: 1.2, max: 14, psnr: 44 });
    await expectPattern(painter, recorder, "photo", { mean: 1.8, max: 16, psnr: 42 });
    await expectPattern(painter, recorder, "text", { mean: 6, max: 150, psnr: 26 });
  });

  test.each(modes)("%s at its best quality, in full colour", async (_, mode) => {
    await using recorder = await Recorder.start({
      display: server.display,
      ...SOON,
      ...mode,
      ...{ jpegQuality: 100, paintOverJpegQuality: 100, jpegFullColor: true },
      ...{ h264Crf: 1, h264PaintOverCrf: 1, h264FullColor: true },
    });
    // 4:4:4 with steps of one level leaves the rounding of RGB to YCbCr and back, 2 a channel, and
    // that of the transform. x264 codes the chroma of 4:4:4 at a QP 6 higher, which the smallest
    // coloured letters show (seen: 4 for bars, 6 for smooth pictures, 13 for text).
    await expectPattern(painter, recorder, "bars", { mean: 0.5, max: 6 });
    await expectPattern(painter, recorder, "gradient", { mean: 0.8, max: 10 });
    await expectPattern(painter, recorder, "photo", { mean: 1, max: 10 });
    await expectPattern(painter, recorder, "text", { mean: 1, max: 18 });
  });
});

describe("a part of the screen", () => {
  test.each(modes)("%s of an odd size, at an odd place", async (_, mode) => {
    const area = { x: 101, y: 33, width: 333, height: 217 };
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.pattern("photo", 3);
    await using recorder = await Recorder.start({
      display: server.display,
      ...mode,
      ...{ captureX: area.x, captureY: area.y },
      ...{ captureWidth: area.width, captureHeight: area.height },
    });
    const screen = await painter.grab(area);
    await recorder.showsAtRest(screen, { mean: 2, max: 16, psnr: 41 }, "region");
    expectCover(
      recorder.stripes.filter((stripe) => stripe.frameId === 0),
      area.width,
      area.height,
    );
  });
});

describe("H.264 streams", () => {
  test.each([
    [false, false, "Constrained Baseline", "yuvj420p"],
    [false, true, "Constrained Baseline", "yuvj420p"],
    [true, false, "High 4:4:4 Predictive", "yuvj444p"],
  ])("say what they are: full colour %p, full frame %p", async (full, frame, profile, format) => {
    await using server = await Xvfb.start();
    await using recorder = await Recorder.start({
      display: server.display,
      ...{ outputMode: "h264", h264FullColor: full, h264FullFrame: frame },
    });
    await recorder.quiet();
    const keyframes = recorder.stripes.filter((stripe) => stripe.keyframe);
    for (const keyframe of keyframes) expect(parameterSetsOf([keyframe])).toHaveLength(1);
    const different = Map.groupBy(keyframes, (keyframe) => parameterSetsOf([keyframe])[0]);
    // Those of the last row, which may be lower, are others.
    expect(different.size).toBeWithin(1, 3);
    for (const [stripe] of different.values() as Iterable<[RecordedStripe]>) {
      expect(await probeH264(stripe.payload)).toMatchObject({
        profile,
        pix_fmt: format,
        color_range: "pc",
        color_space: "smpte170m",
        color_transfer: "iec61966-2-1",
        color_primaries: "bt709",
        has_b_frames: 0,
      });
    }
  });
});
