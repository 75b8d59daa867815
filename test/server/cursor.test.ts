// SPDX-License-Identifier: MPL-2.0
// The pointer's way to viewers: who is told of it, of what, and that it waits for nobody's stripes.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { runningCaptures, ScreenCapture } from "../../src/index.ts";
import { captureSource } from "../../src/server/capture-source.ts";
import { Channel } from "../../src/server/channel.ts";
import type { FeedCursor, FeedCursorImage, FeedSink } from "../../src/server/feed.ts";
import { resolveOptions } from "../../src/server/options.ts";
import { Viewer } from "../../src/server/viewer.ts";
import { isCursorMessage, parseCursor, type WireCursorImage } from "../../src/wire.ts";
import { waitFor } from "../support/process.ts";
import { RawViewer } from "../support/raw-viewer.ts";
import { Scene } from "../support/scene.ts";
import { premultiplied, serversCursor } from "../support/x-cursor.ts";
import { FakeFeed, FakeSocket } from "./fake-feed.ts";
import { serve, watch } from "./serve.ts";

const channels: Channel[] = [];

afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.end();
});

function imageOf(side = 2): FeedCursorImage {
  const pixels = new Uint8Array(side * side * 4).fill(200);
  return { width: side, height: side, hotX: 1, hotY: 0, pixels };
}

const at = (x: number, y: number, image: FeedCursorImage): FeedCursor => ({
  ...{ x, y, visible: true, image },
});
const NOWHERE: FeedCursor = { x: 0, y: 0, visible: false, image: undefined };

/** A channel that runs, and a way to join it. */
async function open() {
  const feed = new FakeFeed("h264");
  const options = resolveOptions({ idleMs: 0, budgetBytes: 1 << 16 }, ["h264"]);
  const channel = new Channel("h264", feed, options);
  channels.push(channel);
  const join = ({ wants = true } = {}) => {
    const socket = new FakeSocket();
    const viewer = new Viewer(1, socket.asSocket, channel, undefined);
    channel.join(viewer);
    if (wants) viewer.wantCursor();
    const pointer = () => socket.sent.filter((text) => /^(image|pointer|no pointer)/.test(text));
    return { socket, viewer, pointer };
  };
  const first = join();
  await Promise.resolve();
  feed.show();
  const cursor = (state: FeedCursor) => (feed.sink as FeedSink).cursor?.(state);
  return { feed, channel, join, first, cursor };
}

describe("viewers", () => {
  test("get an image once, and each change of place", async () => {
    const { first, cursor } = await open();
    const [arrow, beam] = [imageOf(), imageOf(3)];
    cursor(at(5, 6, arrow));
    cursor(at(7, 6, arrow));
    cursor(at(7, 7, beam));
    cursor(at(8, 7, arrow));
    cursor(NOWHERE);
    expect(first.pointer()).toEqual([
      ...["image 1", "pointer 5,6 1", "pointer 7,6 1", "image 2", "pointer 7,7 2"],
      ...["pointer 8,7 1", "no pointer"],
    ]);
    expect(first.viewer.stats().cursorMessages).toBe(7);
  });

  test("that come later are told how it is, and those that did not ask are told nothing", async () => {
    const { join, cursor } = await open();
    const arrow = imageOf();
    cursor(at(1, 1, arrow));
    cursor(at(5, 6, arrow));
    const old = join({ wants: false });
    const late = join();
    expect(late.pointer()).toEqual(["image 1", "pointer 5,6 1"]);
    cursor(at(5, 7, arrow));
    expect(late.pointer()).toEqual(["image 1", "pointer 5,6 1", "pointer 5,7 1"]);
    expect(old.pointer()).toEqual([]);
    expect(old.viewer.stats().cursorMessages).toBe(0);
    old.viewer.wantCursor();
    expect(old.pointer()).toEqual(["image 1", "pointer 5,7 1"]);
  });

  test("get a 65th image's predecessors again when they need them", async () => {
    const { first, cursor } = await open();
    const images = Array.from({ length: 65 }, () => imageOf());
    for (const image of images) cursor(at(1, 1, image));
    first.socket.clear();
    cursor(at(1, 1, images[1] as FeedCursorImage));
    cursor(at(1, 1, images[0] as FeedCursorImage));
    expect(first.pointer()).toEqual(["pointer 1,1 2", "image 1", "pointer 1,1 1"]);
  });

  test("that are slow have one state waiting, and then the newest", async () => {
    const { first, cursor, channel } = await open();
    const arrow = imageOf();
    cursor(at(1, 1, arrow));
    first.socket.clear();
    // Far beyond the budget: that is the stripes' alone.
    first.socket.bufferedBytes = 1 << 20;
    cursor(at(2, 1, arrow));
    expect(first.pointer()).toEqual([]); // what was sent last may be among what waits
    first.socket.bufferedBytes = 0;
    for (const viewer of channel.viewers) viewer.drained();
    expect(first.pointer()).toEqual(["pointer 2,1 1"]);
    // Stripes that came behind it wait: it does not.
    const large = JSON.stringify({ type: "x".repeat(5000) });
    first.viewer.tell(large);
    first.socket.bufferedBytes = large.length;
    cursor(at(3, 1, arrow));
    expect(first.pointer().at(-1)).toBe("pointer 3,1 1");
    first.socket.bufferedBytes = large.length + 10;
    for (let x = 4; x < 100; x++) cursor(at(x, 1, arrow));
    expect(first.pointer()).toHaveLength(2);
    first.socket.bufferedBytes = 0;
    first.viewer.drained();
    expect(first.pointer().at(-1)).toBe("pointer 99,1 1");
    expect(first.pointer()).toHaveLength(3);
  });

  test("that pause are told when they look again", async () => {
    const { first, cursor, channel } = await open();
    const arrow = imageOf();
    cursor(at(1, 1, arrow));
    first.socket.clear();
    channel.pause(first.viewer);
    cursor(at(2, 1, arrow));
    cursor(at(3, 1, arrow));
    expect(first.pointer()).toEqual([]);
    channel.resume(first.viewer);
    expect(first.pointer()).toEqual(["pointer 3,1 1"]);
  });
});

