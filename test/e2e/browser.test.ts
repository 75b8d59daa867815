// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CaptureSettings } from "pixelflux-ffi";
import type { Page } from "playwright-core";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import { type Canvas, compare, isWithin, type Tolerance } from "../support/canvas.ts";
import { Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Browser, readCanvas } from "./browser.ts";

/** The primary and secondary colours, black, white, and tones between. */
const COLOURS = [
  ...[0xff0000, 0x00ff00, 0x0000ff, 0x00ffff, 0xff00ff, 0xffff00, 0x000000, 0xffffff],
  ...[0x808080, 0x404040, 0xc0c0c0, 0x804020, 0x208040, 0x402080, 0xb09070, 0x7090b0],
];
/** Per channel; what is promised, and what 8-bit YUV with its rounding allows. */
const COLOUR_TOLERANCE = 3;
/** Lossy coding of a detailed picture with chroma at half resolution. */
const PICTURE_TOLERANCE: Tolerance = { psnr: 28, mean: 6 };

const MODES: { name: string; settings: CaptureSettings }[] = [
  { name: "H.264 stripes", settings: { outputMode: "h264" } },
  { name: "H.264 full frame", settings: { outputMode: "h264", h264FullFrame: true } },
  { name: "JPEG", settings: { outputMode: "jpeg" } },
];

// Odd in both directions: the last row and column have to arrive too.
const WIDTH = 801;
const HEIGHT = 603;

let browser: Browser;
let screen: Xvfb;
let painter: Painter;

beforeAll(async () => {
  browser = await Browser.launch();
  screen = await Xvfb.start({ width: WIDTH, height: HEIGHT });
  painter = await Painter.start(screen.display);
}, 60_000);

afterAll(async () => {
  await painter?.[Symbol.asyncDispose]();
  await screen?.[Symbol.asyncDispose]();
  await browser?.[Symbol.asyncDispose]();
});

function serve(settings: CaptureSettings): ScreenServer {
  return new ScreenServer({ port: 0, settings: { display: screen.display, ...settings } });
}

/** Paints the colours as a table of four by four. */
async function paintColours(order: readonly number[]): Promise<void> {
  for (const [index, rgb] of order.entries()) await painter.fill(cell(index), rgb);
}

function cell(index: number): { x: number; y: number; width: number; height: number } {
  const x = Math.floor(((index % 4) * WIDTH) / 4);
  const y = Math.floor((Math.floor(index / 4) * HEIGHT) / 4);
  const right = Math.floor(((index % 4) + 1) * (WIDTH / 4));
  const bottom = Math.floor((Math.floor(index / 4) + 1) * (HEIGHT / 4));
  return { x, y, width: right - x, height: bottom - y };
}

/**
 * The largest difference of a channel inside the cells, off their edges: a block
 * of 16×16 px that two colours share is coded as a picture, not as a colour.
 */
