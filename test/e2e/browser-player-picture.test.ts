// SPDX-License-Identifier: MPL-2.0
// What a player shows is what was sent, by ffmpeg's reading: in both browsers, with and without a worker.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Tolerance } from "../support/canvas.ts";
import { showStripes } from "../support/decode.ts";
import { type Mode, record, Stage, shows, totalsOf } from "../support/stage.ts";
import { waitFor } from "../support/process.ts";
import { Browser, type BrowserName } from "./browser.ts";

/** Odd in both directions: the last row and column have to be right too. */
const WIDTH = 641;
const HEIGHT = 363;

/** The same coded picture; decoders differ in how they make RGB of halved chroma. */
const TOLERANCE: Tolerance = { psnr: 34, mean: 2.5 };

let browser: Browser;

describe.each(["chromium", "firefox"] as BrowserName[])("%s", (name) => {
  beforeAll(async () => {
    browser = await Browser.launch(name);
  }, 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  describe.each([true, false])("worker %p", (worker) => {
    test.each(["h264", "jpeg"] as Mode[])("shows %s as it was sent", async (mode) => {
      await using stage = new Stage();
      stage.screen = { type: "screen", width: WIDTH, height: HEIGHT, mode };
      const { frames, stripes } = await record(WIDTH, HEIGHT, mode, 8);
      const page = await stage.open(browser, { player: { worker } });
      for (const frame of frames) stage.play(frame);
      const psnr = await shows(page, await showStripes(stripes, WIDTH, HEIGHT), TOLERANCE);
      const told = await waitFor("statistics", () =>
        page.evaluate(() => window.told.stats.find(({ decoder }) => decoder !== undefined)),
      );
      console.log(`${name}, ${mode}: ${psnr.toFixed(1)} dB, ${JSON.stringify(told)}`);
      expect(told.inWorker).toBe(worker);
      expect(await totalsOf(page)).toEqual({
        ...{ frames: frames.length, stripes: stripes.length, decodeErrors: 0, reconnects: 0 },
        bytes: frames.flat().reduce((sum, stripe) => sum + stripe.length, 0),
      });
      expect(await page.evaluate(() => window.player?.state.name)).toBe("live");
      expect(await page.evaluate(() => window.told.errors)).toEqual([]);
    });
  });
});
