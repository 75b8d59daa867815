// SPDX-License-Identifier: MPL-2.0
// A connection that is lost, refused or silent, and a page that nobody looks at.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { CLOSE_CODES, type PlayerState } from "../../src/client/index.ts";
import type { Canvas } from "../support/canvas.ts";
import { showStripes } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { type Repertoire, record, Stage, shows, totalsOf } from "../support/stage.ts";
import { Browser, type BrowserName } from "./browser.ts";

const SIZE = { width: 320, height: 240 };
/** Of the same JPEG, decoded by another decoder. */
const TOLERANCE = { psnr: 34 };

let browser: Browser;
let repertoire: Repertoire;
let picture: Canvas;

beforeAll(async () => {
  const { frames, stripes } = await record(SIZE.width, SIZE.height, "jpeg", 2);
  repertoire = { ...SIZE, frames: { jpeg: frames } };
  picture = await showStripes(stripes, SIZE.width, SIZE.height);
});

const stateOf = (page: Page) => page.evaluate(() => window.player?.state);
const statesOf = (page: Page) => page.evaluate(() => window.told.states);

async function isLive(page: Page): Promise<void> {
  await waitFor("a live picture", async () => (await stateOf(page))?.name === "live");
}

/** Waits until the player waits for another attempt; gives why, and for how long. */
function isWaiting(page: Page): Promise<Extract<PlayerState, { name: "waiting" }>> {
  return waitFor("the player to wait", async () => {
    const state = (await statesOf(page)).findLast(({ name }) => name === "waiting");
    return state?.name === "waiting" ? state : undefined;
  });
}

/** The pause was of seconds. Firefox may put off the attempt itself, after failures. */
async function triesAtOnce(page: Page): Promise<void> {
  const isOver = async () => (await stateOf(page))?.name !== "waiting";
  await waitFor("the end of the pause", isOver, 1000);
}

/** A page whose visibility the test sets by `setVisibility`. */
const VISIBILITY = `
  let visibility = "visible";
  Object.defineProperty(document, "visibilityState", { get: () => visibility });
  window.setVisibility = (value) => {
    visibility = value;
    document.dispatchEvent(new Event("visibilitychange"));
  };`;

/**
 * Hides the page and shows it again. Firefox does it by another tab in front; a
 * Chromium that is driven takes all its pages for shown, so there it is said.
 */
async function hide(page: Page): Promise<() => Promise<void>> {
  if (browser.name === "firefox") {
    const tab = page.context().waitForEvent("page");
    await page.click("a");
    const other = await tab;
    return async () => {
      await page.bringToFront();
      await other.close();
    };
  }
  const say = (value: string) => page.evaluate(`setVisibility("${value}")`);
  await say("hidden");
  return async () => {
    await say("visible");
  };
}

