// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { CONTROL_NAMES, CONTROLS } from "../../examples/settings-playground/controls.ts";
import { PlaygroundServer } from "../../examples/settings-playground/server.ts";
import { paintSample } from "../../examples/settings-playground/watermark.ts";
import { Canvas, compare, isWithin, type Tolerance } from "../support/canvas.ts";
import { type Area, Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Browser, readCanvas } from "./browser.ts";

const WIDTH = 483;
const HEIGHT = 363;
const SCREEN: Area = { x: 0, y: 0, width: WIDTH, height: HEIGHT };
/** Lossy coding of a detailed picture with chroma at half resolution, as in browser.test.ts. */
const PICTURE_TOLERANCE: Tolerance = { psnr: 28, mean: 6 };

interface SeenStripe {
  readonly type: string;
  readonly frameId: number;
  readonly y: number;
  readonly height: number;
  readonly keyframe: boolean;
  readonly bytes: number;
}

let browser: Browser;
let screen: Xvfb;
let painter: Painter;
let server: PlaygroundServer;
let page: Page;
const stripes: SeenStripe[] = [];

beforeAll(async () => {
  browser = await Browser.launch();
  screen = await Xvfb.start({ width: WIDTH, height: HEIGHT });
  painter = await Painter.start(screen.display);
  await painter.pattern("photo", 1);
  server = new PlaygroundServer({
    port: 0,
    settings: { display: screen.display },
    onStripe: ({ type, frameId, stripeYStart: y, stripeHeight: height, keyframe, data }) =>
      stripes.push({ type, frameId, y, height, keyframe, bytes: data.length }),
  });
  page = await browser.open(server.url);
  page.setDefaultTimeout(5000);
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await painter?.[Symbol.asyncDispose]();
  await screen?.[Symbol.asyncDispose]();
  await browser?.[Symbol.asyncDispose]();
});

/** What the X server shows of a region, with the sample watermark in a corner of it. */
async function pictureWithSample(area: Area, atX: number, atY: number): Promise<Canvas> {
  const picture = await painter.grab(area);
  const { width, height, rgba } = paintSample();
  const sample = Canvas.fromRgba(rgba, width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const alpha = (rgba[(y * width + x) * 4 + 3] as number) / 255;
      for (let channel = 0; channel < 3; channel++) {
        const to = ((atY + y) * picture.width + atX + x) * 3 + channel;
        const over = sample.rgb[(y * width + x) * 3 + channel] as number;
        picture.rgb[to] = over * alpha + (picture.rgb[to] as number) * (1 - alpha);
      }
    }
  }
  return picture;
}

async function shows(expected: Canvas, what: string): Promise<void> {
  let words = "nothing";
  await waitFor(what, async () => {
    const actual = await readCanvas(page);
    words = `${actual.width}×${actual.height}`;
    if (actual.width !== expected.width || actual.height !== expected.height) return false;
    const difference = compare(expected, actual);
    words = JSON.stringify(difference);
    return isWithin(difference, PICTURE_TOLERANCE);
  }).catch((error) => {
    throw new Error(`${error.message}; the last picture: ${words}`);
  });
}

let seed = 1;

/** Waits until the page shows the region as it is, and then as it is painted anew. */
async function followsScreen(what: string, area = SCREEN): Promise<void> {
  await shows(await painter.grab(area), `${what}: the screen`);
  seed += 1;
  await painter.pattern("photo", seed);
  await shows(await painter.grab(area), `${what}: the next picture`);
}

/** Sets a control as a user does, and waits for the server to have taken it. */
async function set(name: string, value: string | boolean, inForce = String(value)): Promise<void> {
  const control = page.locator(`#${name}`);
  if (typeof value === "boolean") await control.setChecked(value);
  else if ((await control.evaluate(({ tagName }) => tagName)) === "SELECT") {
    await control.selectOption(value);
  } else {
    await control.fill(value);
    await control.press("Enter");
  }
  await page.locator(`.control[data-in-force="${inForce}"] #${name}`).waitFor();
}

