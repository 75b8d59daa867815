// SPDX-License-Identifier: MPL-2.0
// A browser shows what the screen does, out of rectangles and copies.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import type { Stripe } from "../../src/index.ts";
import { parseStripe } from "../../src/wire.ts";
import { Browser, readCanvas } from "../e2e/browser.ts";
import { compare } from "../support/canvas.ts";
import { type Area, Painter, type PatternName } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Xvfb } from "../support/xvfb.ts";

const WIDTH = 641;
const HEIGHT = 475;
const PATTERNS: readonly PatternName[] = ["bars", "gradient", "text", "photo"];

/** Of JPEGs in 4:4:4 at quality 100; a single word in a wrong place is far below it. */
const PSNR_MIN = 44;

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

/** A terminal, say. */
const WINDOW: Area = { x: 37, y: 51, width: 480, height: 320 };

type Pick = (limit: number) => number;

function someArea(pick: Pick): Area {
  const [width, height] = [16 + pick(WIDTH - 16), 16 + pick(HEIGHT - 16)];
  return { x: pick(WIDTH - width + 1), y: pick(HEIGHT - height + 1), width, height };
}

/** One change such as programs make: a line scrolled, a word typed, a picture shown. */
async function change(pick: Pick): Promise<void> {
  const area = someArea(pick);
  switch (pick(5)) {
    case 0:
      await painter.pattern(PATTERNS[pick(4)] ?? "bars", pick(1000), area);
      return;
    case 1:
      await painter.fill({ ...area, width: 1 + pick(40), height: 1 + pick(20) }, pick(1 << 24));
      return;
    case 2:
      await painter.text(area.x, area.y, `word ${pick(1000)}`);
      return;
    default:
      await scroll(area, 1 + pick(area.height - 1), pick(2) === 0);
  }
}

/** Moves an area's content by some rows; those that come free stay as they were. */
async function scroll(area: Area, rows: number, isUp: boolean): Promise<void> {
  const { x, y, height } = area;
  const rest = { ...area, height: height - rows };
  if (isUp) await painter.copy({ ...rest, y: y + rows }, x, y);
  else await painter.copy(rest, x, y + rows);
}

const seed = seedOfRun();

test(`random painting arrives (PF_SEED=${seed})`, async () => {
  const pick = random(seed);
  const seen = { copies: 0, narrow: 0, wide: 0 };
  const copies: { told: object; read: object }[] = [];
  const onStripe = (stripe: Stripe) => {
    const { type, codec, frameId, keyframe, x, width, sourceX, sourceY } = stripe;
    seen[type === "copy" ? "copies" : width < WIDTH ? "narrow" : "wide"] += 1;
    if (type !== "copy") return;
    const { payload, ...read } = parseStripe(stripe.data, "extended");
    const place = { frameId, x, y: stripe.stripeYStart, width, height: stripe.stripeHeight };
    const told = { type: codec, keyframe, ...place, sourceX, sourceY };
    copies.push({ told, read: { ...read, bytes: payload.length } });
  };
  const settings = { outputMode: "jpeg", jpegFullColor: true, stripeHeader: "extended" } as const;
  const quality = { jpegQuality: 100, paintOverJpegQuality: 100 };
  const source = { display: screen.display, targetFps: 120 };
  await using server = new ScreenServer({
    ...{ port: 0, settings: { ...settings, ...source, ...quality } },
    onStripe: (stripe) => onStripe(stripe as Stripe), // a capture's are
  });
  await painter.pattern("text", seed % 1000);
  const page = await browser.open(server.url);
  for (let round = 0; round < 4; round++) {
    for (let count = 1 + pick(8); count > 0; count--) await change(pick);
    await isShown(`round ${round}`);
    // Scrolls while nothing else happens, such as the capture is to find.
    await painter.pattern("text", pick(1000), WINDOW);
    for (let line = 0; line < 10; line++) {
      await scroll(WINDOW, 1 + pick(30), pick(3) > 0);
      await isShown(`scroll ${line} of round ${round}`);
    }
  }
  expect(await page.evaluate(() => window.player?.totals.decodeErrors)).toBe(0);
  // Or the test would have looked at nothing new.
  expect(seen.narrow).toBeGreaterThan(0);
  expect(seen.copies).toBeGreaterThan(0);
  for (const { told, read } of copies) expect(read).toEqual({ ...told, bytes: 4 });
  await page.close();

  async function isShown(what: string): Promise<void> {
    let psnr = 0;
    await waitFor(`${what} of PF_SEED=${seed} to be shown`, async () => {
      const [expected, actual] = [await painter.grab(), await readCanvas(page)];
      if (actual.width !== WIDTH || actual.height !== HEIGHT) return false;
      psnr = compare(expected, actual).psnr;
      return psnr >= PSNR_MIN;
    }).catch((error) => {
      throw new Error(`${error.message}; the last picture had ${psnr} dB`);
    });
  }
}, 120_000);
