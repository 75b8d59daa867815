// SPDX-License-Identifier: MPL-2.0
// Decoders that fail: from what the browser takes to software, and from there to JPEG.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Canvas, Tolerance } from "../support/canvas.ts";
import { showStripes } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { type DecoderFaults, faultyDecoders, inEveryRealm } from "../support/realms.ts";
import { type Mode, type Repertoire, record, Stage, shows, totalsOf } from "../support/stage.ts";
import { Browser, type BrowserName } from "./browser.ts";

const WIDTH = 320;
const HEIGHT = 240;
const TOLERANCE: Tolerance = { psnr: 32, mean: 3 };
/** Firefox takes full range for limited range: what is left of a picture then. */
const WRONG_RANGE: Tolerance = { psnr: 24, mean: 12 };

let browser: Browser;
let repertoire: Repertoire;
const pictures = {} as Record<Mode, Canvas>;

beforeAll(async () => {
  const frames: Repertoire["frames"] = {};
  for (const mode of ["h264", "jpeg"] as const) {
    const recorded = await record(WIDTH, HEIGHT, mode, 3);
    frames[mode] = recorded.frames;
    pictures[mode] = await showStripes(recorded.stripes, WIDTH, HEIGHT);
  }
  repertoire = { width: WIDTH, height: HEIGHT, frames };
});

describe.each(["chromium", "firefox"] as BrowserName[])("%s", (name) => {
  const tolerance = name === "firefox" ? WRONG_RANGE : TOLERANCE;

  beforeAll(async () => {
    browser = await Browser.launch(name);
  }, 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  /** Opens a page whose decoders fail, on a stage with one codec or with both. */
  async function open(stage: Stage, faults: DecoderFaults, modes: Mode[], worker: boolean) {
    const frames = Object.fromEntries(modes.map((mode) => [mode, repertoire.frames[mode]]));
    stage.repertoire = { ...repertoire, frames };
    const script = inEveryRealm(faultyDecoders(faults));
    return await stage.open(browser, { script, player: { worker } });
  }

  describe.each([true, false])("worker %p", (worker) => {
    test("one that fails again and again is replaced by one in software", async () => {
      await using stage = new Stage();
      const faults: DecoderFaults = { of: ["no-preference"], how: "error" };
      const page = await open(stage, faults, ["h264"], worker);
      await shows(page, pictures.h264, tolerance);
      const told = await page.evaluate(() => window.told);
      expect(told.errors.length).toBeGreaterThanOrEqual(2);
      expect(told.errors[0]).toBe("EncodingError: injected by a test");
      await waitFor("software", () =>
        page.evaluate(() => window.told.stats.at(-1)?.decoder === "software"),
      );
      expect(stage.addresses.length).toBe(1);
    });

    test("one that is not supported is replaced at once", async () => {
      await using stage = new Stage();
      const faults: DecoderFaults = { of: ["no-preference"], how: "refuse" };
      const page = await open(stage, faults, ["h264"], worker);
      await shows(page, pictures.h264, tolerance);
      expect(await page.evaluate(() => window.told.errors[0])).toMatch(/^NotSupportedError/);
    });

    test("where software fails too, JPEG is asked for", async () => {
      await using stage = new Stage();
      const faults: DecoderFaults = { of: ["no-preference", "prefer-software"], how: "error" };
      const page = await open(stage, faults, ["h264", "jpeg"], worker);
      await shows(page, pictures.jpeg, TOLERANCE);
      const codecs = stage.addresses.map(({ searchParams }) => searchParams.get("codec"));
      expect(codecs).toEqual([null, "jpeg"]);
      expect((await totalsOf(page)).reconnects).toBe(1);
    });
  });

  test("one failure is the stream's: the decoder stays what it is", async () => {
    await using stage = new Stage();
    const script = inEveryRealm(
      faultyDecoders({ of: ["no-preference"], how: "error", count: 1 }) +
        faultyDecoders({ of: ["prefer-software"], how: "refuse" }),
    );
    stage.repertoire = { ...repertoire, frames: { h264: repertoire.frames.h264 ?? [] } };
    const page = await stage.open(browser, { script });
    await shows(page, pictures.h264, tolerance);
    expect((await totalsOf(page)).decodeErrors).toBe(1);
  });

  test("one that holds pictures back is replaced by one in software", async () => {
    await using stage = new Stage();
    const page = await open(stage, { of: ["no-preference"], how: "hold" }, ["h264"], true);
    await shows(page, pictures.h264, tolerance);
    expect(await page.evaluate(() => window.told.errors)).toEqual([]);
  });

  test("a server without JPEG is asked for keyframes, once a second, and for nothing else", async () => {
    await using stage = new Stage();
    const faults: DecoderFaults = { of: ["no-preference", "prefer-software"], how: "error" };
    const page = await open(stage, faults, ["h264"], true);
    const from = performance.now();
    await waitFor("six requests", () => stage.count("keyframe") >= 6);
    expect(performance.now() - from).toBeGreaterThan(3000);
    expect(stage.addresses.length).toBe(1);
    expect(await page.evaluate(() => window.player?.state.name)).toBe("connecting");
  });

  test("where H.264 is wanted by name, it is not given up", async () => {
    await using stage = new Stage();
    const script = inEveryRealm(
      faultyDecoders({ of: ["prefer-software"], how: "error", count: 9 }),
    );
    stage.repertoire = repertoire;
    const page = await stage.open(browser, { script, player: { codec: "h264" } });
    await shows(page, pictures.h264, tolerance);
    expect(stage.addresses.map(({ searchParams }) => searchParams.get("codec"))).toEqual(["h264"]);
    await page.evaluate(() => window.player?.setCodec("jpeg"));
    await shows(page, pictures.jpeg, TOLERANCE);
    expect(stage.addresses.at(-1)?.searchParams.get("codec")).toBe("jpeg");
  });
});
