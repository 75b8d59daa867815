// SPDX-License-Identifier: MPL-2.0
// The pointer: its image by XFixes, at its hot spot, with its alpha, and only the stripes it touches.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CaptureSettings } from "../../src/index.ts";
import { type Canvas, compare, expectAlike } from "../support/canvas.ts";
import type { Area } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import type { Recorder } from "../support/recorder.ts";
import { NEAR_LOSSLESS, type PointerImage, region, Scene, setPointer } from "../support/scene.ts";

const WIDTH = 320;
const HEIGHT = 240;
const BAND = 48;

/** Quarters: opaque, half, a quarter's alpha, and nothing; premultiplied. */
const QUARTERS = [0xffe02010, 0x80006000, 0x40404040, 0x00000000] as const;

function quarters(width: number, height: number, hotX: number, hotY: number): PointerImage {
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    const right = i % width >= width / 2;
    const lower = Math.floor(i / width) >= height / 2;
    pixels[i] = QUARTERS[Number(right) + 2 * Number(lower)] as number;
  }
  return { width, height, hotX, hotY, pixels };
}

const POINTER = quarters(24, 20, 5, 7);

/** The picture with the pointer at (x, y): premultiplied alpha, over. */
function withPointer(screen: Canvas, image: PointerImage, x: number, y: number): Canvas {
  const shown = screen.crop(0, 0, screen.width, screen.height);
  image.pixels.forEach((argb, i) => {
    const px = x - image.hotX + (i % image.width);
    const py = y - image.hotY + Math.floor(i / image.width);
    if (px < 0 || py < 0 || px >= shown.width || py >= shown.height) return;
    const at = (py * shown.width + px) * 3;
    for (let channel = 0; channel < 3; channel++) {
      const over = (argb >>> (16 - 8 * channel)) & 0xff;
      const under = shown.rgb[at + channel] as number;
      shown.rgb[at + channel] = Math.min(255, over + (under * (255 - (argb >>> 24))) / 255);
    }
  });
  return shown;
}

/** The stripes that the rows from y to y + height of the frame lie in. */
function bandsOf(y: number, height: number): number[] {
  const bands = new Set<number>();
  for (let row = Math.max(0, y); row < Math.min(HEIGHT, y + height); row++) {
    bands.add(Math.floor(row / BAND) * BAND);
  }
  return [...bands];
}

const pointerBands = (y: number) => bandsOf(y - POINTER.hotY, POINTER.height);

function sentRows(recorder: Recorder, from: number): number[] {
  const rows = new Set(recorder.stripes.slice(from).map(({ y }) => y));
  return [...rows].sort((a, b) => a - b);
}

const sorted = (rows: number[]) => [...new Set(rows)].sort((a, b) => a - b);

const folder = mkdtempSync(join(tmpdir(), "pf-cursor-"));
const imagePath = join(folder, "image");
let scene: Scene;

const move = (x: number, y: number) => scene.painter.command(`motion ${x} ${y}`);

