// SPDX-License-Identifier: MPL-2.0
// A screen that changes its size (RandR) changes the picture, never ends the capture.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import { Canvas } from "../support/canvas.ts";
import { type Area, Painter } from "../support/painter.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const width = 1280;
const height = 720;

/* Xvfb's screen cannot grow beyond the size it was started with. */
const screens = [
  [800, 600],
  [1280, 720],
  [333, 217],
  [1024, 700],
] as const;

const modes: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
];

/** A refresh that comes soon after the last change, and what is at rest then. */
const SOON: CaptureSettings = { paintOverTriggerFrames: 5 };
const QUIET_MS = 200;

/** The region as the screen has it, black where there is no screen. */
async function grabRegion(painter: Painter, region: Area, screen: Area): Promise<Canvas> {
  const picture = new Canvas(region.width, region.height);
  const seenWidth = Math.min(region.x + region.width, screen.width) - region.x;
  const seenHeight = Math.min(region.y + region.height, screen.height) - region.y;
  if (seenWidth > 0 && seenHeight > 0) {
    const { x, y } = region;
    picture.lay(await painter.grab({ x, y, width: seenWidth, height: seenHeight }), 0, 0);
  }
  return picture;
}

describe.each(modes)("a screen that changes its size, %s", (_, mode) => {
  test("is followed by a capture without a size", async () => {
    await using server = await Xvfb.start({ width, height });
    await using painter = await Painter.start(server.display);
    await painter.pattern("photo", 1);
    await using recorder = await Recorder.start({ display: server.display, ...SOON, ...mode });
    const sizes: string[] = [];
    recorder.capture.on("resize", (size) => sizes.push(`${size.width}x${size.height}`));
    for (const [screenWidth, screenHeight] of screens) {
      await painter.screen(screenWidth, screenHeight);
      const screen = { x: 0, y: 0, width: screenWidth, height: screenHeight };
      await painter.pattern("photo", screenWidth, screen);
      const what = `${screenWidth}×${screenHeight}`;
      const expected = await painter.grab(screen);
      await recorder.showsAtRest(expected, { mean: 2, psnr: 40 }, what, QUIET_MS);
    }
    expect(sizes).toEqual(screens.map(([w, h]) => `${w}x${h}`));
    expect(recorder.errors).toEqual([]);
  });

  test.each([
    { x: 0, y: 0, width, height },
    { x: 700, y: 150, width: 300, height: 200 },
  ])("leaves a capture of a size its size, with black: %j", async (region) => {
    await using server = await Xvfb.start({ width, height });
    await using painter = await Painter.start(server.display);
    await painter.pattern("photo", 1);
    await using recorder = await Recorder.start({
      display: server.display,
      ...SOON,
      ...mode,
      ...{ captureX: region.x, captureY: region.y },
      ...{ captureWidth: region.width, captureHeight: region.height },
    });
    for (const [screenWidth, screenHeight] of screens) {
      await painter.screen(screenWidth, screenHeight);
      const screen = { x: 0, y: 0, width: screenWidth, height: screenHeight };
      await painter.pattern("photo", screenWidth, screen);
      const what = `${screenWidth}×${screenHeight}`;
      // Hard edges between picture and black, in 4:2:0.
      const expected = await grabRegion(painter, region, screen);
      await recorder.showsAtRest(expected, { mean: 2, psnr: 34 }, what, QUIET_MS);
    }
    expect(recorder.errors).toEqual([]);
  });
});
