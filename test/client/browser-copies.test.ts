// SPDX-License-Identifier: MPL-2.0
// Rectangles and copies on a real canvas: what the player shows, pixel by pixel.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import html from "pixelflux-ffi/viewer";
import { parseViewerMessage, type ServerMessage } from "../../src/client/messages.ts";
import { ScreenCapture } from "../../src/index.ts";
import { parseStripe, writeHeader } from "../../src/wire.ts";
import { Browser, readCanvas } from "../e2e/browser.ts";
import { type Canvas, expectAlike } from "../support/canvas.ts";
import { waitFor } from "../support/process.ts";

const WIDTH = 161;
const HEIGHT = 96;

/** The first frame of the test picture, in messages of the extended kind. */
async function firstFrame(width: number, height: number): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  const display = `synthetic://${width}x${height}@0`;
  await using capture = new ScreenCapture({ display, stripeHeader: "extended", stripeHeight: 16 });
  for await (const stripe of capture) {
    using s = stripe;
    messages.push(s.copy());
    if (s.stripeYStart + s.stripeHeight === height) break;
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

/** Plays messages to the one page that is open on it. */
class Stage implements AsyncDisposable {
  keyframes = 0;
  #socket: ServerWebSocket<undefined> | undefined;
  readonly #server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0, development: false, routes: { "/": html } },
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response(null, { status: 404 }),
    websocket: {
      data: undefined as undefined,
      open: (socket) => {
        this.#socket = socket;
      },
      message: (_, text) => {
        if (parseViewerMessage(text)?.type === "keyframe") this.keyframes += 1;
      },
    },
  });

  async open() {
    const page = await browser.open(this.#server.url);
    await waitFor("the page to connect", () => this.#socket !== undefined);
    this.tell({ type: "screen", width: WIDTH, height: HEIGHT, mode: "jpeg" });
    const frames = () => page.evaluate(() => window.player?.totals.frames ?? 0);
    /** Plays a frame and reads what is shown then. */
    const show = async (frameId: number, messages: readonly Uint8Array[]) => {
      const known = await frames();
      this.play(frameId, messages);
      await waitFor("the frame", async () => (await frames()) > known);
      return await readCanvas(page);
    };
    return { page, show, frames };
  }

  tell(message: ServerMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  play(frameId: number, messages: readonly Uint8Array[]): void {
    for (const message of messages) this.#socket?.send(message);
    this.tell({ type: "end", frameId });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

let browser: Browser;
let whole: Uint8Array[];
let tile: Uint8Array;

beforeAll(async () => {
  browser = await Browser.launch();
  whole = await firstFrame(WIDTH, HEIGHT);
  [tile = new Uint8Array()] = await firstFrame(48, 16);
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});

const EXACT = { max: 0 };

test("a copy is exact, also onto itself, and is made before its frame's rectangles", async () => {
  await using stage = new Stage();
  const { page, show } = await stage.open();
  await show(70_000, whole);
  const tiled = await show(70_001, [moved(tile, 70_001, 32, 32)]);
  const tilePicture = tiled.crop(32, 32, 48, 16);
  let before = tiled;
  const copies: Copy[] = [
    { from: [0, 9], to: [0, 0], size: [WIDTH, 87] },
    { from: [0, 0], to: [0, 9], size: [WIDTH, 87] },
    { from: [5, 16], to: [8, 18], size: [151, 77] },
    { from: [8, 18], to: [5, 16], size: [151, 77] },
  ];
  for (const [index, copy] of copies.entries()) {
    const frameId = 70_002 + index;
    const shown = await show(frameId, [copyMessage(frameId, copy), moved(tile, frameId, 64, 48)]);
    const expected = withCopies(before, [copy]);
    expected.lay(tilePicture, 64, 48);
    expectAlike(expected, shown, EXACT, JSON.stringify(copy));
    before = shown;
  }
  expect(stage.keyframes).toBe(0);
  await page.close();
});

test("several copies of a frame all start from the picture before it", async () => {
  await using stage = new Stage();
  const { page, show } = await stage.open();
  const before = await show(1, whole);
  const copies: Copy[] = [
    { from: [0, 0], to: [3, 48], size: [80, 40] },
    { from: [3, 48], to: [0, 0], size: [80, 40] },
  ];
  const shown = await show(
    2,
    copies.map((copy) => copyMessage(2, copy)),
  );
  expectAlike(withCopies(before, copies), shown, EXACT);
  await page.close();
});

test("a frame that comes decoded before the one that it copies from waits for it", async () => {
  await using stage = new Stage();
  const { page, show, frames } = await stage.open();
  const before = await show(1, whole);
  const copy: Copy = { from: [32, 32], to: [90, 60], size: [48, 16] };
  stage.play(2, [moved(tile, 2, 32, 32)]);
  const shown = await show(3, [copyMessage(3, copy)]).then(async () => {
    await waitFor("both frames", async () => (await frames()) === 3);
    return readCanvas(page);
  });
  const tilePicture = shown.crop(32, 32, 48, 16);
  before.lay(tilePicture, 32, 32);
  expectAlike(withCopies(before, [copy]), shown, EXACT);
  await page.close();
});

test("what cannot be copied is asked for anew: before the first picture, after a gap", async () => {
  await using stage = new Stage();
  const { page, show } = await stage.open();
  const copy: Copy = { from: [0, 0], to: [0, 40], size: [WIDTH, 20] };
  stage.play(1, [copyMessage(1, copy)]);
  await waitFor("the request", () => stage.keyframes === 1);
  const before = await show(2, whole);
  stage.tell({ type: "gap" });
  // Its frame is shown, without the copy; the next request waits for a second to be over.
  const shown = await show(9, [copyMessage(9, copy), moved(tile, 9, 32, 32)]);
  before.lay(shown.crop(32, 32, 48, 16), 32, 32);
  expectAlike(before, shown, EXACT);
  await waitFor("the next request", () => stage.keyframes === 2);
  const mended = await show(10, whole);
  expectAlike(withCopies(mended, [copy]), await show(11, [copyMessage(11, copy)]), EXACT);
  await page.close();
});

test("nothing is copied out of the rows of a stripe that could not be decoded", async () => {
  await using stage = new Stage();
  const { page, show } = await stage.open();
  const before = await show(1, whole);
  stage.play(2, [spoilt(moved(tile, 2, 32, 32))]);
  await waitFor("the request", () => stage.keyframes === 1);
  const above: Copy = { from: [0, 0], to: [0, 64], size: [WIDTH, 32] };
  const first = await show(3, [copyMessage(3, above)]);
  expectAlike(withCopies(before, [above]), first, EXACT, "rows above it");
  const inside: Copy = { from: [0, 40], to: [0, 0], size: [WIDTH, 16] };
  const second = await show(4, [copyMessage(4, inside), moved(tile, 4, 0, 80)]);
  first.lay(second.crop(0, 80, 48, 16), 0, 80);
  expectAlike(first, second, EXACT, "its own rows");
  await page.close();
});
