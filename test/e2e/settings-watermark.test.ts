// SPDX-License-Identifier: MPL-2.0
// The watermark: PNGs of every kind, their alpha, the places they go to, and files that are none.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CaptureSettings, PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { type Canvas, expectAlike } from "../support/canvas.ts";
import { decodeJpegs, type RecordedStripe } from "../support/decode.ts";
import { encodePng, type PngKind, type Rgba } from "../support/png.ts";
import { waitFor } from "../support/process.ts";
import { NEAR_LOSSLESS, Scene } from "../support/scene.ts";

const WIDTH = 161;
const HEIGHT = 119;
const KINDS: PngKind[] = [
  ...(["grey", "grey16", "rgb", "rgb16", "palette"] as const),
  ...(["grey-alpha", "grey-alpha16", "rgba", "rgba16"] as const),
];

const folder = mkdtempSync(join(tmpdir(), "pf-watermark-"));
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start({ width: WIDTH, height: HEIGHT });
  await scene.painter.pattern("gradient", 2);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

type PixelAt = (x: number, y: number) => Rgba;

/** Smooth colours, and alpha in steps from nothing to all: 64 pixels that a palette can hold. */
const ramp: PixelAt = (x, y) => [
  40 + (x >> 2) * 24,
  60 + (y >> 2) * 20,
  200 - (x >> 2) * 10,
  Math.min(255, ((x >> 2) + (y >> 2)) * 18),
];

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** What a kind keeps of a pixel. */
function kept([red, green, blue, alpha]: Rgba, kind: PngKind): Rgba {
  const isOpaque = /^(grey|rgb)(16)?$/.test(kind);
  const isGrey = kind.startsWith("grey");
  return [red, isGrey ? red : green, isGrey ? red : blue, isOpaque ? 255 : alpha];
}

/** The screen with the mark's left top corner at (left, top), straight alpha, cut at the edges. */
function blended(
  screen: Canvas,
  pixelAt: PixelAt,
  [width, height]: readonly [number, number],
  [left, top]: readonly [number, number],
): Canvas {
  const shown = screen.crop(0, 0, screen.width, screen.height);
  for (let y = 0; y < Math.min(height, screen.height - top); y++) {
    for (let x = 0; x < Math.min(width, screen.width - left); x++) {
      const at = ((top + y) * screen.width + left + x) * 3;
      const pixel = pixelAt(x, y);
      for (let channel = 0; channel < 3; channel++) {
        const under = shown.rgb[at + channel] as number;
        const over = pixel[channel] as number;
        shown.rgb[at + channel] = Math.round(under + ((over - under) * pixel[3]) / 255);
      }
    }
  }
  return shown;
}

const SETTINGS: CaptureSettings = { ...NEAR_LOSSLESS, usePaintOverQuality: false };

/* JPEG 100 and QP 1 in 4:4:4: rounding, and the transform at the mark's edges. 16 bits taken for
 * linear light, or alpha for premultiplied, are off by 20 and more. */
const TOLERANCE = { max: 9, mean: 1 };

describe("every kind of PNG, numerically", () => {
  const cases = KINDS.flatMap((kind) => [false, true].map((interlaced) => ({ kind, interlaced })));
  test.each(cases)("$kind, interlaced: $interlaced", async ({ kind, interlaced }) => {
    const path = write("kind.png", encodePng(32, 32, ramp, { kind, interlaced }));
    const settings = { ...SETTINGS, watermarkPath: path, watermarkLocation: "top-left" } as const;
    await using recorder = await scene.record(settings);
    await recorder.quiet(60);
    const pixelAt: PixelAt = (x, y) => kept(ramp(x, y), kind);
    const expected = blended(await scene.painter.grab(), pixelAt, [32, 32], [0, 0]);
    expectAlike(expected, await recorder.show(), TOLERANCE, kind);
  });
});

const PLACES = {
  "top-left": (): [number, number] => [0, 0],
  "top-right": (w: number): [number, number] => [WIDTH - w, 0],
  "bottom-left": (_: number, h: number): [number, number] => [0, HEIGHT - h],
  "bottom-right": (w: number, h: number): [number, number] => [WIDTH - w, HEIGHT - h],
  middle: (w: number, h: number): [number, number] => [(WIDTH - w) >> 1, (HEIGHT - h) >> 1],
} as const;

type Place = keyof typeof PLACES;
const PLACE_NAMES = Object.keys(PLACES) as Place[];

describe.each(["jpeg", "h264"] as const)("%s", (outputMode) => {
  test("five places and none, one after the other, on a still screen", async () => {
    const path = write("place.png", encodePng(32, 21, ramp, { kind: "rgba" }));
    const settings = { ...SETTINGS, outputMode, watermarkPath: path };
    await using recorder = await scene.record(settings);
    const screen = await scene.painter.grab();
    await recorder.quiet(60);
    expectAlike(screen, await recorder.show(), TOLERANCE, "none by default");
    for (const place of [...PLACE_NAMES, "none"] as const) {
      const known = recorder.stripes.length;
      recorder.capture.update({ watermarkLocation: place });
      await waitFor("the change", () => recorder.stripes.length > known);
      await recorder.quiet(60);
      const at = place === "none" ? ([WIDTH, HEIGHT] as const) : PLACES[place](32, 21);
      const expected = blended(screen, ramp, [32, 21], at);
      expectAlike(expected, await recorder.show(), TOLERANCE, place);
    }
  });

  test("another file takes its place on a still screen", async () => {
    const paths = [
      write("first.png", encodePng(32, 32, ramp, { kind: "rgba" })),
      write(
        "second.png",
        encodePng(16, 24, (x, y) => ramp(y, x), { kind: "rgb" }),
      ),
    ] as [string, string];
    const place = { watermarkLocation: "middle", stripeHeight: 32 } as const;
    await using recorder = await scene.record({ ...SETTINGS, ...place, outputMode });
    const screen = await scene.painter.grab();
    for (const index of [0, 1, 0]) {
      const known = recorder.stripes.length;
      recorder.capture.update({ watermarkPath: paths[index] });
      await waitFor("the change", () => recorder.stripes.length > known);
      await recorder.quiet(60);
      const pixelAt: PixelAt = index === 0 ? ramp : (x, y) => kept(ramp(y, x), "rgb");
      const size: [number, number] = index === 0 ? [32, 32] : [16, 24];
      const expected = blended(screen, pixelAt, size, PLACES.middle(...size));
      expectAlike(expected, await recorder.show(), TOLERANCE, `file ${index}`);
    }
    const known = recorder.stripes.length;
    recorder.capture.update({ watermarkPath: undefined });
    await waitFor("it to go", () => recorder.stripes.length > known);
    await recorder.quiet(60);
    expectAlike(screen, await recorder.show(), TOLERANCE, "no file");
  });
});