function colourDifference(canvas: Canvas, order: readonly number[]): number {
  if (canvas.width !== WIDTH || canvas.height !== HEIGHT) return 255;
  let largest = 0;
  for (const [index, rgb] of order.entries()) {
    const { x, y, width, height } = cell(index);
    const inside = canvas.crop(x + 20, y + 20, width - 40, height - 40).rgb;
    const channels = [rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff];
    for (let at = 0; at < inside.length; at++) {
      const difference = Math.abs((inside[at] as number) - (channels[at % 3] as number));
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

/** Waits until the page shows the colours; gives the largest difference. */
async function showsColours(page: Page, order: readonly number[]): Promise<number> {
  let difference = 255;
  await waitFor("the page to show the colours", async () => {
    difference = colourDifference(await readCanvas(page), order);
    return difference <= COLOUR_TOLERANCE;
  }).catch((error) => {
    throw new Error(`${error.message}; the largest difference is ${difference}`);
  });
  return difference;
}

/** Waits until the page shows what the X server does. */
async function showsScreen(page: Page): Promise<number> {
  let words = "nothing";
  let psnr = 0;
  await waitFor("the page to show the screen", async () => {
    const [expected, actual] = [await painter.grab(), await readCanvas(page)];
    if (actual.width !== expected.width || actual.height !== expected.height) return false;
    const difference = compare(expected, actual);
    words = JSON.stringify(difference);
    psnr = difference.psnr;
    return isWithin(difference, PICTURE_TOLERANCE);
  }).catch((error) => {
    throw new Error(`${error.message}; the last picture: ${words}`);
  });
  return psnr;
}

describe.each(MODES)("the page in $name", ({ name, settings }) => {
  test("shows the eight colours and tones between within 3 of 255", async () => {
    await paintColours(COLOURS);
    await using server = serve(settings);
    const page = await browser.open(server.url);
    const first = await showsColours(page, COLOURS);
    const turned = COLOURS.toReversed();
    await paintColours(turned);
    const second = await showsColours(page, turned);
    console.log(`${name}: colours within ${first} and, painted anew, within ${second} of 255`);
    await page.close();
  });

  test("follows detailed pictures up to the last row and column", async () => {
    await using server = serve(settings);
    const page = await browser.open(server.url);
    const ratios: string[] = [];
    for (const pattern of ["text", "photo", "gradient"] as const) {
      await painter.pattern(pattern, 7);
      ratios.push(`${pattern} ${(await showsScreen(page)).toFixed(1)} dB`);
    }
    console.log(`${name}: ${ratios.join(", ")}`);
    await page.close();
  });

  test("shows whole frames only", async () => {
    await painter.fill({ x: 0, y: 0, width: WIDTH, height: HEIGHT }, 0x202020);
    await using server = serve(settings);
    const page = await browser.open(server.url);
    await waitFor("the first frame", () => page.evaluate(() => window.player?.totals.frames !== 0));
    const seams = page.evaluate(countSeams);
    for (let round = 0; round < 60; round++) {
      const rgb = round % 2 === 0 ? 0xd0d0d0 : 0x202020;
      await painter.fill({ x: 0, y: 0, width: WIDTH, height: HEIGHT }, rgb);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    const { samples, mixed } = await seams;
    console.log(`${name}: ${mixed} of ${samples} pictures of the page had a seam`);
    expect(samples).toBeGreaterThan(30);
    // Drawing each stripe when it is decoded gives 0.04 (JPEG) to 0.2 (H.264) of them.
    expect(mixed).toBe(0);
    await page.close();
  });

  test("serves two viewers, and one that joins late, while nothing changes", async () => {
    await paintColours(COLOURS);
    await using server = serve(settings);
    const [one, two] = await Promise.all([browser.open(server.url), browser.open(server.url)]);
    await showsColours(one, COLOURS);
    await showsColours(two, COLOURS);
    expect(server.screen.viewerCount).toBe(2);
    // By now the screen is still, and nothing but the newcomer asks for it.
    const late = await browser.open(server.url);
    const loadedMs = performance.now();
    // Reading the canvas back takes longer than all the rest.
    await late.waitForFunction(() => window.player?.state.name === "live");
    const wholeMs = performance.now() - loadedMs;
    await showsColours(late, COLOURS);
    console.log(`${name}: a late viewer's page showed the whole screen after ${wholeMs | 0} ms`);
    await paintColours(COLOURS.toReversed());
    for (const page of [one, two, late]) await showsColours(page, COLOURS.toReversed());
    for (const page of [one, two, late]) await page.close();
    await waitFor("the viewers to leave", () => server.screen.viewerCount === 0);
  });
});

test("the page shows frame rate, bitrate and latency", async () => {
  await using server = serve({ outputMode: "h264" });
  const page = await browser.open(server.url);
  const text = async (id: string) => (await page.locator(`#${id}`).textContent()) ?? "";
  await page.keyboard.press("s");
  await painter.prepare("video", 3);
  const running = painter.run(3);
  await waitFor("the figures", async () => Number(await text("latency")) > 0);
  expect(Number(await text("fps"))).toBeGreaterThan(0);
  expect(Number(await text("rate"))).toBeGreaterThan(0);
  expect(await text("state")).toBe(`${WIDTH} × ${HEIGHT}, H.264`);
  console.log(`${await text("fps")} fps, latency ${await text("latency")} ms`);
  await running;
  await page.close();
});

/** Runs in the page: looks at one column of the canvas before each painting of the page. */
function countSeams(): Promise<{ samples: number; mixed: number }> {
  const canvas = document.querySelector("canvas");
  if (!canvas) throw new Error("no canvas");
  const column = new OffscreenCanvas(1, canvas.height);
  const context = column.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no context");
  const endMs = performance.now() + 2500;
  let samples = 0;
  let mixed = 0;
  return new Promise((resolve) => {
    const look = () => {
      context.drawImage(canvas, -10, 0);
      const { data } = context.getImageData(0, 0, 1, column.height);
      const bright = data.filter((value, at) => at % 4 === 0 && value > 0x78).length;
      samples += 1;
      if (bright !== 0 && bright !== column.height) mixed += 1;
      if (performance.now() < endMs) requestAnimationFrame(look);
      else resolve({ samples, mixed });
    };
    requestAnimationFrame(look);
  });
}
