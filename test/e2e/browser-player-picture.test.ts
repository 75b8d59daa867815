// SPDX-License-Identifier: MPL-2.0
// What a player shows is what was sent, by ffmpeg's reading: in both browsers, with and without a worker.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Tolerance } from "../support/canvas.ts";
import { showStripes } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { type Mode, record, Stage, shows, totalsOf } from "../support/stage.ts";
import { Browser, type BrowserName } from "./browser.ts";

/** Odd in both directions: the last row and column have to be right too. */
const WIDTH = 641;
const HEIGHT = 363;

/** The same coded picture; decoders differ in how they make RGB of halved chroma. */
const TOLERANCE: Tolerance = { psnr: 34, mean: 2.5 };
/** Firefox takes full range for limited range: what is left of a picture then. */
const WRONG_RANGE: Tolerance = { psnr: 26, mean: 10 };

let browser: Browser;
let recorded: Record<Mode, Awaited<ReturnType<typeof record>>>;

beforeAll(async () => {
  const [h264, jpeg] = [
    await record(WIDTH, HEIGHT, "h264", 8),
    await record(WIDTH, HEIGHT, "jpeg", 8),
  ];
  recorded = { h264, jpeg };
});

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
      const { frames, stripes } = recorded[mode];
      const page = await stage.open(browser, { player: { worker } });
      for (const frame of frames) stage.play(frame);
      const isWrong = name === "firefox" && mode === "h264";
      const expected = await showStripes(stripes, WIDTH, HEIGHT);
      const psnr = await shows(page, expected, isWrong ? WRONG_RANGE : TOLERANCE);
      const stats = await waitFor("statistics", () =>
        page.evaluate(() => window.told.stats.find(({ decoder }) => decoder !== undefined)),
      );
      console.log(`${name}, ${mode}: ${psnr.toFixed(1)} dB, decoder ${stats.decoder}`);
      expect(stats.inWorker).toBe(worker);
      if (mode === "jpeg") expect(stats.decoder).toBe("image");
      else expect(stats.decoder).toBe("software"); // a headless browser has no other
      await waitFor("the counters", async () => (await totalsOf(page)).frames === frames.length);
      expect(await totalsOf(page)).toEqual({
        ...{ frames: frames.length, stripes: stripes.length, decodeErrors: 0, reconnects: 0 },
        bytes: frames.flat().reduce((sum, stripe) => sum + stripe.length, 0),
      });
      expect(await page.evaluate(() => window.player?.state.name)).toBe("live");
      expect(await page.evaluate(() => window.told.errors)).toEqual([]);
    });
  });

  test("shows the server's first codec whose colours come out right", async () => {
    await using stage = new Stage();
    const { h264, jpeg } = recorded;
    const frames = { h264: h264.frames, jpeg: jpeg.frames };
    stage.repertoire = { width: WIDTH, height: HEIGHT, frames };
    const page = await stage.open(browser);
    const mode = name === "firefox" ? "jpeg" : "h264";
    await shows(page, await showStripes(recorded[mode].stripes, WIDTH, HEIGHT), TOLERANCE);
    expect(stage.addresses.at(-1)?.searchParams.get("codec")).toBe(
      name === "firefox" ? "jpeg" : null,
    );
  });
});