/** Has every stripe sent again; gives those of the frame, in the order of their rows. */
async function wholeFrame(): Promise<SeenStripe[]> {
  const { length } = stripes;
  const frame = await waitFor("a whole frame", async () => {
    await page.click("#keyframe"); // the player lets through one a second
    const whole = Map.groupBy(stripes.slice(length), ({ frameId }) => frameId).values();
    return whole.find((rows) => rows.reduce((sum, { height }) => sum + height, 0) === HEIGHT);
  });
  expect(frame.every(({ keyframe }) => keyframe)).toBe(true);
  return frame.toSorted((a, b) => a.y - b.y);
}

describe("the page", () => {
  beforeEach(async () => {
    await page.click("#defaults");
    const inForce = CONTROL_NAMES.map(
      (name) => `[data-in-force="${CONTROLS[name].default}"] #${name}`,
    );
    await page.waitForFunction(
      (selectors) => selectors.every((selector) => document.querySelector(selector)),
      inForce,
    );
  });

  test("shows the screen, labels for all controls, and the counters", async () => {
    await followsScreen("defaults");
    expect(await page.locator("#state").textContent()).toBe(`${WIDTH} × ${HEIGHT}, JPEG`);
    for (const name of CONTROL_NAMES) {
      const { label } = CONTROLS[name];
      expect(await page.locator(`label[for="${name}"]`).textContent()).toBe(label);
      expect(await page.locator(`#${name}`).getAttribute("aria-describedby")).toBe(`${name}-error`);
    }
    const count = async (id: string) => Number(await page.locator(`#${id}`).textContent());
    await waitFor("the counters", async () => (await count("frames")) > 1);
    expect(await count("hashed")).toBeGreaterThan(0);
    expect(await count("encoders")).toBe(0);
  });

  test("changes the codec, its colour and its encoders", async () => {
    await set("outputMode", "h264");
    await followsScreen("H.264");
    expect(await page.locator("#state").textContent()).toBe(`${WIDTH} × ${HEIGHT}, H.264`);
    expect((await wholeFrame()).length).toBeGreaterThan(1);
    await set("h264FullFrame", true);
    await set("h264FullColor", true);
    await followsScreen("H.264, full frame, 4:4:4");
    expect(stripes.at(-1)).toMatchObject({ type: "h264", y: 0, height: HEIGHT });
    await waitFor("the encoders", async () =>
      Number(await page.locator("#encoders").textContent()),
    );
    await set("outputMode", "jpeg");
    await followsScreen("JPEG again");
    expect(stripes.at(-1)?.type).toBe("jpeg");
  });

  test("changes the height of stripes, in either codec", async () => {
    for (const mode of ["jpeg", "h264"]) {
      await set("outputMode", mode);
      await page.locator("#stripeHeight-slider").fill("96");
      await page.locator('.control[data-in-force="96"] #stripeHeight').waitFor();
      await followsScreen(`${mode}, 96 rows`);
      expect((await wholeFrame()).map(({ height }) => height)).toEqual([96, 96, 96, 75]);
      await set("stripeHeight", "", "auto");
      await followsScreen(`${mode}, auto`);
    }
  });

  test("crops, moves and grows the region", async () => {
    await set("captureX", "101");
    await set("captureY", "53");
    await followsScreen("the rest", { x: 101, y: 53, width: WIDTH - 101, height: HEIGHT - 53 });
    await set("captureWidth", "201");
    await set("captureHeight", "155");
    await followsScreen("a part", { x: 101, y: 53, width: 201, height: 155 });
    await set("outputMode", "h264");
    await set("captureX", "7");
    await followsScreen("a part in H.264", { x: 7, y: 53, width: 201, height: 155 });
  });

  test("puts the sample watermark where it is wanted, and takes it away", async () => {
    const { width, height } = paintSample();
    await set("watermarkLocation", "top-left");
    await shows(await pictureWithSample(SCREEN, 0, 0), "the watermark, top left");
    await set("outputMode", "h264");
    await set("watermarkLocation", "bottom-right");
    const corner = await pictureWithSample(SCREEN, WIDTH - width, HEIGHT - height);
    await shows(corner, "the watermark, bottom right");
    await set("watermarkLocation", "animated");
    const { length } = stripes;
    await waitFor("the watermark to move", () => stripes.length > length + 20);
    await set("watermarkLocation", "none");
    await followsScreen("no watermark");
  });

  test("shows the pointer, and hides it", async () => {
    await painter.pointer(200, 150);
    await painter.fill(SCREEN, 0x3060a0);
    await shows(await painter.grab(), "the screen");
    const pointer = async () => {
      const around = (await readCanvas(page)).crop(184, 134, 32, 32);
      const plain = new Canvas(
        32,
        32,
        around.rgb.map((_, at) => [0x30, 0x60, 0xa0][at % 3] ?? 0),
      );
      return compare(plain, around).max > 60;
    };
    expect(await pointer()).toBe(false);
    await set("captureCursor", "blend");
    await waitFor("the pointer", pointer);
    await set("captureCursor", "stream");
    await waitFor("no pointer in the picture", async () => !(await pointer()));
    await page.locator("canvas + div[aria-hidden]").waitFor({ state: "attached" });
    await set("captureCursor", "none");
  });

  test("slows the stream down", async () => {
    await set("targetFps", "5");
    await painter.prepare("video", 3);
    const { length } = stripes;
    await painter.run(1);
    const frames = new Set(stripes.slice(length).map(({ frameId }) => frameId)).size;
    expect(frames).toBeGreaterThan(1);
    expect(frames).toBeLessThan(9); // one a fifth of a second, one when it began, and refreshes
  });

  test("makes pictures coarse", async () => {
    await set("usePaintOverQuality", false);
    const bytesAt = async (quality: string) => {
      await page.locator("#jpegQuality-slider").fill(quality);
      await page.locator(`.control[data-in-force="${quality}"] #jpegQuality`).waitFor();
      const { length } = stripes;
      seed += 1;
      await painter.pattern("photo", seed);
      return waitFor("every stripe", () => {
        const last = [
          ...new Map(stripes.slice(length).map((stripe) => [stripe.y, stripe])).values(),
        ];
        if (last.reduce((sum, { height }) => sum + height, 0) < HEIGHT) return undefined;
        return last.reduce((sum, { bytes }) => sum + bytes, 0);
      });
    };
    const [fine, coarse] = [await bytesAt("95"), await bytesAt("10")];
    expect(fine).toBeGreaterThan(3 * coarse);
  });

  test("shows what is wrong with a value, and the stream goes on", async () => {
    const error = (name: string) => page.locator(`#${name}-error`);
    const refused = async (name: string, value: string, words: string) => {
      await page.locator(`#${name}`).fill(value);
      await page.locator(`#${name}`).press("Enter");
      await error(name).getByText(words).waitFor();
      expect(await page.locator(`#${name}`).getAttribute("aria-invalid")).toBe("true");
    };
    const integer = "jpegQuality has to be an integer from 0 to 100, but is";
    await refused("jpegQuality", "101", `ERR_INVALID_SETTING: update: ${integer} 101`);
    await refused("jpegQuality", "fine", `${integer} "fine"`);
    await refused("stripeHeight", "50", "multiple of 16");
    await refused("captureX", "5000", "ERR_REGION_OFF_SCREEN");
    await followsScreen("after bad values");
    expect(await page.locator("#jpegQuality").inputValue()).toBe("fine");
    expect(await page.locator('.control[data-in-force="75"] #jpegQuality').count()).toBe(1);
    await set("jpegQuality", "80");
    expect(await error("jpegQuality").textContent()).toBe("");
    expect(await page.locator("#jpegQuality").getAttribute("aria-invalid")).toBeNull();
  });

  test("fits a narrow window", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    const widthPx = () => page.evaluate(() => document.documentElement.scrollWidth);
    await waitFor("the page to fit", async () => (await widthPx()) === 390);
    await page.setViewportSize({ width: 1400, height: 860 });
  });
});
