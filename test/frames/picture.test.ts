// SPDX-License-Identifier: MPL-2.0
// What is pushed is what viewers, screenshots and recordings show.
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, FrameSource, ScreenCapture } from "../../src/index.ts";
import { record } from "../../src/record/index.ts";
import { Folder } from "../record/folder.ts";
import { serve, watch } from "../server/serve.ts";
import { Canvas, expectAlike } from "../support/canvas.ts";
import { decodePngs } from "../support/decode.ts";
import { lastPictureOf } from "../support/movie.ts";
import { waitFor } from "../support/process.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { Recorder } from "../support/recorder.ts";
import { Picture, SMOOTH_AT_REST } from "./picture.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;

/** What a screenshot shows, exactly. */
async function shotOf(capture: ScreenCapture): Promise<Canvas> {
  using shot = await capture.screenshot({ format: "raw" });
  return Canvas.fromRgba(shot.data, shot.width, shot.height);
}

const MODES: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264", stripeHeight: 128 }],
  ["H.264 full frame in 4:4:4", { outputMode: "h264", h264FullFrame: true, h264FullColor: true }],
];

/** A chroma sample of 4:2:0 stands for 2×2 px, so that pixels at edges of colour are off by more. */
const EDGES_AT_REST = { mean: 1.2, psnr: 32 };

test.each(MODES)("%s shows it, its change and its next size", async (_, settings) => {
  using source = new FrameSource();
  const picture = new Picture(333, 201).gradient();
  source.push(picture.rgba, picture.frame);
  await using recorder = await Recorder.start({ source, ...settings });
  await recorder.showsAtRest(picture.canvas, SMOOTH_AT_REST, "the first picture");

  const damage = { x: 100, y: 50, width: 90, height: 100 };
  picture.paint(damage, (x, y) => [x % 200, 180 - (y % 90), 60]);
  source.push(picture.rgba, { ...picture.frame, damage });
  await recorder.showsAtRest(picture.canvas, EDGES_AT_REST, "the part");

  const sizes: string[] = [];
  recorder.capture.on("resize", ({ width, height }) => sizes.push(`${width}x${height}`));
  const larger = new Picture(402, 256).gradient(7);
  source.push(larger.rgba, larger.frame);
  await recorder.showsAtRest(larger.canvas, SMOOTH_AT_REST, "the larger picture");
  expect(sizes).toEqual(["402x256"]);
  expect(recorder.capture.stats().changedWithoutDamage).toBe(0);
});

test("a screenshot is exact, in colours that have an order and an alpha that counts for nothing", async () => {
  using source = new FrameSource();
  const capture = new ScreenCapture({ source });
  const picture = new Picture(131, 77);
  picture.noise(picture.all, random(1));
  source.push(picture.rgba, picture.frame);
  using png = await capture.screenshot();
  const [shown] = await decodePngs([png.data]);
  expect(shown?.rgb).toEqual(picture.canvas.rgb);
  source.push(Uint8Array.of(1, 2, 3, 0), { width: 1, height: 1 });
  using pixel = await capture.screenshot({ format: "raw" });
  expect([...pixel.data]).toEqual([1, 2, 3, 255]);
});

test("rows may be padded, and the array be any kind of bytes", async () => {
  using source = new FrameSource();
  await using capture = new ScreenCapture({ source, captureX: 3, captureY: 2, captureWidth: 40 });
  const picture = new Picture(50, 30);
  picture.noise(picture.all, random(2));
  const rowBytes = 50 * 4;
  const sizes = { tight: rowBytes, odd: rowBytes + 13 };
  source.push(picture.rgba, picture.frame);
  await capture.start(() => undefined);
  for (const strideBytes of Object.values(sizes)) {
    for (const buffer of [
      new ArrayBuffer(strideBytes * 30 + 1),
      new ArrayBuffer(strideBytes * 30 + 1, { maxByteLength: 2 ** 20 }),
      new SharedArrayBuffer(strideBytes * 30 + 1),
      Buffer.alloc(strideBytes * 30 + 1).buffer,
    ]) {
      picture.noise(picture.all, random(strideBytes));
      const bytes = new Uint8Array(buffer, 1, strideBytes * 30);
      for (let y = 0; y < 30; y++) {
        const row = picture.rgba.subarray(y * rowBytes, (y + 1) * rowBytes);
        bytes.set(row, y * strideBytes);
      }
      source.push(bytes, { ...picture.frame, strideBytes });
      const shown = await shotOf(capture);
      expect(shown.rgb).toEqual(picture.canvas.crop(3, 2, 40, 28).rgb);
      // The last row needs no padding.
      const short = Buffer.from(bytes.buffer, 1, strideBytes * 29 + rowBytes);
      source.push(short, { ...picture.frame, strideBytes });
    }
  }
});

