// SPDX-License-Identifier: MPL-2.0
// Rectangles and copies on a real canvas: what the player shows, pixel by pixel.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { ScreenCapture } from "../../src/index.ts";
import { parseStripe, writeHeader } from "../../src/wire.ts";
import { Browser, readCanvas } from "../e2e/browser.ts";
import type { Canvas } from "../support/canvas.ts";
import { waitFor } from "../support/process.ts";
import { Stage, shows, totalsOf } from "../support/stage.ts";

const WIDTH = 161;
const HEIGHT = 96;

/** The first frame of the test picture, in messages of the extended kind. */
async function firstFrame(width: number, height: number): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  let rows = 0;
  const display = `synthetic://${width}x${height}@0`;
  await using capture = new ScreenCapture({ display, stripeHeader: "extended", stripeHeight: 16 });
  for await (const stripe of capture) {
    using s = stripe;
    messages.push(s.copy());
    rows += s.stripeHeight;
    if (rows === height) break; // in whichever order they came
  }
  return messages;
}

/** A JPEG's message, as one of another frame and place. */
function moved(message: Uint8Array, frameId: number, x: number, y: number): Uint8Array {
  const { payload, width, height } = parseStripe(message, "extended");
  const bytes = new Uint8Array(14 + payload.length);
  bytes.set(
    payload,
    writeHeader(bytes, { type: "jpeg", frameId, x, y, width, height }, "extended"),
  );
  return bytes;
}

/** A JPEG's message whose picture is noise. */
function spoilt(message: Uint8Array): Uint8Array {
  const bytes = message.slice();
  crypto.getRandomValues(bytes.subarray(14));
  return bytes;
}

interface Copy {
  from: [x: number, y: number];
  to: [x: number, y: number];
  size: [width: number, height: number];
}

function copyMessage(frameId: number, { from, to, size }: Copy): Uint8Array {
  const bytes = new Uint8Array(18);
  const [x, y] = to;
  const [width, height] = size;
  writeHeader(bytes, { type: "copy", frameId, x, y, width, height }, "extended");
  const view = new DataView(bytes.buffer);
  view.setUint16(14, from[0]);
  view.setUint16(16, from[1]);
  return bytes;
}

/** The picture after copies that all start from `before`. */
function withCopies(before: Canvas, copies: readonly Copy[]): Canvas {
  const after = before.crop(0, 0, before.width, before.height);
  for (const { from, to, size } of copies) after.lay(before.crop(...from, ...size), ...to);
  return after;
}

/** The picture with the tile on it. */
function withTile(before: Canvas, x: number, y: number): Canvas {
  const after = withCopies(before, []);
  after.lay(tilePicture, x, y);
  return after;
}

let browser: Browser;
let whole: Uint8Array[];
let tile: Uint8Array;
/** What this browser makes of them: the tests are about where pixels go. */
let wholePicture: Canvas;
let tilePicture: Canvas;

/** A page with a player, and a stage that it is connected to. */
class Scene implements AsyncDisposable {
  readonly stage: Stage;
  readonly page: Page;

  private constructor(stage: Stage, page: Page) {
    this.stage = stage;
    this.page = page;
  }

  static async open(worker: boolean): Promise<Scene> {
    const stage = new Stage();
    stage.screen = { type: "screen", width: WIDTH, height: HEIGHT, mode: "jpeg" };
    return new Scene(stage, await stage.open(browser, { player: { worker } }));
  }

  play(messages: readonly Uint8Array[]): void {
    this.stage.play(messages);
  }

  /** Waits until exactly this is shown. */
  async shows(expected: Canvas, what?: string): Promise<void> {
    await shows(this.page, expected, { max: 0 }, what);
  }

  async asksForKeyframes(count: number): Promise<void> {
    await waitFor(`request ${count}`, () => this.stage.count("keyframe") === count);
  }

