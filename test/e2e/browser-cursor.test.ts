// SPDX-License-Identifier: MPL-2.0
// The pointer as a browser shows it: what a photograph of the page has is the screen with its
// pointer, with and without a worker, at any size, and without a frame for its moves.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScreenCapture } from "pixelflux-ffi";
import { fanout } from "pixelflux-ffi/server";
import viewer from "pixelflux-ffi/viewer";
import type { Page } from "playwright-core";
import { Canvas, compare, isWithin, type Tolerance } from "../support/canvas.ts";
import { decodePngs } from "../support/decode.ts";
import playerPage from "../support/player-page/index.html";
import { waitFor } from "../support/process.ts";
import { NEAR_LOSSLESS, type PointerImage, Scene, setPointer } from "../support/scene.ts";
import { totalsOf } from "../support/stage.ts";
import { Browser } from "./browser.ts";

const WIDTH = 321;
const HEIGHT = 243;
/** JPEG 100 in 4:4:4, and the browser's own blending. */
const TOLERANCE: Tolerance = { max: 12, mean: 1 };

/** An opaque cross on a half transparent ground of another colour. */
const POINTER: PointerImage = {
  ...{ width: 20, height: 16, hotX: 4, hotY: 9 },
  pixels: Uint32Array.from({ length: 20 * 16 }, (_, i) =>
    i % 20 === 4 || Math.floor(i / 20) === 9 ? 0xffff2000 : 0x80004060,
  ),
};

const folder = mkdtempSync(join(tmpdir(), "pf-browser-cursor-"));
let browser: Browser;
let scene: Scene;
let server: Bun.Server<unknown>;
let capture: ScreenCapture;
let screen: ReturnType<typeof fanout>;

beforeAll(async () => {
  browser = await Browser.launch();
  scene = await Scene.start({ width: WIDTH, height: HEIGHT });
  await scene.painter.pattern("gradient", 2);
  await setPointer(scene.painter, join(folder, "image"), POINTER);
  capture = new ScreenCapture({
    ...{ display: scene.server.display, captureCursor: "stream", usePaintOverQuality: false },
    ...NEAR_LOSSLESS,
  });
  screen = fanout(capture);
  server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0, development: false },
    routes: {
      "/": playerPage,
      "/viewer": viewer,
      "/stream": (request, server) => screen.upgrade(request, server),
    },
    websocket: screen.websocket,
  });
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await screen?.stop();
  await server?.stop(true);
  await scene?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const move = (x: number, y: number) => scene.painter.command(`motion ${x} ${y}`);

/** The screen with the pointer at (x, y), cut off at its edges; each pixel `factor` times as large. */
async function expected(x: number, y: number, factor = 1): Promise<Canvas> {
  const shown = await scene.painter.grab();
  POINTER.pixels.forEach((argb, i) => {
    const px = x - POINTER.hotX + (i % POINTER.width);
    const py = y - POINTER.hotY + Math.floor(i / POINTER.width);
    if (px < 0 || py < 0 || px >= WIDTH || py >= HEIGHT) return;
    const at = (py * WIDTH + px) * 3;
    for (let channel = 0; channel < 3; channel++) {
      const over = (argb >>> (16 - 8 * channel)) & 0xff;
      const under = shown.rgb[at + channel] ?? 0;
      shown.rgb[at + channel] = over + (under * (255 - (argb >>> 24))) / 255;
    }
  });
  return enlarged(shown, factor);
}

function enlarged(picture: Canvas, factor: number): Canvas {
  const { width, height } = picture;
  const larger = new Canvas(width * factor, height * factor);
  for (let at = 0; at < larger.rgb.length; at++) {
    const [x, y] = [Math.floor(at / 3) % larger.width, Math.floor(at / 3 / larger.width)];
    const from = Math.floor(y / factor) * width + Math.floor(x / factor);
    larger.rgb[at] = picture.rgb[from * 3 + (at % 3)] ?? 0;
  }
  return larger;
}

/** A photograph of the part of the page in which the picture is. */
async function photograph(page: Page, x: number, y: number, factor = 1): Promise<Canvas> {
  const clip = { x, y, width: WIDTH * factor, height: HEIGHT * factor };
  const png = await page.screenshot({ clip, type: "png", scale: "css" });
  return await decode(png);
}

async function decode(png: Buffer): Promise<Canvas> {
  const [picture] = await decodePngs([png]);
  if (picture === undefined) throw new Error("ffmpeg reads no picture");
  return picture;
}

async function shows(page: Page, wanted: Canvas, x: number, y: number, factor = 1): Promise<void> {
  let words = "";
  await waitFor("the picture with its pointer", async () => {
    const difference = compare(wanted, await photograph(page, x, y, factor));
    words = JSON.stringify(difference);
    return isWithin(difference, TOLERANCE);
  }).catch((error) => {
    throw new Error(`${error.message}: ${words}`);
  });
}

