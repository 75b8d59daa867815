// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import { ScreenCapture } from "pixelflux-ffi";
import html from "pixelflux-ffi/viewer";
import {
  parseViewerMessage,
  type ServerMessage,
  type ViewerMessage,
} from "../../src/client/messages.ts";
import { waitFor } from "../support/process.ts";
import { Browser, readCanvas } from "./browser.ts";

type Mode = "jpeg" | "h264";

/** A server that plays what the test hands it, to the page of the example. */
class Stage implements AsyncDisposable {
  readonly heard: ViewerMessage[] = [];
  readonly #sockets = new Set<ServerWebSocket<undefined>>();
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes: { "/": html },
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response(null, { status: 404 }),
    websocket: {
      data: undefined as undefined,
      open: (socket) => {
        this.#sockets.add(socket);
      },
      close: (socket) => {
        this.#sockets.delete(socket);
      },
      message: (_, text) => {
        const message = parseViewerMessage(text);
        if (message) this.heard.push(message);
      },
    },
  });

  get url(): URL {
    return this.#server.url;
  }

  get viewers(): number {
    return this.#sockets.size;
  }

  tell(message: ServerMessage): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(message));
  }

  /** Sends the stripes of one frame, and its end. */
  play(stripes: readonly Uint8Array[]): void {
    for (const socket of this.#sockets) for (const stripe of stripes) socket.send(stripe);
    const [first] = stripes;
    if (first === undefined) return;
    const frameId = new DataView(first.buffer, first.byteOffset).getUint16(2);
    this.tell({ type: "end", frameId });
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** The stripes of the first frames of a moving pattern, a list each. */
async function record(width: number, height: number, mode: Mode, count: number) {
  const frames: Uint8Array[][] = [];
  let frameId = -1;
  const display = `synthetic://${width}x${height}@30`;
  await using capture = new ScreenCapture({
    display,
    outputMode: mode,
    usePaintOverQuality: false,
  });
  for await (const stripe of capture) {
    using recorded = stripe;
    if (recorded.frameId !== frameId) {
      if (frames.length === count) break;
      frames.push([]);
    }
    frameId = recorded.frameId;
    frames.at(-1)?.push(recorded.copy());
  }
  return frames;
}

let browser: Browser;

beforeAll(async () => {
  browser = await Browser.launch();
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});

async function openOn(stage: Stage) {
  const page = await browser.open(stage.url);
  await waitFor("the page to connect", () => stage.viewers === 1);
  const totals = () => page.evaluate(() => window.player?.totals);
  return { page, totals };
}

describe.each(["h264", "jpeg"] as const)("the player, %s", (mode) => {
  test("follows changes of size, and keeps its picture until there is a new one", async () => {
    await using stage = new Stage();
    const { page } = await openOn(stage);
    let before = { width: 1280, height: 720 };
    for (const [width, height] of [
      [320, 240],
      [640, 361],
      [319, 241],
    ] as const) {
      const [frame = []] = await record(width, height, mode, 1);
      stage.tell({ type: "screen", width, height, mode });
      await waitFor("the size in the page's bar", async () =>
        (await page.locator("#state").textContent())?.startsWith(`${width} × ${height}`),
      );
      expect(await readCanvas(page)).toMatchObject(before);
      stage.play(frame);
      await waitFor("the new size", async () => (await readCanvas(page)).width === width);
      const canvas = await readCanvas(page);
      expect(canvas.height).toBe(height);
      before = { width, height };
    }
    await page.close();
  });

  test("goes on after a stripe that it cannot decode, and asks for a keyframe", async () => {
    await using stage = new Stage();
    const { page, totals } = await openOn(stage);
    const [whole = [], ...later] = await record(320, 240, mode, 4);
    stage.tell({ type: "screen", width: 320, height: 240, mode });
    stage.play(whole);
    await waitFor("the first frame", async () => (await totals())?.frames === 1);
    stage.heard.length = 0;
    // Its header is right, the rest is noise.
    const broken = whole.map((stripe) => {
      const copy = stripe.slice();
      crypto.getRandomValues(copy.subarray(mode === "h264" ? 10 : 6));
      return copy;
    });
    stage.play(broken.map((stripe) => stripe));
    await waitFor("the error", async () => ((await totals())?.decodeErrors ?? 0) > 0);
    await waitFor("the request", () => stage.heard.some(({ type }) => type === "keyframe"));
    const painted = (await totals())?.frames ?? 0;
    stage.play(whole);
    for (const frame of later) stage.play(frame);
    await waitFor("later frames", async () => ((await totals())?.frames ?? 0) >= painted + 3);
    await page.close();
  });
});

test("the player shows nothing of a row before its keyframe", async () => {
  await using stage = new Stage();
  const { page, totals } = await openOn(stage);
  const [whole = [], ...later] = await record(320, 240, "h264", 3);
  stage.tell({ type: "screen", width: 320, height: 240, mode: "h264" });
  for (const frame of later) stage.play(frame);
  const received = later.flat().length;
  await waitFor("the stripes to arrive", async () => (await totals())?.stripes === received);
  expect(await totals()).toMatchObject({ frames: 0, decodeErrors: 0 });
  stage.play(whole);
  await waitFor("the keyframe", async () => (await totals())?.frames === 1);
  await page.close();
});

test("the page says what the server's failure was, and connects again", async () => {
  await using stage = new Stage();
  const { page } = await openOn(stage);
  stage.tell({ type: "failure", message: "the display is gone" });
  stage.hangUp();
  await waitFor("the words", async () =>
    (await page.locator("#state").textContent())?.includes("the display is gone"),
  );
  await waitFor("the next connection", () => stage.viewers === 1);
  await page.close();
});
