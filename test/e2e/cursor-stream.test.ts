// SPDX-License-Identifier: MPL-2.0
// The pointer beside the pixels: its images and places as the X server has them, without a stripe,
// and for nothing while it stands still.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CaptureSettings,
  type CursorEvent,
  type CursorImage,
  ScreenCapture,
} from "../../src/index.ts";
import { expectAlike } from "../support/canvas.ts";
import { Painter } from "../support/painter.ts";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { NEAR_LOSSLESS, type PointerImage, region, Scene, setPointer } from "../support/scene.ts";
import { premultiplied, serversCursor } from "../support/x-cursor.ts";
import { Xvfb } from "../support/xvfb.ts";

const WIDTH = 320;
const HEIGHT = 240;

/** Every alpha there is, with all that premultiplied colours can be there. */
function allAlphas(seed: number): PointerImage {
  const pixels = Uint32Array.from({ length: 32 * 24 }, (_, i) => {
    const alpha = (i * 7 + seed) % 256;
    const part = (factor: number) => (i * factor + seed) % (alpha + 1);
    return ((alpha << 24) | (part(3) << 16) | (part(11) << 8) | part(29)) >>> 0;
  });
  return { width: 32, height: 24, hotX: 5, hotY: 20, pixels };
}

const folder = mkdtempSync(join(tmpdir(), "pf-cursor-stream-"));
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

/** A capture, and what it has told of the pointer. */
class Follower implements AsyncDisposable {
  readonly capture: ScreenCapture;
  readonly events: CursorEvent[] = [];
  stripeCount = 0;

  private constructor(settings: CaptureSettings) {
    this.capture = new ScreenCapture({ captureCursor: "stream", ...settings });
    this.capture.on("cursor", (event) => this.events.push(event));
  }

  static async start(settings: CaptureSettings = {}): Promise<Follower> {
    const quietly = { usePaintOverQuality: false, display: scene.server.display };
    const follower = new Follower({ ...quietly, ...settings });
    await follower.capture.start((stripe) => {
      follower.stripeCount += 1;
      stripe.release();
    });
    return follower;
  }

  get last(): CursorEvent | undefined {
    return this.events.at(-1);
  }

  get images(): CursorImage[] {
    return this.events.flatMap(({ image }) => image ?? []);
  }

  at(x: number, y: number): Promise<unknown> {
    return waitFor(`the pointer at ${x},${y}`, () => {
      const { last } = this;
      return last?.visible && last.x === x && last.y === y;
    });
  }