test.each([...PLACE_NAMES, "animated"] as const)(
  "one that is larger than the frame: %s",
  async (place) => {
    const smooth: PixelAt = (x, y) => [x, y, 128, 200];
    const path = write("large.png", encodePng(WIDTH + 40, HEIGHT + 50, smooth, { kind: "rgba" }));
    const settings = { ...SETTINGS, watermarkPath: path, watermarkLocation: place, targetFps: 10 };
    await using recorder = await scene.record(settings);
    await waitFor(
      "a frame",
      () => recorder.capture.stats().frames > 0 && recorder.stripes.length > 1,
    );
    // It begins in the left top corner, wherever it should go, and is cut.
    const expected = blended(await scene.painter.grab(), smooth, [WIDTH, HEIGHT], [0, 0]);
    expectAlike(expected, await recorder.show(), TOLERANCE, place);
  },
);

describe("animated", () => {
  const MARK_PX = 16;

  /** Left top corner of the white square on black. */
  function cornerOf(picture: Canvas): [number, number] {
    const at = picture.rgb.findIndex((value) => value > 128);
    const pixel = Math.floor(at / 3);
    return [pixel % picture.width, Math.floor(pixel / picture.width)];
  }

  test("moves 2 px a frame on each axis, and bounces off the edges", async () => {
    const size = { width: 81, height: 56 };
    await using dark = await Scene.start({ width: 128, height: 64 });
    await dark.fill(0x000000);
    const white = encodePng(MARK_PX, MARK_PX, () => [255, 255, 255, 255], { kind: "grey" });
    await using recorder = await dark.record({
      ...{ ...SETTINGS, captureWidth: size.width, captureHeight: size.height },
      ...{ watermarkPath: write("square.png", white), watermarkLocation: "animated" },
      ...{ stripeHeight: 64, targetFps: 240 },
    });
    await waitFor("many frames", () => recorder.stripes.length >= 120);
    const stripes: RecordedStripe[] = recorder.stripes.slice(0, 120);
    expect(stripes.map(({ frameId }) => frameId)).toEqual(stripes.map((_, i) => i));
    const corners = (await decodeJpegs(stripes.map(({ payload }) => payload))).map(cornerOf);
    const rooms = [size.width - MARK_PX, size.height - MARK_PX] as const;
    for (const [axis, room] of rooms.entries()) {
      const places = corners.map((corner) => corner[axis] as number);
      // To and fro between 0 and the room, which is odd on one axis.
      const expected = places.map((_, i) =>
        Math.min((2 * i) % (2 * room), 2 * room - ((2 * i) % (2 * room))),
      );
      expect(places).toEqual(expected);
      expect(Math.max(...places)).toBeWithin(room - 1, room + 1);
    }
  });
});

describe("a file that is no whole PNG", () => {
  const good = encodePng(32, 32, ramp, { kind: "rgba" });
  const flipped = (at: number) => good.map((byte, i) => (i === at ? byte ^ 0x55 : byte));
  const cases: [string, Uint8Array][] = [
    ["empty", new Uint8Array(0)],
    ["text", new TextEncoder().encode("this is no picture")],
    ["a JPEG's first bytes", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46)],
    ["a signature alone", good.subarray(0, 8)],
    ["a header alone", good.subarray(0, 33)],
    ["half of it", good.subarray(0, good.length >> 1)],
    ["all but its end", good.subarray(0, good.length - 30)],
    ["broken header", flipped(17)],
    ["broken pixels", flipped(60)],
    ["a size of 4 billion", Buffer.concat([good.subarray(0, 16), Buffer.alloc(8, 0xff)])],
  ];

  async function refusalOf(settings: CaptureSettings): Promise<PixelfluxError> {
    await using capture = new ScreenCapture({ display: scene.display, ...settings });
    try {
      await capture.start(() => {});
    } catch (error) {
      if (error instanceof PixelfluxError) return error;
      throw error;
    }
    throw new Error("the capture started");
  }

  test.each(cases)("%s", async (_, bytes) => {
    const path = write("broken.png", bytes);
    for (const watermarkLocation of ["top-left", "none"] as const) {
      const error = await refusalOf({ watermarkPath: path, watermarkLocation });
      expect(error.code).toBe("ERR_WATERMARK");
      expect(error.message).toContain(path);
    }
  });

  test.each(["missing.png", ".", "sub/missing.png"])("%s", async (name) => {
    const error = await refusalOf({ watermarkPath: join(folder, name) });
    expect(error.code).toBe("ERR_WATERMARK");
    expect(error.message).toContain(join(folder, name));
  });
});
