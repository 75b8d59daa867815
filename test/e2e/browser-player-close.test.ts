// SPDX-License-Identifier: MPL-2.0
// Where a player's core runs, what is left of it after close(), and who has the canvas then.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import type { PlayerOptions } from "../../src/client/index.ts";
import type { Canvas } from "../support/canvas.ts";
import { showStripes } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { COUNTING, type Holdings, holdingsOf, inEveryRealm } from "../support/realms.ts";
import { type Repertoire, record, Stage, shows, totalsOf } from "../support/stage.ts";
import { Browser, type BrowserName } from "./browser.ts";

const SIZE = { width: 320, height: 240 };
/** Of the same JPEG, decoded by another decoder. */
const TOLERANCE = { psnr: 34 };
const NOTHING: Holdings = {
  ...{ sockets: 0, decoders: 0, frames: 0, images: 0, timers: 0, listeners: 0, urls: 0 },
};

let browser: Browser;
let repertoire: Repertoire;
let picture: Canvas;

beforeAll(async () => {
  const { frames: h264 } = await record(SIZE.width, SIZE.height, "h264", 3);
  const { frames: jpeg, stripes } = await record(SIZE.width, SIZE.height, "jpeg", 3);
  repertoire = { ...SIZE, frames: { h264, jpeg } };
  picture = await showStripes(stripes, SIZE.width, SIZE.height);
});

const statesOf = (page: Page) => page.evaluate(() => window.told.states.map(({ name }) => name));

async function isShown(page: Page): Promise<void> {
  await waitFor("frames", async () => (await totalsOf(page)).frames >= 3);
}

/** Waits until the page and its worker hold no more than this. */
async function holds(page: Page, expected: Record<string, Holdings>): Promise<void> {
  let words = "";
  await waitFor("everything to be given back", async () => {
    const holdings = await holdingsOf(page);
    words = JSON.stringify(holdings);
    const byRealm = Object.fromEntries(holdings.map(({ realm, held }) => [realm, held]));
    return Bun.deepEquals(byRealm, expected);
  }).catch((error) => {
    throw new Error(`${error.message}; held: ${words}`);
  });
}