  hidden(): Promise<unknown> {
    return waitFor("no pointer", () => this.last?.visible === false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.capture.stop();
  }
}

/** Waits until what is told is what the server has, to the pixel. */
async function agrees(follower: Follower, display: string): Promise<CursorImage> {
  return await waitFor("the server's image", async () => {
    const truth = await serversCursor(display);
    const { cursor } = follower.capture;
    const image = cursor?.image;
    if (!image || cursor.x !== truth.x || cursor.y !== truth.y) return false;
    const { width, height, hotX, hotY } = image;
    if (width !== truth.width || height !== truth.height) return false;
    if (hotX !== truth.hotX || hotY !== truth.hotY) return false;
    return (
      Buffer.from(premultiplied(image.pixels).buffer).equals(Buffer.from(truth.pixels.buffer)) &&
      image
    );
  });
}

describe("images", () => {
  test("are the server's to the pixel, and come once each", async () => {
    const { painter, server } = scene;
    await setPointer(painter, imagePath, allAlphas(1));
    await move(100, 80);
    await using follower = await Follower.start();
    const first = await agrees(follower, server.display);
    expect(premultiplied(first.pixels)).toEqual(allAlphas(1).pixels);
    await painter.command("cursor 88"); // gumby, of the font "cursor"
    await waitFor("the font's image", () => follower.images.length === 2);
    const gumby = await agrees(follower, server.display);
    expect(gumby.id).not.toBe(first.id);
    await move(101, 80);
    await follower.at(101, 80);
    expect(follower.last?.imageId).toBe(gumby.id);
    expect(follower.images.map(({ id }) => id)).toEqual([first.id, gumby.id]);
    expect(follower.capture.cursor).toEqual({ x: 101, y: 80, visible: true, image: gumby });
  });

  test("of other programs' windows come with the window, and are known when it is left", async () => {
    await using server = await Xvfb.start({ width: WIDTH, height: HEIGHT });
    const env = { ...process.env, DISPLAY: server.display };
    await using xterm = Bun.spawn([requireTool("xterm", "xterm"), "-geometry", "20x10+0+0"], {
      env,
      stderr: "ignore",
    });
    const pointer = (...words: string[]) =>
      runCommand([requireTool("xdotool", "xdotool"), ...words], { env });
    await pointer("search", "--sync", "--onlyvisible", "--class", "XTerm");
    await pointer("mousemove", "310", "230");
    await using follower = await Follower.start({ display: server.display });
    const root = await agrees(follower, server.display);
    await pointer("mousemove", "40", "40");
    await follower.at(40, 40);
    const beam = await agrees(follower, server.display);
    expect(beam.id).not.toBe(root.id);
    await pointer("mousemove", "310", "230");
    await follower.at(310, 230);
    expect(await agrees(follower, server.display)).toBe(root);
    expect(follower.images).toHaveLength(2);
    expect(xterm.exitCode).toBeNull();
  });

  test("are as many as there are", async () => {
    await move(100, 80);
    await using follower = await Follower.start({ targetFps: 240 });
    for (let seed = 0; seed < 70; seed++) {
      const known = follower.images.length;
      await setPointer(scene.painter, imagePath, allAlphas(seed));
      await waitFor("the image", () => follower.images.length > known);
    }
    await agrees(follower, scene.server.display);
    expect(new Set(follower.images.map(({ id }) => id)).size).toBe(follower.images.length);
  });
});

describe("moves", () => {
  test("make no frame and no stripe, and end where the pointer is", async () => {
    await setPointer(scene.painter, imagePath, allAlphas(3));
    await using follower = await Follower.start({ targetFps: 120 });
    await move(10, 10);
    await follower.at(10, 10);
    const { capture, events } = follower;
    await waitFor("the end of the first frame", () => capture.stats().frames > 0);
    const { stripeCount } = follower;
    const { frames, stripes, rowsGrabbed } = capture.stats();
    const known = events.length;
    for (let step = 0; step <= 100; step++) await move(20 + 2 * step, 30 + step);
    await follower.at(220, 130);
    expect(capture.stats()).toMatchObject({ frames, stripes, rowsGrabbed });
    expect(follower.stripeCount).toBe(stripeCount);
    expect(events.length - known).toBeGreaterThan(1);
    expect(events.slice(known).every(({ image }) => image === undefined)).toBe(true);
  });

  test("are told no faster than frames would come", async () => {
    await using follower = await Follower.start({ targetFps: 10 });
    await move(10, 10);
    await follower.at(10, 10);
    const known = follower.events.length;
    const startMs = performance.now();
    for (let step = 0; step < 200; step++) await move(20 + step, 50);
    await follower.at(219, 50);
    const intervals = (performance.now() - startMs) / 100;
    expect(follower.events.length - known).toBeLessThanOrEqual(Math.ceil(intervals) + 1);
  });

  test("are told while frames are not due and nobody reads stripes", async () => {
    const display = scene.server.display;
    await using capture = new ScreenCapture({ display, captureCursor: "stream", queueFrames: 1 });
    await capture.start();
    for (const x of [50, 60, 70]) {
      await scene.painter.pixel(1, 1, x); // one more frame that cannot be taken
      await move(x, 90);
      await waitFor("the move", () => capture.cursor?.x === x);
    }
    expect(capture.stats().heldBack).toBeGreaterThan(0);
    expect(capture.stats().frames).toBeLessThan(3);
  });

  test("of a pointer that a program warps are told with the next frame", async () => {
    await move(60, 50);
    await using follower = await Follower.start();
    await follower.at(60, 50);
    await scene.painter.pointer(200, 150);
    await scene.painter.pixel(1, 239, 0x5a5a5a);
    await follower.at(200, 150);
  });

  test("that are none cost nothing", async () => {
    await move(100, 100);
    await using follower = await Follower.start();
    await follower.at(100, 100);
    await Bun.sleep(300); // what the start has set off is over
    const before = follower.capture.stats();
    const known = follower.events.length;
    await Bun.sleep(1000); // the proof is that nothing happens in it
    expect(follower.capture.stats()).toEqual(before);
    expect(follower.events.length).toBe(known);
  });
});

describe("what is to be seen", () => {
  test("is told by the region, the image and the size of the screen", async () => {
    const empty = { ...allAlphas(0), pixels: new Uint32Array(32 * 24) };
    await setPointer(scene.painter, imagePath, allAlphas(5));
    await move(100, 100);
    const area = { x: 41, y: 30, width: 101, height: 91 };
    await using follower = await Follower.start(region(area));
    const { capture } = follower;
    await follower.at(100 - 41, 100 - 30);
    await move(300, 200);
    await follower.hidden();
    expect(follower.last).toEqual({ x: 59, y: 70, visible: false, imageId: 0 });
    expect(capture.cursor?.image).toBeUndefined();
    await move(41 - 3, 30); // its hot spot is outside, columns of it are inside
    await follower.at(-3, 0);
    await setPointer(scene.painter, imagePath, empty);
    await follower.hidden();
    await setPointer(scene.painter, imagePath, allAlphas(6));
    await follower.at(-3, 0);
    capture.update({ captureX: 20, captureY: 10, captureWidth: 160 });
    await follower.at(18, 20);
    expect(follower.images).toHaveLength(2);
  });

  test("follows the setting, both ways", async () => {
    await setPointer(scene.painter, imagePath, allAlphas(7));
    await move(100, 100);
    await using recorder = await scene.record({ ...NEAR_LOSSLESS, captureCursor: "stream" });
    const { capture } = recorder;
    const events: CursorEvent[] = [];
    capture.on("cursor", (event) => events.push(event));
    await waitFor("the pointer", () => capture.cursor?.visible);
    const plain = await scene.painter.grab();
    const shows = () => recorder.showsAtRest(plain, { max: 10, mean: 1 }, "no pointer");
    await shows();
    await using picture = await capture.screenshot({ format: "raw" });
    expect(Buffer.from(picture.data.subarray(0, 3))).toEqual(Buffer.from(plain.rgb.subarray(0, 3)));
    const at = (100 * WIDTH + 100) * 4;
    expect([...picture.data.subarray(at, at + 3)]).toEqual([
      ...plain.rgb.subarray((at / 4) * 3, (at / 4) * 3 + 3),
    ]);
    capture.update({ captureCursor: "blend" });
    await waitFor("the word that it is gone", () => events.at(-1)?.visible === false);
    expect(capture.cursor).toBeUndefined();
    await recorder.quiet(150);
    const blended = await recorder.show();
    expect(() => expectAlike(plain, blended, { max: 10, mean: 1 }, "blended")).toThrow();
    const known = events.length;
    await move(120, 100);
    await recorder.quiet(150);
    expect(events.length).toBe(known);
    capture.update({ captureCursor: "stream" });
    await waitFor("the pointer", () => capture.cursor?.x === 120);
    expect(events.at(-1)?.visible).toBe(true);
    await shows();
    await capture.stop();
    expect(capture.cursor).toBeUndefined();
  });

  test("is told anew by a display that is back, and after a resize", async () => {
    const server = await Xvfb.start({ width: WIDTH, height: HEIGHT });
    const { display } = server;
    await using follower = await Follower.start({ display, reconnect: true });
    const first = await agrees(follower, display);
    const lost = Promise.withResolvers<void>();
    follower.capture.on("disconnect", () => lost.resolve());
    await server.kill();
    await lost.promise;
    await server[Symbol.asyncDispose]();
    const known = follower.events.length;
    await using again = await Xvfb.start({ width: WIDTH, height: HEIGHT, display });
    await waitFor("the pointer", () => follower.events.length > known);
    const second = await agrees(follower, display);
    expect(second.id).not.toBe(first.id);
    await using painter = await Painter.start(again.display);
    await painter.command("motion 20 20");
    await follower.at(20, 20);
    await painter.screen(160, 120);
    await waitFor("the size", () => follower.capture.width === 160);
    await painter.command("motion 30 20");
    await follower.at(30, 20);
  });
});
