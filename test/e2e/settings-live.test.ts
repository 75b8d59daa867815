// SPDX-License-Identifier: MPL-2.0
// Every live field, changed while pictures move: when it comes to rest the client shows the screen.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CaptureSettings, PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { SETTING_FIELDS } from "../../src/settings.ts";
import { Canvas, expectAlike } from "../support/canvas.ts";
import { expectCover } from "../support/decode.ts";
import { isFullColorJpeg, jpegQualityOf } from "../support/jpeg.ts";
import type { Area } from "../support/painter.ts";
import { encodePng } from "../support/png.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import type { Recorder } from "../support/recorder.ts";
import { Scene, setPointer } from "../support/scene.ts";

const WIDTH = 320;
const HEIGHT = 192;
/** Where and how large the pointer and the watermark are, on the whole screen. */
const MARK_PX = 16;
const POINTER: Area = { x: 96, y: 64, width: MARK_PX, height: MARK_PX };

const folder = mkdtempSync(join(tmpdir(), "pf-live-"));
const redPath = join(folder, "red.png");
const bluePath = join(folder, "blue.png");
writeFileSync(
  redPath,
  encodePng(MARK_PX, MARK_PX, () => [160, 64, 64, 255], { kind: "rgb" }),
);
writeFileSync(
  bluePath,
  encodePng(MARK_PX, MARK_PX, () => [64, 64, 160, 255], { kind: "rgb" }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Change {
  change: CaptureSettings;
  /** H.264: what it makes of the encoders; both where the codec itself changes. */
  encoders: "kept" | "new";
}

const CHANGES: Change[] = [
  { change: { targetFps: 30 }, encoders: "kept" },
  { change: { targetFps: 7.5 }, encoders: "kept" },
  { change: { jpegQuality: 85 }, encoders: "kept" },
  { change: { paintOverJpegQuality: 97 }, encoders: "kept" },
  { change: { h264Crf: 18 }, encoders: "kept" },
  { change: { h264PaintOverCrf: 10 }, encoders: "kept" },
  { change: { h264PaintOver: "refine" }, encoders: "kept" },
  { change: { usePaintOverQuality: false }, encoders: "kept" },
  { change: { paintOverTriggerFrames: 3 }, encoders: "kept" },
  { change: { damageBlockThreshold: 0 }, encoders: "kept" },
  { change: { damageBlockThreshold: 1 }, encoders: "kept" },
  { change: { damageBlockDuration: 2 }, encoders: "kept" },
  { change: { captureCursor: true }, encoders: "kept" },
  { change: { captureCursor: "stream" }, encoders: "kept" },
  { change: { captureCursor: "blend" }, encoders: "kept" },
  { change: { reconnect: true }, encoders: "kept" },
  { change: { watermarkLocation: "bottom-right" }, encoders: "kept" },
  { change: { watermarkPath: bluePath, watermarkLocation: "top-left" }, encoders: "kept" },
  { change: { h264FullColor: true }, encoders: "new" },
  { change: { h264FullFrame: true }, encoders: "new" },
  { change: { jpegFullColor: true }, encoders: "kept" },
  { change: { stripeHeight: 32 }, encoders: "new" },
  { change: { captureWidth: 200 }, encoders: "new" },
  { change: { captureX: 33, captureWidth: 201, captureHeight: 101 }, encoders: "new" },
  { change: { captureY: 21, captureWidth: 203, captureHeight: 99 }, encoders: "new" },
];

/** `outputMode` is changed in every test. */
test("every live field is among the changes", () => {
  const live = Object.entries(SETTING_FIELDS).filter(([, { live }]) => live);
  const changed = CHANGES.flatMap(({ change }) => Object.keys(change));
  const fields = new Set([...changed, "outputMode"]);
  expect([...fields].sort()).toEqual(live.map(([name]) => name).sort());
});

/** The part of the screen that the capture shows, with pointer and watermark laid over it. */
async function expectedPicture(scene: Scene, recorder: Recorder): Promise<Canvas> {
  const { captureX, captureY, captureWidth, captureHeight, ...settings } =
    recorder.capture.settings;
  const width = captureWidth ?? WIDTH - captureX;
  const height = captureHeight ?? HEIGHT - captureY;
  const canvas = await scene.painter.grab({ x: captureX, y: captureY, width, height });
  if (settings.watermarkLocation !== "none") {
    const isBlue = settings.watermarkPath === bluePath;
    const isLeft = settings.watermarkLocation === "top-left";
    const picture = square(isBlue ? 0x4040a0 : 0xa04040);
    canvas.lay(picture, isLeft ? 0 : width - MARK_PX, isLeft ? 0 : height - MARK_PX);
  }
  if (settings.captureCursor === "blend") {
    canvas.lay(square(0x40a040), POINTER.x - captureX, POINTER.y - captureY);
  }
  return canvas;
}

function square(rgb: number): Canvas {
  const canvas = new Canvas(MARK_PX, MARK_PX);
  for (let at = 0; at < canvas.rgb.length; at += 3) {
    canvas.rgb.set([rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff], at);
  }
  return canvas;
}

/** A smooth picture at quality 75 or CRF 25 + 3 with hard edges in 4:2:0. */
const TOLERANCE = { psnr: 31, mean: 5 };
/** Where pointer and watermark are or were: a mark that is missing or left over is off by 40 and
 * more. */
const MARK_TOLERANCE = { mean: 16 };

/** The places of the marks that lie in a picture of this capture. */
function markPlaces(recorder: Recorder, { width, height }: Canvas): [x: number, y: number][] {
  const { captureX, captureY } = recorder.capture.settings;
  const places: [number, number][] = [
    [0, 0],
    [width - MARK_PX, height - MARK_PX],
    [POINTER.x - captureX, POINTER.y - captureY],
  ];
  return places.filter(([x, y]) => x + MARK_PX <= width && y + MARK_PX <= height);
}

/** Waits until the client shows what it should. */
async function expectShown(scene: Scene, recorder: Recorder, words: string): Promise<void> {
  const expected = await expectedPicture(scene, recorder);
  let last: unknown;
  const look = async () => {
    await recorder.quiet(120);
    const shown = await recorder.show();
    try {
      expectAlike(expected, shown, TOLERANCE, words);
      for (const [x, y] of markPlaces(recorder, expected)) {
        const [want, have] = [expected, shown].map((it) => it.crop(x, y, MARK_PX, MARK_PX));
        expectAlike(want as Canvas, have as Canvas, MARK_TOLERANCE, `${words}, mark ${x},${y}`);
      }
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await waitFor(words, look, 3000).catch((error) => {
    throw last ?? error;
  });
}

/** Paints while `act` runs, and a little longer. */
async function whilePainting(
  scene: Scene,
  next: (limit: number) => number,
  act: () => void,
): Promise<void> {
  const paint = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const x = next(WIDTH - 32);
      const y = next(HEIGHT - 32);
      const area = { x, y, width: 1 + next(WIDTH - x), height: 1 + next(HEIGHT - y) };
      await scene.painter.pattern("photo", next(1000), area);
    }
  };
  await paint(4);
  act();
  await paint(4);
}

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start({ width: WIDTH, height: HEIGHT });
  const pixels = new Uint32Array(MARK_PX * MARK_PX).fill(0xff40a040);
  const size = { width: MARK_PX, height: MARK_PX, hotX: 0, hotY: 0 };
  await setPointer(scene.painter, join(folder, "pointer"), { ...size, pixels });
  await scene.painter.command(`motion ${POINTER.x} ${POINTER.y}`);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
});

