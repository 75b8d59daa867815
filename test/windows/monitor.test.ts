// SPDX-License-Identifier: MPL-2.0
// Captures of a monitor by its name, which follow it.
import { expect, test } from "bun:test";
import { type CaptureSettings, type PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { Canvas } from "../support/canvas.ts";
import { waitFor } from "../support/process.ts";
import { XClient } from "../support/x-client.ts";
import { xdotool, xrandr } from "../support/x-program.ts";
import { Xvfb } from "../support/xvfb.ts";
import { isSame, pictureOf, pictureOnce, running, shows } from "./window-picture.ts";

/** A screen that is painted all over, with two monitors beside each other on it. */
async function stage() {
  const server = await Xvfb.start();
  const { display } = server;
  const client = await XClient.open(display);
  await xrandr(display, "--setmonitor", "left", "300/80x480/120+0+0", "screen");
  await xrandr(display, "--setmonitor", "*right", "340/90x400/110+300+40", "none");
  for (let seed = 1; seed < 12; seed++) await client.paint(client.root, server, seed);
  return {
    ...{ server, client, display },
    /** In halves, since all of a large screen is longer than one answer may be. */
    truth: async (x: number, y: number, width: number, height: number) => {
      const canvas = new Canvas(width, height);
      const half = Math.ceil(height / 2);
      const area = { x, y, width, height: half };
      canvas.lay(await client.grab(client.root, area), 0, 0);
      const below = { ...area, y: y + half, height: height - half };
      canvas.lay(await client.grab(client.root, below), 0, half);
      return canvas;
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("one by its name, the primary one, and regions of it", async () => {
  await using s = await stage();
  const { display } = s;
  const once = (settings: CaptureSettings) => pictureOnce({ display, ...settings });
  const right = await s.truth(300, 40, 340, 400);
  expect(isSame(await once({ monitor: "right" }), right)).toBe(true);
  expect(isSame(await once({ monitor: "primary" }), right)).toBe(true);
  expect(isSame(await once({ monitor: "left" }), await s.truth(0, 0, 300, 480))).toBe(true);
  const part = { captureX: 30, captureY: 20, captureWidth: 100, captureHeight: 50 };
  expect(isSame(await once({ monitor: "right", ...part }), right.crop(30, 20, 100, 50))).toBe(true);

  await using capture = await running({ display, monitor: "right", captureCursor: true });
  capture.update(part);
  await xdotool(display, "mousemove", 0, 0);
  await shows(capture, "the part", async () => right.crop(30, 20, 100, 50));
  expect(() => capture.update({ captureX: 300 })).toThrow("beyond");
  await xdotool(display, "mousemove", 300 + 30 + 50, 40 + 20 + 25);
  await waitFor("the pointer", async () => {
    const picture = await pictureOf(capture);
    const [there, away] = [picture.crop(40, 15, 30, 30), picture.crop(0, 0, 30, 50)];
    const plain = right.crop(30, 20, 100, 50);
    return !isSame(there, plain.crop(40, 15, 30, 30)) && isSame(away, plain.crop(0, 0, 30, 50));
  });
});

test("what does not lie within it is refused", async () => {
  await using s = await stage();
  const beyond = new ScreenCapture({ display: s.display, monitor: "right", captureHeight: 401 });
  await expect(beyond.start()).rejects.toMatchObject({
    ...{ code: "ERR_REGION_OFF_SCREEN", field: "captureHeight" },
    message: expect.stringContaining("beyond the monitor, which is 340x400 px"),
  });
});

test("one that moves, is resized, goes away and comes back", async () => {
  await using s = await stage();
  const { display } = s;
  await using capture = await running({ display, monitor: "right" });
  const sizes: string[] = [];
  capture.on("resize", ({ width, height }) => sizes.push(`${width}x${height}`));
  await shows(capture, "it", () => s.truth(300, 40, 340, 400));
  const set = (geometry: string) => xrandr(display, "--setmonitor", "right", geometry, "none");
  await xrandr(display, "--delmonitor", "right");
  await shows(capture, "black", async () => new Canvas(340, 400));
  await set("200/50x150/40+11+22");
  await shows(capture, "it, elsewhere", () => s.truth(11, 22, 200, 150));
  expect(sizes.at(-1)).toBe("200x150");
  await s.client.fill(s.client.root, { x: 20, y: 30, width: 9, height: 9 }, 0xff00ff);
  const painted = await shows(capture, "a change", () => s.truth(11, 22, 200, 150));
  expect(painted.pixel(10, 10)).toBe("ff00ff");
  // One that reaches beyond the screen is black there.
  await xrandr(display, "--delmonitor", "right");
  await set("200/50x150/40+540+400");
  await shows(capture, "it, half on the screen", async () => {
    const canvas = new Canvas(200, 150);
    canvas.lay(await s.truth(540, 400, 100, 80), 0, 0);
    return canvas;
  });
});

test("one that is not there", async () => {
  await using s = await stage();
  const failure = (display: string, monitor: string) =>
    new ScreenCapture({ display, monitor }).start(() => undefined).catch((e: PixelfluxError) => e);
  expect(await failure(s.display, "HDMI-1")).toMatchObject({
    ...{ code: "ERR_MONITOR_NOT_FOUND", field: "monitor" },
    message: 'start: monitor: there is no "HDMI-1"; there are: "right", "left"',
  });
  await using bare = await Xvfb.start({ args: ["-extension", "RANDR"] });
  expect(await failure(bare.display, "primary")).toMatchObject({
    ...{ code: "ERR_MONITOR_NOT_FOUND", message: expect.stringContaining("RandR is older") },
  });
});