/** A page whose canvas is at (30, 20), `style` besides. */
async function open(options: object, style = ""): Promise<Page> {
  const query = new URLSearchParams({ options: JSON.stringify(options) });
  const page = await browser.open(new URL(`/?${query}`, server.url));
  await page.addStyleTag({
    content: `body { margin: 0 } canvas { position: absolute; left: 30px; top: 20px; ${style} }
      div { margin: 50px; padding: 9px; border: 3px solid red; overflow: visible }`,
  });
  return page;
}

describe.each([true, false])("worker %p", (worker) => {
  test("the pointer is where it is on the screen, and its moves are no frames", async () => {
    await move(100, 90);
    const page = await open({ worker });
    await shows(page, await expected(100, 90), 30, 20);
    const { frames, bytes } = await totalsOf(page);
    for (const [x, y] of [
      [200, 50],
      [0, 0],
      [WIDTH - 1, HEIGHT - 1],
      [3, 240],
    ] as const) {
      await move(x, y);
      await shows(page, await expected(x, y), 30, 20);
    }
    expect(await totalsOf(page)).toMatchObject({ frames, bytes });
    const around = await page.screenshot({ clip: { x: 352, y: 20, width: 30, height: 270 } });
    const ground = await decode(around); // behind the picture's right edge
    expect(ground.rgb.every((value) => value === 255)).toBe(true);
    expect(await page.evaluate(() => window.told.errors)).toEqual([]);
    await page.evaluate(() => window.player?.close());
    expect(await page.evaluate(() => document.querySelectorAll("canvas ~ div").length)).toBe(0);
    await page.close();
  }, 30_000);
});

test("it is scaled with the picture, wherever that is in its element", async () => {
  await move(150, 120);
  const style = "width: 800px; height: 486px; object-fit: contain; image-rendering: pixelated";
  const page = await open({}, style);
  const left = 30 + (800 - 2 * WIDTH) / 2;
  await shows(page, await expected(150, 120, 2), left, 20, 2);
  await page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    if (canvas) Object.assign(canvas.style, { width: "321px", height: "243px" });
  });
  await shows(page, await expected(150, 120), 30, 20);
  await page.close();
}, 30_000);

test("a player that is not to draw it does not ask for it", async () => {
  await move(150, 120);
  const page = await open({ cursor: false });
  await shows(page, await scene.painter.grab(), 30, 20);
  const viewers = screen.stats().viewers;
  expect(viewers.map(({ cursorMessages }) => cursorMessages)).toEqual([0]);
  await page.close();
});

test("a pointer that goes is gone, and so is that of a connection that is lost", async () => {
  await move(100, 90);
  const page = await open({});
  await shows(page, await expected(100, 90), 30, 20);
  capture.update({ captureCursor: "none" });
  await shows(page, await scene.painter.grab(), 30, 20);
  capture.update({ captureCursor: "stream" });
  await shows(page, await expected(100, 90), 30, 20);
  await page.evaluate(() => window.player?.setCodec("h264")); // another connection
  await waitFor("H.264", () => screen.stats().viewers.some(({ codec }) => codec === "h264"));
  await waitFor("the pointer there", () =>
    screen.stats().viewers.some((v) => v.codec === "h264" && v.cursorMessages > 0),
  );
  await page.close();
});

test("the viewer's page shows it, over the picture and at its scale", async () => {
  await move(10, 10);
  const page = await browser.open(new URL("/viewer", server.url));
  const picture = page.locator("#stage canvas").first();
  await waitFor("the picture", async () => (await picture.getAttribute("width")) !== null);
  await move(160, 121);
  const box = await waitFor("the canvas", async () => (await picture.boundingBox()) ?? false);
  const scale = box.width / WIDTH;
  // The cross's middle, and a place beside it, in the page's px.
  const pixel = async (x: number, y: number) => {
    const clip = { x: box.x + x * scale - 1, y: box.y + y * scale - 1, width: 2, height: 2 };
    return (await decode(await page.screenshot({ clip, scale: "css" }))).pixel(0, 0);
  };
  // Smoothed with what is around it.
  const isRed = (rgb: string) => /^[b-f].[0-6].[0-6].$/.test(rgb);
  const isThere = async (x: number, y: number) => isRed(await pixel(x + 0.5, y + 0.5));
  await waitFor("the cross", () => isThere(160, 121));
  await move(200, 60);
  await waitFor("the cross", () => isThere(200, 60));
  expect(await isThere(160, 121)).toBe(false);
  await page.close();
}, 30_000);