describe.each(["jpeg", "h264"] as const)("%s", (outputMode) => {
  const base: CaptureSettings = { outputMode, watermarkPath: redPath };

  test("one field at a time, and back", async () => {
    const seed = seedOfRun();
    console.log(`live fields, ${outputMode}: PF_SEED=${seed}`);
    const next = random(seed);
    await using recorder = await scene.record(base);
    await expectShown(scene, recorder, "the start"); // every encoder is open
    for (const { change, encoders } of CHANGES) {
      const isForH264 = Object.keys(change).some((name) => name.startsWith("h264"));
      if (isForH264 && outputMode === "jpeg") continue;
      const words = `${JSON.stringify(change)}, ${outputMode}, PF_SEED=${seed}`;
      const { encodersOpened } = recorder.capture.stats();
      await whilePainting(scene, next, () => recorder.capture.update(change));
      await expectShown(scene, recorder, words);
      const opened = recorder.capture.stats().encodersOpened - encodersOpened;
      if (outputMode === "jpeg" || encoders === "kept") expect([words, opened]).toEqual([words, 0]);
      else expect(opened).toBeGreaterThan(0);

      // Back on a still screen: the change itself has to make the frame that shows it.
      const names = Object.keys(change).map((name) => [name, undefined]);
      recorder.capture.update({ ...Object.fromEntries(names), ...base });
      await expectShown(scene, recorder, `${words}, back`);
    }
    expect(recorder.errors).toEqual([]);
  }, 120_000);
});

test("all fields together, to and fro", async () => {
  const seed = seedOfRun();
  console.log(`live fields together: PF_SEED=${seed}`);
  const next = random(seed);
  const change: CaptureSettings = Object.assign({}, ...CHANGES.map(({ change }) => change));
  const none = Object.keys(change).map((name) => [name, undefined]);
  await using recorder = await scene.record({ watermarkPath: redPath });
  for (const outputMode of ["h264", "jpeg", "h264"] as const) {
    await whilePainting(scene, next, () => recorder.capture.update({ ...change, outputMode }));
    const words = `together, ${outputMode}, PF_SEED=${seed}`;
    await expectShown(scene, recorder, words);
    await whilePainting(scene, next, () => {
      recorder.capture.update({ ...Object.fromEntries(none), outputMode: "jpeg" });
    });
    await expectShown(scene, recorder, `${words}, back`);
  }
  expect(recorder.errors).toEqual([]);
}, 60_000);