test("a change that no damage names shows when a later push names it", async () => {
  using source = new FrameSource({ width: 64, height: 64 });
  await using capture = new ScreenCapture({ source });
  await capture.start(() => undefined);
  const black = new Picture(64, 64).canvas;
  expect((await shotOf(capture)).rgb).toEqual(black.rgb);
  const picture = new Picture(64, 64).gradient();
  source.push(picture.rgba, { ...picture.frame, damage: [] });
  expect((await shotOf(capture)).rgb).toEqual(black.rgb);
  source.push(picture.rgba, { ...picture.frame, damage: { x: 10, y: 20, width: 5, height: 6 } });
  black.lay(picture.canvas.crop(10, 20, 5, 6), 10, 20);
  expect((await shotOf(capture)).rgb).toEqual(black.rgb);
  source.push(picture.rgba, picture.frame);
  expect((await shotOf(capture)).rgb).toEqual(picture.canvas.rgb);
});

test(`random pushes end in what was pushed, for each of several captures ${label}`, async () => {
  const pick = random(seed);
  using source = new FrameSource();
  let picture = new Picture(160, 120).gradient();
  source.push(picture.rgba, picture.frame);
  const part = { captureX: 20, captureY: 33, captureWidth: 64, captureHeight: 50 };
  await using jpeg = await Recorder.start({ source, targetFps: 240 });
  await using h264 = await Recorder.start({ source, outputMode: "h264", ...part });
  for (const _ of rounds(400)) {
    if (pick(40) === 0) {
      picture = new Picture(100 + pick(200), 90 + pick(200)).gradient(pick(20));
      source.push(picture.rgba, picture.frame);
    }
    const damage = Array.from({ length: pick(4) }, () => {
      const [x, y] = [pick(picture.width), pick(picture.height)];
      const [width, height] = [1 + pick(picture.width - x), 1 + pick(picture.height - y)];
      const shade = pick(200);
      picture.paint({ x, y, width, height }, (column) => [shade, column % 200, 255 - shade]);
      return { x, y, width, height };
    });
    source.push(picture.rgba, { ...picture.frame, damage });
    if (pick(3) === 0) await Bun.sleep(pick(4));
  }
  picture.gradient(3);
  source.push(picture.rgba, picture.frame);
  await jpeg.showsAtRest(picture.canvas, SMOOTH_AT_REST, "all of it");
  await h264.showsAtRest(picture.canvas.crop(20, 33, 64, 50), SMOOTH_AT_REST, "the part");
  expect((await shotOf(jpeg.capture)).rgb).toEqual(picture.canvas.rgb);
  expect(jpeg.capture.stats().changedWithoutDamage).toBe(0);
});

test("a recording has it, beside the capture itself", async () => {
  using folder = new Folder();
  const path = folder.file("frames.mp4");
  using source = new FrameSource({ width: 320, height: 240 });
  await using capture = new ScreenCapture({ source });
  await capture.start((stripe) => stripe.release());
  const recording = await record(capture, path, { fps: 60 });
  const picture = new Picture(320, 240);
  for (let step = 0; step < 20; step++) {
    picture.gradient(step);
    source.push(picture.rgba, picture.frame);
    await source.taken();
  }
  // Black, and each of the 20: none was missed.
  await waitFor("all pictures", () => recording.stats().frames >= 21);
  await recording.stop();
  expectAlike(await lastPictureOf(path), picture.canvas, { mean: 3, psnr: 35 });
});

describe("viewers", () => {
  test("have it in the codec they want, the second one by a second capture", async () => {
    using source = new FrameSource();
    await using server = serve({ source, outputMode: "h264", usePaintOverQuality: false });
    const [h264, jpeg] = [await watch(server.url), await watch(server.url, "?codec=jpeg")];
    const picture = new Picture(200, 100).gradient();
    source.push(picture.rgba, picture.frame);
    await waitFor("both", () => h264.stripes.length > 0 && jpeg.stripes.length > 0);
    expect(h264.screen()).toMatchObject({ width: 200, height: 100, mode: "h264" });
    expect(jpeg.screen()).toMatchObject({ width: 200, height: 100, mode: "jpeg" });
    expect(server.capture.settings.source).toBe(source);
  });
});