describe.each(["chromium", "firefox"] as BrowserName[])("%s", (name) => {
  beforeAll(async () => {
    browser = await Browser.launch(name);
  }, 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  const CASES: PlayerOptions[] = [
    { worker: true, codec: "h264" },
    { worker: true, codec: "jpeg" },
    { worker: false, codec: "h264" },
    { worker: false, codec: "jpeg" },
  ];

  test.each(CASES)("close() gives everything back: %j", async (player) => {
    await using stage = new Stage();
    stage.repertoire = repertoire;
    const page = await stage.open(browser, { player, script: inEveryRealm(COUNTING) });
    await isShown(page);
    const during = await holdingsOf(page);
    const at = (realm: string) => during.find((holdings) => holdings.realm === realm)?.held;
    const core = player.worker ? at("worker") : at("page");
    expect(core).toMatchObject({ sockets: 1, frames: 0, images: 0 });
    expect(core?.decoders).toBe(player.codec === "h264" ? 4 : 0);
    expect(at("page")?.listeners).toBe(2);
    await page.evaluate(() => window.player?.close());
    await waitFor("the connection to end", () => stage.viewers === 0);
    await holds(page, { page: NOTHING, ...(player.worker && { worker: NOTHING }) });
    expect((await statesOf(page)).at(-1)).toBe("closed");
    const { length } = stage.addresses;
    // What is still under way when it is closed is given back too.
    for (let round = 0; round < 3; round++) {
      await page.evaluate((options) => window.openPlayer(options), player);
      await waitFor("the connection", () => stage.addresses.length === length + round + 1);
      await page.evaluate(() => window.player?.close());
      await waitFor("its end", () => stage.viewers === 0);
    }
    await holds(page, { page: NOTHING, ...(player.worker && { worker: NOTHING }) });
  });

  test.each([true, false])("close() while it waits to reconnect, worker %p", async (worker) => {
    await using stage = new Stage();
    stage.refusal = { status: 503, text: "full" };
    const options = { player: { worker }, script: inEveryRealm(COUNTING) };
    const page = await stage.openPage(browser, options);
    await waitFor("a pause", async () => (await statesOf(page)).includes("waiting"));
    await page.evaluate(() => window.player?.close());
    await holds(page, { page: NOTHING, ...(worker && { worker: NOTHING }) });
  });

  test.each([true, false])("another player has the canvas after it, worker %p", async (worker) => {
    await using stage = new Stage();
    stage.repertoire = { ...repertoire, frames: { jpeg: repertoire.frames.jpeg ?? [] } };
    const page = await stage.open(browser, { player: { worker } });
    await shows(page, picture, TOLERANCE);
    // As React's strict mode does: all in one task, the middle one being closed before it began.
    await page.evaluate(
      (player) => {
        window.player?.close();
        window.openPlayer(player).close();
        window.openPlayer(player);
      },
      { worker },
    );
    await isShown(page);
    await shows(page, picture, TOLERANCE);
    const stats = await waitFor("statistics", () => page.evaluate(() => window.told.stats.at(-1)));
    expect(stats.inWorker).toBe(worker);
    expect(page.workers().length).toBe(worker ? 1 : 0);
    expect(stage.viewers).toBe(1);
  });

  test("two players cannot have one canvas", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser, { script: inEveryRealm(COUNTING) });
    const words = await page.evaluate(() => {
      try {
        window.openPlayer();
        return "no error";
      } catch (error) {
        return String(error);
      }
    });
    expect(words).toBe("Error: another player has this canvas: close() it first");
    expect(stage.viewers).toBe(1);
    const [{ held } = { held: NOTHING }] = await holdingsOf(page);
    expect(held.listeners).toBe(2);
  });

  test("a policy without workers leaves the canvas to the main thread", async () => {
    await using stage = new Stage();
    stage.repertoire = { ...repertoire, frames: { jpeg: repertoire.frames.jpeg ?? [] } };
    const page = await stage.open(browser, { path: "/no-worker" });
    await shows(page, picture, TOLERANCE);
    const stats = await waitFor("statistics", () => page.evaluate(() => window.told.stats.at(-1)));
    expect(stats.inWorker).toBe(false);
  });

  test("a canvas that the page draws on already stays on the main thread", async () => {
    await using stage = new Stage();
    stage.repertoire = { ...repertoire, frames: { jpeg: repertoire.frames.jpeg ?? [] } };
    const script = `addEventListener("DOMContentLoaded", () =>
      document.querySelector("canvas").getContext("2d").fillRect(0, 0, 9, 9));`;
    const page = await stage.open(browser, { script });
    await shows(page, picture, TOLERANCE);
    await waitFor("the worker to end", () => page.workers().length === 0);
  });

  test("a canvas of another kind is refused in words", async () => {
    await using stage = new Stage();
    const script = `addEventListener("DOMContentLoaded", () =>
      document.querySelector("canvas").getContext("bitmaprenderer"));`;
    const page = await stage.openPage(browser, { script });
    const state = await waitFor("the end", () =>
      page.evaluate(() => window.player?.state.name === "closed" && window.player.state),
    );
    expect(state).toMatchObject({ reason: "the canvas is in use by another kind of context" });
  });
});

test("a worker goes when its canvas is collected", async () => {
  await using chromium = await Browser.launch();
  await using stage = new Stage();
  stage.repertoire = repertoire;
  const page = await stage.open(chromium);
  await isShown(page);
  await page.evaluate(() => window.player?.close());
  expect(page.workers().length).toBe(1);
  await page.evaluate(() => {
    document.querySelector("canvas")?.remove();
    delete window.player;
  });
  await waitFor("the worker to go", async () => {
    await page.requestGC();
    return page.workers().length === 0;
  });
});