describe("a capture", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  /** The pointer's messages of a viewer. */
  const pointerOf = (binary: Uint8Array[]) => binary.filter(isCursorMessage).map(parseCursor);
  const move = (x: number, y: number) => scene.painter.command(`motion ${x} ${y}`);
  const settings = () => ({ display: scene.server.display, captureCursor: "stream" as const });

  test("tells viewers of both codecs, and looks at the pointer once", async () => {
    await using served = serve(settings());
    await move(50, 60);
    const jpeg = await watch(served.url, "?codec=jpeg");
    const h264 = await watch(served.url, "?codec=h264");
    const old = await watch(served.url, "?codec=jpeg");
    for (const { viewer } of [jpeg, h264]) viewer.send('{"type":"cursor"}');
    const seen = ({ stripes }: typeof jpeg, x: number) =>
      waitFor(`x ${x}`, () => {
        const last = pointerOf(stripes).at(-1);
        return last?.type === "cursor-position" && last.visible && last.x === x;
      });
    await Promise.all([seen(jpeg, 50), seen(h264, 50)]);
    for (const x of [51, 52]) {
      await move(x, 60);
      await Promise.all([seen(jpeg, x), seen(h264, x)]);
    }
    const image = pointerOf(h264.stripes).find(({ type }) => type === "cursor-image");
    const truth = await serversCursor(scene.server.display);
    expect(premultiplied((image as WireCursorImage).pixels)).toEqual(truth.pixels);
    expect(pointerOf(old.stripes)).toEqual([]);
    expect(old.stripes.length).toBeGreaterThan(0);
    for (const viewer of [jpeg, h264]) {
      const ids = pointerOf(viewer.stripes).flatMap((m) => (m.type === "cursor-image" ? m.id : []));
      expect(ids).toHaveLength(1);
    }
  });

  test("of the other codec tells of it where the source's own does not run", async () => {
    const capture = new ScreenCapture({ ...settings(), outputMode: "jpeg" });
    const source = captureSource(capture);
    const told: Record<"jpeg" | "h264", FeedCursor[]> = { jpeg: [], h264: [] };
    const sinkOf = (codec: "jpeg" | "h264"): FeedSink => ({
      screen: () => undefined,
      stripe: (stripe) => stripe.release(),
      endFrame: () => undefined,
      gap: () => undefined,
      fail: (error) => expect(error).toBeUndefined(),
      cursor: (state) => told[codec].push(state),
    });
    const others = () =>
      runningCaptures()
        .filter((running) => running !== capture)
        .map(({ settings }) => settings.captureCursor);
    const lastX = (codec: "jpeg" | "h264") => told[codec].at(-1)?.x;
    await move(70, 60);
    const [own, other] = [source.open("jpeg"), source.open("h264")];
    await other.start(sinkOf("h264"));
    await waitFor("the other's pointer", () => lastX("h264") === 70);
    expect([capture.running, others()]).toEqual([false, ["stream"]]);
    await own.start(sinkOf("jpeg"));
    await move(80, 60);
    await waitFor("both", () => lastX("jpeg") === 80 && lastX("h264") === 80);
    expect(others()).toEqual(["none"]);
    expect(told.h264.at(-1)).toBe(told.jpeg.at(-1) as FeedCursor); // one capture's state
    await own.stop();
    await move(90, 60);
    await waitFor("the other's again", () => lastX("h264") === 90);
    expect(others()).toEqual(["stream"]);
    expect(lastX("jpeg")).toBe(80);
    expect(told.h264.every(({ visible }) => visible)).toBe(true);
    expect(capture.settings.captureCursor).toBe("stream");
    await other.stop();
  });

  test("reaches a viewer that reads nothing of its stripes with the newest state", async () => {
    const best = { outputMode: "jpeg", jpegQuality: 100, jpegFullColor: true } as const;
    await using served = serve(
      { ...settings(), ...best },
      { budgetBytes: 1 << 16, stallMs: 60_000 },
    );
    const binary: Uint8Array[] = [];
    const events = { onBinary: (bytes: Uint8Array) => binary.push(bytes.slice()) };
    await move(10, 10);
    const viewer = await RawViewer.open(new URL("", served.url), 0, events);
    viewer.send('{"type":"cursor"}');
    const stats = () => served.screen.stats().viewers[0];
    await waitFor("the pointer", () => (stats()?.cursorMessages ?? 0) >= 2);
    // Pictures, until the kernel takes no more and the budget is spent.
    let seed = 0;
    await waitFor("a frame that is held back", async () => {
      await scene.painter.pattern("photo", seed++);
      return (stats()?.framesHeld ?? 0) > 0;
    });
    const { cursorMessages = 0 } = stats() ?? {};
    for (let x = 20; x < 120; x++) {
      await move(x, 20);
      if (x % 20 === 0) await waitFor("the move", () => served.capture.cursor?.x === x);
    }
    await waitFor("the last move", () => served.capture.cursor?.x === 119);
    expect((stats()?.cursorMessages ?? 0) - cursorMessages).toBeLessThanOrEqual(1);
    viewer.setRate(1e12);
    await waitFor("the newest", () => {
      const last = pointerOf(binary).at(-1);
      return last?.type === "cursor-position" && last.x === 119;
    });
  }, 30_000);
});