  async acknowledges(frameId: number): Promise<void> {
    await waitFor(`the acknowledgement of ${frameId}`, () =>
      this.stage.heard.some((one) => one.type === "ack" && one.frameId === (frameId & 0xffff)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]();
  }
}

describe.each(["chromium", "firefox"] as const)("%s", (name) => {
  beforeAll(async () => {
    browser = await Browser.launch(name);
    whole = await firstFrame(WIDTH, HEIGHT);
    [tile = new Uint8Array()] = await firstFrame(48, 16);
    await using scene = await Scene.open(false);
    // On the main thread, a frame that is counted is to be seen.
    scene.play(whole);
    await waitFor("the picture", async () => (await totalsOf(scene.page)).frames === 1);
    wholePicture = await readCanvas(scene.page);
    scene.play([moved(tile, 1, 0, 0)]);
    await waitFor("the tile", async () => (await totalsOf(scene.page)).frames === 2);
    tilePicture = (await readCanvas(scene.page)).crop(0, 0, 48, 16);
  }, 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  describe.each([true, false])("worker %p", (worker) => {
    test("a copy is exact, also onto itself, and is made before its frame's rectangles", async () => {
      await using scene = await Scene.open(worker);
      scene.play(whole);
      scene.play([moved(tile, 70_001, 32, 32)]);
      let expected = withTile(wholePicture, 32, 32);
      await scene.shows(expected);
      const copies: Copy[] = [
        { from: [0, 9], to: [0, 0], size: [WIDTH, 87] },
        { from: [0, 0], to: [0, 9], size: [WIDTH, 87] },
        { from: [5, 16], to: [8, 18], size: [151, 77] },
        { from: [8, 18], to: [5, 16], size: [151, 77] },
      ];
      for (const [index, copy] of copies.entries()) {
        const frameId = 70_002 + index;
        scene.play([copyMessage(frameId, copy), moved(tile, frameId, 64, 48)]);
        expected = withTile(withCopies(expected, [copy]), 64, 48);
        await scene.shows(expected, JSON.stringify(copy));
      }
      expect(scene.stage.count("keyframe")).toBe(0);
    });

    test("several copies of a frame all start from the picture before it", async () => {
      await using scene = await Scene.open(worker);
      scene.play(whole);
      await scene.shows(wholePicture);
      const copies: Copy[] = [
        { from: [0, 0], to: [3, 48], size: [80, 40] },
        { from: [3, 48], to: [0, 0], size: [80, 40] },
      ];
      scene.play(copies.map((copy) => copyMessage(2, copy)));
      await scene.shows(withCopies(wholePicture, copies));
    });

    test("a frame that comes decoded before the one that it copies from waits for it", async () => {
      await using scene = await Scene.open(worker);
      const copy: Copy = { from: [32, 32], to: [90, 60], size: [48, 16] };
      scene.play(whole);
      scene.play([moved(tile, 2, 32, 32)]);
      scene.play([copyMessage(3, copy)]);
      await scene.shows(withCopies(withTile(wholePicture, 32, 32), [copy]));
      expect((await totalsOf(scene.page)).frames).toBe(3);
    });

    test("what cannot be copied is asked for anew: before the first picture, after a gap", async () => {
      await using scene = await Scene.open(worker);
      const copy: Copy = { from: [0, 0], to: [0, 40], size: [WIDTH, 20] };
      scene.play([copyMessage(90_001, copy)]);
      await scene.asksForKeyframes(1);
      // Of no use, and no longer under way.
      await scene.acknowledges(90_001);
      scene.play(whole);
      await scene.shows(wholePicture);
      scene.stage.tell({ type: "gap" });
      // Its frame is shown, without the copy; the next request waits for a second to be over.
      scene.play([copyMessage(9, copy), moved(tile, 9, 32, 32)]);
      await scene.shows(withTile(wholePicture, 32, 32));
      await scene.asksForKeyframes(2);
      scene.play(whole);
      await scene.shows(wholePicture, "the mended picture");
      scene.play([copyMessage(11, copy)]);
      await scene.shows(withCopies(wholePicture, [copy]));
    });

    test("what a screen of another size leaves behind is no longer under way", async () => {
      await using scene = await Scene.open(worker);
      scene.stage.send(moved(tile, 7, 0, 0)); // not all of its frame
      scene.stage.tell({ type: "screen", width: WIDTH, height: 2 * HEIGHT, mode: "jpeg" });
      await scene.acknowledges(7);
    });

    test("nothing is copied out of the rows of a stripe that could not be decoded", async () => {
      await using scene = await Scene.open(worker);
      scene.play(whole);
      await scene.shows(wholePicture);
      scene.play([spoilt(moved(tile, 2, 32, 32))]);
      await scene.asksForKeyframes(1);
      const above: Copy = { from: [0, 0], to: [0, 64], size: [WIDTH, 32] };
      scene.play([copyMessage(3, above)]);
      const first = withCopies(wholePicture, [above]);
      await scene.shows(first, "rows above it");
      const inside: Copy = { from: [0, 40], to: [0, 0], size: [WIDTH, 16] };
      scene.play([copyMessage(4, inside), moved(tile, 4, 0, 80)]);
      await scene.shows(withTile(first, 0, 80), "its own rows");
    });
  });
});