test("another codec, colour or cut is complete in the first frame that has it", async () => {
  await using recorder = await scene.record({ usePaintOverQuality: false });
  await recorder.quiet(200);
  for (const change of [
    { outputMode: "h264" },
    { h264FullColor: true },
    { h264FullFrame: true },
    { stripeHeight: 48, h264FullFrame: false },
    { outputMode: "jpeg" },
    { stripeHeight: 16 },
  ] as CaptureSettings[]) {
    const known = recorder.stripes.length;
    recorder.capture.update(change);
    await recorder.quiet(200);
    const news = recorder.stripes.slice(known);
    expect(new Set(news.map(({ frameId }) => frameId)).size).toBe(1);
    expectCover(news, WIDTH, HEIGHT);
    expect(news.every(({ keyframe }) => keyframe)).toBeTrue();
  }
});

test.each([false, true])("a region that moves keeps its encoders, full frame %p", async (full) => {
  const settings: CaptureSettings = { outputMode: "h264", h264FullFrame: full };
  const size = { captureWidth: 160, captureHeight: 128, usePaintOverQuality: false };
  await using recorder = await scene.record({ ...settings, ...size });
  await recorder.quiet(100);
  const { encodersOpened } = recorder.capture.stats();
  for (const [captureX, captureY] of [
    [1, 0],
    [160, 64],
    [0, 64],
  ] as const) {
    const known = recorder.stripes.length;
    recorder.capture.update({ captureX, captureY });
    await waitFor("the stripes", () => recorder.stripes.length > known);
    await expectShown(scene, recorder, `region at ${captureX},${captureY}`);
    const frames = Map.groupBy(recorder.stripes.slice(known), ({ frameId }) => frameId);
    expectCover([...frames.values()][0] ?? [], 160, 128);
  }
  expect(recorder.capture.stats().encodersOpened).toBe(encodersOpened);
});

test("JPEG's quality and colour are those of the present settings", async () => {
  await using recorder = await scene.record({ usePaintOverQuality: false, stripeHeight: 192 });
  for (const [i, quality] of [30, 100, 1, 75].entries()) {
    const known = recorder.stripes.length;
    recorder.capture.update({ jpegQuality: quality, jpegFullColor: i % 2 === 0 });
    await scene.painter.pixel(i, 5, 0xff0000 + i);
    await waitFor("the change", () => recorder.stripes.length > known);
    await recorder.quiet(100);
    const { payload } = recorder.stripes.at(-1) as (typeof recorder.stripes)[number];
    expect([jpegQualityOf(payload), isFullColorJpeg(payload)]).toEqual([quality, i % 2 === 0]);
  }
});

test("a region off the screen is refused before the first frame, too", async () => {
  await using capture = new ScreenCapture({ display: scene.display });
  const errors: unknown[] = [];
  capture.on("error", (error) => errors.push(error));
  const started = capture.start(() => {}).catch((error) => errors.push(error));
  // The screen may not be known yet: then the start is refused, or the capture ends.
  await Bun.sleep(0);
  try {
    capture.update({ captureX: 5000 });
  } catch (error) {
    errors.push(error);
  }
  await started;
  await waitFor("the refusal", () => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: "ERR_REGION_OFF_SCREEN" });
});

describe("a change that is not possible is refused, and nothing of it is made", () => {
  let shade = 0x000000;
  const brokenPath = join(folder, "broken.png");
  writeFileSync(brokenPath, "no PNG");
  test.each([
    [{ captureX: WIDTH }, "ERR_REGION_OFF_SCREEN"],
    [{ captureWidth: WIDTH + 1 }, "ERR_REGION_OFF_SCREEN"],
    [{ captureY: 1, captureHeight: HEIGHT }, "ERR_REGION_OFF_SCREEN"],
    [{ watermarkPath: brokenPath }, "ERR_WATERMARK"],
    [{ watermarkPath: join(folder, "missing.png") }, "ERR_WATERMARK"],
    [{ display: ":1234" }, "ERR_INVALID_SETTING"],
    [{ stripeHeader: "none" }, "ERR_INVALID_SETTING"],
    [{ queueFrames: 9 }, "ERR_INVALID_SETTING"],
    [{ jpegQuality: 101 }, "ERR_INVALID_SETTING"],
    [{ stripeHeight: 20 }, "ERR_INVALID_SETTING"],
    [{ jpeg_quality: 50 }, "ERR_UNKNOWN_SETTING"],
  ] as [CaptureSettings, string][])("%j: %s", async (change, code) => {
    await using recorder = await scene.record({ usePaintOverQuality: false, stripeHeight: 64 });
    await recorder.quiet(100);
    const { settings } = recorder.capture;
    let refusal: unknown;
    try {
      recorder.capture.update({ ...change, outputMode: "h264" });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(PixelfluxError);
    expect(refusal).toMatchObject({ code, operation: "update" });
    expect(recorder.capture.settings).toBe(settings);
    const known = recorder.stripes.length;
    shade += 0x010101;
    await scene.painter.fill({ x: 0, y: 0, width: 8, height: 8 }, shade);
    await waitFor("a stripe", () => recorder.stripes.length > known);
    expect(recorder.stripes.at(-1)).toMatchObject({ type: "jpeg", width: WIDTH });
    expect(recorder.errors).toEqual([]);
  });
});