beforeAll(async () => {
  scene = await Scene.start({ width: WIDTH, height: HEIGHT });
  await scene.painter.pattern("gradient", 2);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Without refreshes, so that every stripe that comes was made by the pointer. */
const SETTINGS: CaptureSettings = {
  ...NEAR_LOSSLESS,
  ...{ captureCursor: true, usePaintOverQuality: false, stripeHeight: BAND },
};

/* JPEG 100 and QP 1 in 4:4:4; hard edges of saturated colours are off by 6 in H.264. */
const TOLERANCE = { max: 10, mean: 1 };

async function showsPointer(recorder: Recorder, area: Area, x: number, y: number): Promise<void> {
  await recorder.quiet(150);
  const screen = await scene.painter.grab(area);
  const expected = withPointer(screen, POINTER, x - area.x, y - area.y);
  expectAlike(expected, await recorder.show(), TOLERANCE, `pointer at ${x},${y}`);
}

describe.each(["jpeg", "h264"] as const)("%s", (outputMode) => {
  test("image, hot spot and alpha are right, across the region's edges too", async () => {
    await setPointer(scene.painter, imagePath, POINTER);
    await move(150, 100);
    const area = { x: 41, y: 30, width: 201, height: 151 };
    await using recorder = await scene.record({ ...SETTINGS, outputMode, ...region(area) });
    for (const [x, y] of [
      [150, 100],
      [41, 30],
      [242, 181],
      [38, 100],
      [10, 10],
    ] as const) {
      await move(x, y);
      await showsPointer(recorder, area, x, y);
    }
  }, 30_000);

  test("a move sends the stripes it leaves and those it enters, no others", async () => {
    await setPointer(scene.painter, imagePath, POINTER);
    await move(60, 50);
    await using recorder = await scene.record({ ...SETTINGS, outputMode });
    await recorder.quiet(150);
    let before = 50;
    for (const [x, y] of [
      [60, 150],
      [200, 150],
      [201, 151],
      [319, 239],
    ] as const) {
      const known = recorder.stripes.length;
      await move(x, y);
      await waitFor("the move", () => recorder.stripes.length > known);
      await showsPointer(recorder, scene.area, x, y);
      expect(sentRows(recorder, known)).toEqual(
        sorted([...pointerBands(before), ...pointerBands(y)]),
      );
      before = y;
    }
  }, 30_000);

  test("a still pointer costs nothing", async () => {
    await setPointer(scene.painter, imagePath, POINTER);
    await move(100, 100);
    await using recorder = await scene.record({ ...SETTINGS, outputMode });
    await recorder.quiet(300);
    const before = recorder.capture.stats();
    await Bun.sleep(1000); // the proof is that nothing happens in it
    expect(recorder.capture.stats()).toEqual(before);
  });

  test("a move that was waiting for its frame when it is switched off keeps nothing awake", async () => {
    await setPointer(scene.painter, imagePath, POINTER);
    await move(50, 50);
    await using recorder = await scene.record({ ...SETTINGS, outputMode, targetFps: 1 });
    const { capture } = recorder;
    const known = recorder.stripes.length;
    await move(100, 100);
    await waitFor("the first move", () => recorder.stripes.length > known);
    const { wakeups } = capture.stats();
    await move(200, 150); // its frame is a second away
    await waitFor("the second move", () => capture.stats().wakeups > wakeups);
    capture.update({ captureCursor: false, targetFps: 60 });
    await recorder.quiet(300);
    const before = capture.stats();
    await Bun.sleep(500); // the proof is that nothing happens in it
    expect(capture.stats()).toEqual(before);
  });

  test("it is switched on and off on a still screen", async () => {
    await setPointer(scene.painter, imagePath, POINTER);
    await move(100, 100);
    await using recorder = await scene.record({ ...SETTINGS, outputMode, captureCursor: false });
    const screen = await scene.painter.grab();
    for (let round = 0; round < 2; round++) {
      await recorder.quiet(150);
      expectAlike(screen, await recorder.show(), TOLERANCE, "no pointer");
      const known = recorder.stripes.length;
      recorder.capture.update({ captureCursor: true });
      await waitFor("the pointer", () => recorder.stripes.length > known);
      await showsPointer(recorder, scene.area, 100, 100);
      const shown = recorder.stripes.length;
      recorder.capture.update({ captureCursor: false });
      await waitFor("the pointer to go", () => recorder.stripes.length > shown);
      expect(sentRows(recorder, known)).toEqual(pointerBands(100));
    }
  });
});

test("a warped pointer is seen with the next frame", async () => {
  // No raw event tells of WarpPointer; its place is read with every frame.
  await setPointer(scene.painter, imagePath, POINTER);
  await move(60, 50);
  await using recorder = await scene.record(SETTINGS);
  await recorder.quiet(150);
  await scene.painter.pointer(200, 150);
  const known = recorder.stripes.length;
  await scene.painter.pixel(1, 239, 0x5a5a5a);
  await waitFor("the frame", () => recorder.stripes.length > known);
  await showsPointer(recorder, scene.area, 200, 150);
  const rows = [...pointerBands(50), ...pointerBands(150), ...bandsOf(239, 1)];
  expect(sentRows(recorder, known)).toEqual(sorted(rows));
});

test("another image is shown at once, and only where it or the old one is", async () => {
  await setPointer(scene.painter, imagePath, POINTER);
  await move(100, 100);
  await using recorder = await scene.record(SETTINGS);
  await recorder.quiet(150);
  const known = recorder.stripes.length;
  const larger = quarters(40, 48, 20, 24);
  await setPointer(scene.painter, imagePath, larger);
  await waitFor("the image", () => recorder.stripes.length > known);
  await recorder.quiet(150);
  const expected = withPointer(await scene.painter.grab(), larger, 100, 100);
  expectAlike(expected, await recorder.show(), TOLERANCE, "the larger pointer");
  const rows = [...pointerBands(100), ...bandsOf(76, 48)];
  expect(sentRows(recorder, known)).toEqual(sorted(rows));
});

/* A pointer that a client hides by XFixesHideCursor is not told of: XFixesGetCursorImage keeps on
 * answering with its image (xfixes/cursor.c), and no event comes. What programs that hide the
 * pointer without it do is to give their windows an empty image. */
test("an invisible image is not drawn", async () => {
  const empty = { ...POINTER, pixels: new Uint32Array(POINTER.pixels.length) };
  await setPointer(scene.painter, imagePath, empty);
  await move(100, 100);
  await using recorder = await scene.record(SETTINGS);
  await recorder.quiet(150);
  expectAlike(await scene.painter.grab(), await recorder.show(), TOLERANCE, "no pointer");
  await setPointer(scene.painter, imagePath, POINTER);
  await showsPointer(recorder, scene.area, 100, 100);
  await setPointer(scene.painter, imagePath, empty);
  await recorder.quiet(150);
  expectAlike(await scene.painter.grab(), await recorder.show(), TOLERANCE, "no pointer again");
});

test("a core pointer of two colours is drawn where it is, and nowhere else", async () => {
  await scene.painter.command("cursor 88"); // gumby, of the font "cursor"
  await move(160, 120);
  await using recorder = await scene.record(SETTINGS);
  await recorder.quiet(150);
  const screen = await scene.painter.grab();
  const shown = await recorder.show();
  const around = [140, 100, 40, 40] as const;
  expect(compare(screen.crop(...around), shown.crop(...around)).max).toBeGreaterThan(60);
  shown.lay(screen.crop(...around), 140, 100);
  expectAlike(screen, shown, TOLERANCE, "the rest of the screen");
});

test("a pointer that moves all the time is followed, and the screen stays right", async () => {
  await setPointer(scene.painter, imagePath, POINTER);
  await using recorder = await scene.record({ ...SETTINGS, outputMode: "h264", targetFps: 60 });
  for (let i = 0; i < 120; i++) {
    await move(20 + 2 * i, 60 + Math.round(50 * Math.sin(i / 10)));
    if (i % 10 === 0)
      await scene.painter.pattern("photo", i, { x: 50, y: 40, width: 99, height: 77 });
  }
  await move(300, 222);
  await recorder.quiet(200);
  await showsPointer(recorder, scene.area, 300, 222);
});