describe.each(["chromium", "firefox"] as BrowserName[])("%s", (name) => {
  beforeAll(async () => {
    browser = await Browser.launch(name);
  }, 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  test("keeps the picture of a server that goes away, and is back with it", async () => {
    let stage = new Stage();
    stage.repertoire = repertoire;
    const page = await stage.open(browser);
    await shows(page, picture, TOLERANCE);
    const { port } = stage.url;
    await stage.stop();
    expect((await isWaiting(page)).reason).toMatch(/lost|closed|cannot be reached/);
    await shows(page, picture, TOLERANCE, "the picture that was there before");
    await waitFor("an attempt in vain", async () =>
      (await statesOf(page)).some(
        (state) => state.name === "waiting" && state.reason === "the server cannot be reached",
      ),
    );
    stage = new Stage(Number(port));
    stage.repertoire = repertoire;
    await isLive(page);
    await waitFor("the counter", async () => (await totalsOf(page)).reconnects === 1);
    await page.close();
    await stage.stop();
  });

  test("says what a server that refuses says, and tries again after growing pauses", async () => {
    await using stage = new Stage();
    stage.repertoire = repertoire;
    stage.refusal = { status: 401, text: "This needs a token.\n" };
    const page = await stage.openPage(browser);
    const waits = async () =>
      (await statesOf(page)).filter((state) => state.name === "waiting") as { retryMs: number }[];
    await waitFor("three refusals", async () => (await waits()).length >= 3);
    const { reason } = await isWaiting(page);
    expect(reason).toBe("This needs a token.");
    for (const [index, firstMs] of [500, 1000, 2000].entries()) {
      expect((await waits())[index]?.retryMs).toBeWithin(firstMs * 0.75, firstMs + 1);
    }
    stage.refusal = undefined;
    await isLive(page);
    const { length } = await waits();
    stage.hangUp(CLOSE_CODES.tooSlow);
    await waitFor("the next pause", async () => (await waits()).length > length);
    // A frame was shown: the pauses begin with the shortest again.
    expect((await waits()).at(-1)?.retryMs).toBeWithin(375, 501);
    await isLive(page);
  });

  test.each([
    [CLOSE_CODES.tooSlow, "", undefined, "this connection was too slow for the stream"],
    [CLOSE_CODES.misbehaved, "", undefined, "the server refused this viewer's messages"],
    [CLOSE_CODES.failed, "", "the display is gone", "the display is gone"],
    [CLOSE_CODES.failed, "", undefined, "the server has failed"],
    [1001, "", undefined, "the server is going away"],
    [1000, "", undefined, "the server closed the connection"],
    [4321, "tea time", undefined, "tea time"],
  ])("says why after close code %p %p", async (code, words, failure, reason) => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    if (failure !== undefined) stage.tell({ type: "failure", message: failure });
    stage.hangUp(code, words);
    expect((await isWaiting(page)).reason).toBe(reason);
  });

  test("is closed for good where it is not to reconnect", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser, { player: { reconnect: false } });
    stage.hangUp();
    await waitFor("the end", async () => (await stateOf(page))?.name === "closed");
    expect(await stateOf(page)).toEqual({
      name: "closed",
      reason: "the server closed the connection",
    });
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await page.evaluate(() => window.player?.close());
    expect((await statesOf(page)).filter(({ name: state }) => state === "closed").length).toBe(1);
    expect(stage.addresses.length).toBe(1);
  });

  test("tries at once when the device is online again", async () => {
    await using stage = new Stage();
    stage.refusal = { status: 503, text: "full" };
    const page = await stage.openPage(browser);
    // Pauses are of seconds by then.
    await waitFor("refusals", async () => stage.addresses.length >= 4, 20_000);
    await waitFor("a pause", async () => (await stateOf(page))?.name === "waiting");
    stage.refusal = undefined;
    const { length } = stage.addresses;
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await triesAtOnce(page);
    await waitFor("the next attempt", () => stage.addresses.length > length);
  });

  test("is paused while the page is hidden, and tries at once when it is shown", async () => {
    await using stage = new Stage();
    stage.repertoire = repertoire;
    const script = name === "chromium" ? VISIBILITY : "";
    const page = await stage.open(browser, { script });
    await isLive(page);
    const wishes = () => stage.heard.flatMap(({ type }) => (/pause|resume/.test(type) ? type : []));
    const show = await hide(page);
    await waitFor("the pause", () => wishes().length === 1);
    await show();
    await waitFor("the end of the pause", () => wishes().length === 2);
    expect(wishes()).toEqual(["pause", "resume"]);
    await shows(page, picture, TOLERANCE);
    // And one that comes back to a connection that is lost.
    const showAgain = await hide(page);
    await waitFor("the second pause", () => wishes().length === 3);
    stage.refusal = { status: 503, text: "full" };
    stage.hangUp();
    await waitFor("refusals", async () => stage.addresses.length >= 4, 30_000);
    await waitFor("a pause", async () => (await stateOf(page))?.name === "waiting");
    stage.refusal = undefined;
    const { length } = stage.addresses;
    await showAgain();
    await triesAtOnce(page);
    await waitFor("the next attempt", () => stage.addresses.length > length);
    await isLive(page);
  });

  test("a connection that is made while the page is hidden is paused from the start", async () => {
    await using stage = new Stage();
    const script = `${VISIBILITY} visibility = "hidden";`;
    const page = await stage.open(browser, { script });
    await waitFor("the pause", () => stage.count("pause") === 1);
    await page.evaluate(() => window.player?.pause());
    await page.evaluate(`setVisibility("visible")`);
    await waitFor("some time to pass", () => stage.count("ping") >= 3);
    expect(stage.count("resume")).toBe(0);
    await page.evaluate(() => window.player?.resume());
    await waitFor("the end of the pause", () => stage.count("resume") === 1);
  });

  test("leaves a server that does not answer any more", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    await waitFor("a pong", () =>
      page.evaluate(() => window.told.stats.some(({ roundTripMs }) => roundTripMs !== undefined)),
    );
    stage.answersPings = false;
    const waiting = await waitFor(
      "the player to give up",
      async () => (await statesOf(page)).find((state) => state.name === "waiting"),
      20_000,
    );
    expect(waiting).toMatchObject({ reason: "the server does not answer" });
    stage.answersPings = true;
    await waitFor("the next connection", () => stage.addresses.length === 2);
  }, 40_000);
});
