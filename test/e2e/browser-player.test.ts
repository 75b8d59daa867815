// SPDX-License-Identifier: MPL-2.0
// A player and its server: what it makes of stripes and messages, and what it says.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitFor } from "../support/process.ts";
import { type Mode, record, Stage, totalsOf } from "../support/stage.ts";
import { Browser, type BrowserName, readCanvas, textsOf } from "./browser.ts";

let browser: Browser;

/** The frames of {@link record}, without what only a decoder needs. */
async function frames(width: number, height: number, mode: Mode, count: number) {
  return (await record(width, height, mode, count)).frames;
}

/** A stripe, as one of another frame. */
function numbered(stripe: Uint8Array, frameId: number): Uint8Array {
  const copy = stripe.slice();
  new DataView(copy.buffer).setUint16(2, frameId & 0xffff);
  return copy;
}

describe.each(["chromium", "firefox"] as BrowserName[])("%s", (name) => {
  beforeAll(async () => {
    browser = await Browser.launch(name);
  }, 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  describe.each(["h264", "jpeg"] as const)("%s", (mode) => {
    test("follows changes of size, and keeps its picture until there is a new one", async () => {
      await using stage = new Stage();
      const page = await stage.open(browser);
      const sizes = [
        [320, 240],
        [640, 361],
        [319, 241],
      ] as const;
      let before: { width: number; height: number } = { width: 300, height: 150 };
      for (const [index, [width, height]] of sizes.entries()) {
        const [frame] = await frames(width, height, mode, 1);
        stage.tell({ type: "screen", width, height, mode });
        await waitFor("the player to know the size", () =>
          page.evaluate((count) => window.told.screens.length === count, index + 1),
        );
        expect(await page.evaluate(() => window.player?.screen)).toMatchObject({ width, height });
        const { width: shownWidth, height: shownHeight } = await readCanvas(page);
        expect({ width: shownWidth, height: shownHeight }).toEqual(before);
        stage.play(frame);
        await waitFor("the new size", async () => {
          const canvas = await readCanvas(page);
          return canvas.width === width && canvas.height === height;
        });
        before = { width, height };
      }
    });

    test("goes on after a stripe that it cannot decode, and asks for a keyframe", async () => {
      await using stage = new Stage();
      const page = await stage.open(browser);
      const [whole, ...later] = await frames(320, 240, mode, 4);
      stage.tell({ type: "screen", width: 320, height: 240, mode });
      stage.play(whole);
      await waitFor("the first frame", async () => (await totalsOf(page)).frames === 1);
      expect(stage.count("keyframe")).toBe(0);
      // Its header is right, the rest is noise.
      const broken = whole.map((stripe) => {
        const copy = stripe.slice();
        crypto.getRandomValues(copy.subarray(mode === "h264" ? 10 : 6));
        return copy;
      });
      stage.play(broken);
      await waitFor("the error", async () => (await totalsOf(page)).decodeErrors > 0);
      await waitFor("the request", () => stage.count("keyframe") > 0);
      const { frames: painted } = await totalsOf(page);
      stage.play(whole);
      for (const frame of later) stage.play(frame);
      await waitFor("later frames", async () => (await totalsOf(page)).frames >= painted + 3);
      expect(await page.evaluate(() => window.told.errors.length)).toBeGreaterThan(0);
    });
  });

  test("shows nothing of a row before its keyframe", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    const [whole, ...later] = await frames(320, 240, "h264", 3);
    stage.tell({ type: "screen", width: 320, height: 240, mode: "h264" });
    for (const frame of later) stage.play(frame);
    const received = later.flat().length;
    await waitFor("the stripes", async () => (await totalsOf(page)).stripes === received);
    expect(await totalsOf(page)).toMatchObject({ frames: 0, decodeErrors: 0 });
    stage.play(whole);
    await waitFor("the keyframe", async () => (await totalsOf(page)).frames === 1);
  });

  test("says what is no stripe at all, and goes on", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    stage.send(Uint8Array.of(3, 9, 0, 0, 0, 0, 1));
    await waitFor("the error", () =>
      page.evaluate(() => window.told.errors.some((words) => words.startsWith("WireError"))),
    );
    const [frame] = await frames(64, 64, "jpeg", 1);
    stage.tell({ type: "screen", width: 64, height: 64, mode: "jpeg" });
    stage.play(frame);
    await waitFor("a frame", async () => (await totalsOf(page)).frames === 1);
  });

  test("acknowledges the last frame of a burst, and not each", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    const [frame] = await frames(64, 64, "jpeg", 1);
    stage.tell({ type: "screen", width: 64, height: 64, mode: "jpeg" });
    const acks = () => stage.heard.filter((message) => message.type === "ack");
    const FIRST_ID = 65_500; // numbers wrap at 65536
    const BURST = 40;
    for (let burst = 1; burst <= 5; burst++) {
      for (let id = (burst - 1) * BURST; id < burst * BURST; id++) {
        stage.play(frame.map((stripe) => numbered(stripe, FIRST_ID + id)));
      }
      const last = (FIRST_ID + burst * BURST - 1) & 0xffff;
      await waitFor("the last frame's acknowledgement", () => acks().at(-1)?.frameId === last);
    }
    const count = 5 * BURST;
    await waitFor("the counters", async () => (await totalsOf(page)).frames === count);
    expect(acks().length).toBeLessThan(count / 2);
    const order = acks().map(({ frameId }) => (frameId - FIRST_ID) & 0xffff);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("pings, and knows the round trip", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    await waitFor("pings", () => stage.count("ping") >= 3);
    const roundTripMs = await waitFor("the round trip", () =>
      page.evaluate(() => window.told.stats.at(-1)?.roundTripMs),
    );
    expect(roundTripMs).toBeGreaterThanOrEqual(0);
  });

  test("passes on what its methods ask for", async () => {
    await using stage = new Stage();
    const page = await stage.open(browser);
    stage.tell({ type: "screen", width: 64, height: 64, mode: "jpeg" });
    await waitFor("the player to hear it", () => page.evaluate(() => window.told.screens.length));
    await page.evaluate(() => {
      const { player } = window;
      player?.requestKeyframe();
      player?.setQuality("low");
      player?.pause();
      player?.pause();
      player?.resume();
    });
    const wishes = () => stage.heard.filter(({ type }) => type !== "ping");
    await waitFor("the messages", () => wishes().length === 5);
    expect(wishes()).toEqual([
      { type: "cursor" },
      { type: "keyframe" },
      { type: "quality", quality: "low" },
      { type: "pause" },
      { type: "resume" },
    ]);
  });

  test("connects anew for another codec, and not for the one that it has", async () => {
    await using stage = new Stage();
    const [jpeg, h264] = [await frames(64, 64, "jpeg", 1), await frames(64, 64, "h264", 1)];
    stage.repertoire = { width: 64, height: 64, frames: { jpeg, h264 } };
    const page = await stage.open(browser);
    const mode = () => page.evaluate(() => window.player?.screen?.mode);
    await waitFor("JPEG", async () => (await mode()) === "jpeg");
    await page.evaluate(() => window.player?.setCodec("jpeg"));
    await page.evaluate(() => window.player?.setCodec("h264"));
    await waitFor("H.264", async () => (await mode()) === "h264");
    await page.evaluate(() => window.player?.setCodec("auto"));
    await waitFor("JPEG again", async () => (await mode()) === "jpeg");
    const codecs = stage.addresses.map(({ searchParams }) => searchParams.get("codec"));
    expect(codecs).toEqual([null, "h264", null]);
    await waitFor("both counted", async () => (await totalsOf(page)).reconnects === 2);
  });

  test("without a secure context, asks for JPEG from the start, and says what H.264 needs", async () => {
    await using stage = new Stage();
    const [jpeg, h264] = [await frames(64, 64, "jpeg", 1), await frames(64, 64, "h264", 1)];
    stage.repertoire = { width: 64, height: 64, frames: { h264, jpeg } };
    const page = await stage.open(browser, { isPlain: true });
    await waitFor("a frame", async () => (await totalsOf(page)).frames > 0);
    expect(await page.evaluate(() => [isSecureContext, "VideoDecoder" in window])).toEqual([
      false,
      false,
    ]);
    expect(stage.addresses.map(({ searchParams }) => searchParams.get("codec"))).toEqual(["jpeg"]);
    await waitFor("statistics", () => page.evaluate(() => window.told.stats.at(-1)?.inWorker));
    await page.evaluate(() => window.player?.setCodec("h264"));
    const reason = await waitFor("the reason", () =>
      page.evaluate(() => {
        const state = window.player?.state;
        return state?.name === "waiting" && state.reason;
      }),
    );
    expect(reason).toContain("https");
  });
});

test("the example's page says what the server's failure was, and connects again", async () => {
  await using chromium = await Browser.launch();
  await using stage = new Stage();
  const page = await stage.open(chromium, { path: "/example" });
  // The words stand there until the next attempt, which need not be long.
  const texts = await textsOf(page, "#state");
  stage.tell({ type: "failure", message: "the display is gone" });
  stage.hangUp(1011);
  await waitFor("the words", async () =>
    (await texts()).some((text) => text.includes("the display is gone")),
  );
  await waitFor("the next connection", () => stage.viewers === 1);
});
