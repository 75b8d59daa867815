// SPDX-License-Identifier: MPL-2.0
// What the viewer page says of its connection, and where it connects to.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { streamUrl } from "../../src/viewer/connection.ts";
import { waitFor } from "../support/process.ts";
import { Browser, readCanvas, textsOf } from "./browser.ts";
import { PrefixProxy } from "./prefix-proxy.ts";
import { HEIGHT, live, ViewerStage, WIDTH } from "./viewer-stage.ts";

let browser: Browser;
let firefox: Browser;

beforeAll(async () => {
  [browser, firefox] = await Promise.all([Browser.launch(), Browser.launch("firefox")]);
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await firefox?.[Symbol.asyncDispose]();
});

const SCREEN = { type: "screen", width: WIDTH, height: HEIGHT, mode: "jpeg" } as const;

/** Waits until the notice shows these words. */
async function notice(page: Page, words: string): Promise<void> {
  await page.locator("#notice").getByText(words).waitFor();
}

/** Waits for a pause of at least so many seconds. */
async function longPause(page: Page, seconds: number): Promise<number> {
  return await waitFor(
    `a pause of ${seconds} s`,
    async () => {
      const left = await secondsLeft(page);
      return left >= seconds && left;
    },
    30_000,
  );
}

/** What the countdown says; 0 where there is none. */
async function secondsLeft(page: Page): Promise<number> {
  const words = (await page.locator("#notice-retry").textContent()) ?? "";
  return Number(/^Trying again in (\d+) s$/.exec(words)?.[1] ?? 0);
}

test("connecting, waiting for the first picture, and showing it", async () => {
  await using stage = new ViewerStage({ greets: false, playing: false });
  const page = await browser.open(stage.url);
  await waitFor("the connection", () => stage.viewerCount === 1);
  await notice(page, "Connecting…");
  expect(await page.locator("#retry").isVisible()).toBe(false);
  expect(await page.locator("#state").textContent()).toBe("Connecting…");
  stage.tell(SCREEN);
  await notice(page, "Waiting for the first picture…");
  expect(await page.locator("#state").textContent()).toBe(`${WIDTH} × ${HEIGHT}, JPEG`);
  stage.playing = true;
  await live(page);
  expect(await page.locator("#notice").isVisible()).toBe(false);
  expect(await page.title()).toBe(`${WIDTH} × ${HEIGHT}, JPEG – pixelflux`);
  await page.close();
});

test("says what happened, keeps the picture, counts down, and comes back by itself", async () => {
  await using stage = new ViewerStage();
  const page = await browser.open(stage.url);
  await live(page);
  // They stand there until the next attempt, which need not be long.
  const [states, notices] = [await textsOf(page, "#state"), await textsOf(page, "#notice")];
  stage.refusal = { status: 503, words: "100 viewers watch already" };
  stage.tell({ type: "failure", message: "the display is gone" });
  stage.hangUp();
  await waitFor("the words", async () =>
    (await states()).includes("Disconnected: the display is gone"),
  );
  expect((await notices()).some((text) => /Disconnected.*The display is gone\./s.test(text))).toBe(
    true,
  );
  const { rgb } = await readCanvas(page);
  expect(rgb.some((value) => value !== 0)).toBe(true);
  await waitFor("the picture to dim", async () => {
    const style = page.locator("#screen").evaluate((canvas) => getComputedStyle(canvas).opacity);
    return Number(await style) < 0.5;
  });
  await notice(page, "100 viewers watch already.");
  const left = await longPause(page, 3);
  await waitFor("the next second", async () => (await secondsLeft(page)) === left - 1);
  stage.refusal = undefined;
  await live(page);
  expect(await page.locator("#notice").isVisible()).toBe(false);
  await waitFor("the picture to be as bright as ever", async () => {
    const style = page.locator("#screen").evaluate((canvas) => getComputedStyle(canvas).opacity);
    return (await style) === "1";
  });
  await page.close();
});

test.each([
  ["mouse", "chromium"],
  ["keyboard", "chromium"],
  ["mouse", "firefox"],
])("connects at once when told to, by %s in %s", async (way, name) => {
  await using stage = new ViewerStage({ codecs: ["h264", "jpeg"] });
  const page = await (name === "firefox" ? firefox : browser).open(stage.url);
  await live(page);
  await page.locator("#codec").selectOption("jpeg");
  await waitFor("JPEG", async () => (await page.locator("#state").textContent())?.includes("JPEG"));
  await live(page);
  stage.refusal = { status: 403, words: "this page is not let in" };
  stage.hangUp();
  await longPause(page, 3);
  await page.evaluate(() => Object.assign(window, { before: window.player }));
  stage.refusal = undefined;
  const button = page.getByRole("button", { name: "Try now" });
  if (way === "mouse") await button.click();
  else await button.press("Enter");
  await live(page);
  // Not by the pause's end: another player has connected, with the choice of the one before.
  const before = await page.evaluate(() => {
    const { before } = window as unknown as { before: NonNullable<typeof window.player> };
    return { isAnother: before !== window.player, state: before.state.name };
  });
  expect(before).toEqual({ isAnother: true, state: "closed" });
  expect(stage.addresses.at(-1)?.searchParams.get("codec")).toBe("jpeg");
  expect(await page.locator("#codec").inputValue()).toBe("jpeg");
  const frames = () => page.evaluate(() => window.player?.totals.frames ?? 0);
  await waitFor("frames", async () => (await frames()) > 3);
  expect((await readCanvas(page)).rgb.some((value) => value !== 0)).toBe(true);
  await page.close();
});

test("says that it is closed, and connects again", async () => {
  await using stage = new ViewerStage();
  const page = await browser.open(stage.url);
  await live(page);
  await page.evaluate(() => window.player?.close());
  await notice(page, "Connection closed");
  expect(await page.locator("#state").getAttribute("data-state")).toBe("closed");
  await waitFor("it to leave", () => stage.viewerCount === 0);
  await page.getByRole("button", { name: "Connect again" }).click();
  await live(page);
  expect(await page.locator("#notice").isVisible()).toBe(false);
  await page.close();
});

test("passes its token on, and nothing else", async () => {
  await using stage = new ViewerStage();
  const page = await browser.open(new URL("?token=open%20sesame%26&codec=h264&x=1", stage.url));
  await live(page);
  const { pathname, searchParams } = stage.addresses.at(-1) ?? stage.url;
  expect(pathname).toBe("/stream");
  expect(Object.fromEntries(searchParams)).toEqual({ token: "open sesame&" });
  await page.close();
});

test("works under a path behind a proxy that knows no other", async () => {
  await using stage = new ViewerStage();
  await using proxy = new PrefixProxy("/desk", stage.url);
  const page = await browser.open(new URL("/desk/?token=t", proxy.url));
  await live(page);
  const style = await page.locator("#bar").evaluate((bar) => getComputedStyle(bar).display);
  expect(style).toBe("flex"); // so its style sheet has come too
  expect(stage.addresses.at(-1)?.search).toBe("?token=t");
  await page.close();
});

describe("the stream's address", () => {
  test.each([
    ["http://127.0.0.1:9001/", "ws://127.0.0.1:9001/stream"],
    ["https://example.org/", "wss://example.org/stream"],
    ["https://example.org/a/desk/#x", "wss://example.org/a/desk/stream"],
    ["https://example.org/desk/index.html?y=2", "wss://example.org/desk/stream"],
    ["https://example.org:8443/?token=a%2Bb", "wss://example.org:8443/stream?token=a%2Bb"],
  ])("of %s", (page, stream) => {
    expect(streamUrl(page).href).toBe(stream);
  });
});
