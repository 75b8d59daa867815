// SPDX-License-Identifier: MPL-2.0
// Captures of one window: what it shows is compared, pixel by pixel, with what the X server has.
import { describe, expect, test } from "bun:test";
import {
  type CaptureSettings,
  listWindows,
  type PixelfluxError,
  ScreenCapture,
} from "../../src/index.ts";
import { Canvas, compare, isWithin } from "../support/canvas.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Recorder } from "../support/recorder.ts";
import { XClient } from "../support/x-client.ts";
import { XProgram, xdotool } from "../support/x-program.ts";
import { Xvfb } from "../support/xvfb.ts";
import { atRest, isSame, pictureOf, pictureOnce, running, shows } from "./window-picture.ts";

const AREA = { x: 40, y: 30, width: 201, height: 133 };

/** A server, a client on it, and a painted window of that. */
async function stage(args: string[] = [], border = 0) {
  const server = await Xvfb.start({ args });
  const client = await XClient.open(server.display);
  const window = await client.createWindow({ ...AREA, border });
  await client.show(window, AREA, 1);
  const inside = { ...AREA, x: AREA.x + border, y: AREA.y + border };
  return {
    ...{ server, client, window },
    display: server.display,
    truth: () => client.grab(client.root, inside),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    ({ code, field }: PixelfluxError) => [code, field].filter(Boolean).join(" "),
  );

const start = async (settings: CaptureSettings) => {
  await using capture = new ScreenCapture(settings);
  await capture.start((stripe) => stripe.release());
};

test("a terminal that is covered, and writes on under the cover", async () => {
  await using server = await Xvfb.start();
  const { display } = server;
  using client = await XClient.open(display);
  await using term = XProgram.xterm(display, "terminal", "20x5+100+50", "one two three");
  const window = await term.window("terminal");
  await using capture = await running({ display, window: window.id });
  const truth = () => client.grab(client.root, window);
  await term.written();
  await atRest(capture);
  const text = await shows(capture, "the terminal", truth);
  const cover = await client.createWindow({ ...window, x: window.x + 20, background: 0xff00ff });
  await client.map(cover);
  expect(isSame(await truth(), text)).toBe(false);
  expect(isSame(await pictureOf(capture), text)).toBe(true);
  // A capture that begins now has to wait until the terminal has drawn what was covered.
  expect(isSame(await pictureOnce({ display, window: window.id }), text)).toBe(true);
  term.write("four\n");
  await waitFor("the text", async () => !isSame(await pictureOf(capture), text));
  await client.unmap(cover);
  await shows(capture, "the terminal with more text", truth);
});

test("in stripes, too", async () => {
  await using s = await stage();
  const cover = await s.client.createWindow({ ...AREA, background: 0xff00ff });
  await using recorder = await Recorder.start({
    ...{ display: s.display, window: s.window, jpegFullColor: true, paintOverJpegQuality: 95 },
  });
  const before = await s.truth();
  await s.client.map(cover);
  await s.client.paint(s.window, AREA, 2);
  await recorder.quiet();
  const shown = await recorder.show();
  expect(isWithin(compare(before, shown), { psnr: 25 })).toBe(false);
  await s.client.unmap(cover);
  await recorder.showsAtRest(await s.truth(), { psnr: 34 }, "what was painted under the cover");
  const known = recorder.stripes.length;
  await s.client.move(s.window, 300, 200);
  await s.client.fill(s.client.root, AREA, 0x123456);
  await recorder.quiet(300).catch(() => undefined);
  expect(recorder.stripes.length).toBe(known);
});

test("subwindows are in it, borders are not, and the region is relative to it", async () => {
  await using s = await stage([], 7);
  const child = await s.client.createWindow({
    ...{ parent: s.window, x: 150, y: -10, width: 80, height: 60, background: 0x00ff00 },
  });
  await s.client.map(child);
  await using capture = await running({ display: s.display, window: s.window });
  const whole = await shows(capture, "the window", s.truth);
  expect(whole.pixel(160, 20)).toBe("00ff00");
  capture.update({ captureX: 100, captureY: 5, captureWidth: 60, captureHeight: 40 });
  await shows(capture, "a part", async () => (await s.truth()).crop(100, 5, 60, 40));
  expect(() => capture.update({ captureX: 190 })).toThrow(
    /captureWidth: the region 60x40\+190\+5 reaches beyond the window, which is/,
  );
  const beyond = start({ display: s.display, window: s.window, captureX: 300 });
  await expect(beyond).rejects.toMatchObject({
    ...{ code: "ERR_REGION_OFF_SCREEN", field: "captureX" },
    message: expect.stringContaining("captureX: the place 300,0 lies outside the window"),
  });
});

test("it is followed: moved beyond the screen, resized, unmapped, mapped, reparented", async () => {
  await using s = await stage();
  await using capture = await running({ display: s.display, window: s.window });
  const sizes: string[] = [];
  capture.on("resize", ({ width, height }) => sizes.push(`${width}x${height}`));
  const picture = await shows(capture, "it", s.truth);
  await s.client.move(s.window, -60, 400);
  expect(isSame(await pictureOf(capture), picture)).toBe(true);
  expect(sizes).toEqual([]);

  await s.client.move(s.window, 10, 10);
  await s.client.resize(s.window, 333, 250);
  const larger = { x: 10, y: 10, width: 333, height: 250 };
  await s.client.paint(s.window, larger, 3);
  const truth = () => s.client.grab(s.client.root, larger);
  const last = await shows(capture, "it, larger", truth);
  expect(sizes).toEqual(["333x250"]);

  await s.client.unmap(s.window);
  expect(isSame(await pictureOf(capture), last)).toBe(true);
  await s.client.resize(s.window, 100, 90);
  expect(isSame(await pictureOf(capture), last)).toBe(true);
  const smaller = { x: 10, y: 10, width: 100, height: 90 };
  await s.client.show(s.window, smaller, 4);
  await shows(capture, "it, again", () => s.client.grab(s.client.root, smaller));

  const frame = await s.client.createWindow({ x: 300, y: 200, width: 150, height: 150 });
  await s.client.map(frame);
  await s.client.reparent(s.window, frame, 20, 20);
  await s.client.paint(s.window, smaller, 5);
  const framed = { ...smaller, x: 320, y: 220 };
  await shows(capture, "it, in a frame", () => s.client.grab(s.client.root, framed));
  await s.client.setBorder(s.window, 4);
  await s.client.paint(s.window, smaller, 6);
  const bordered = { ...smaller, x: 324, y: 224 };
  await shows(capture, "it, with a border", () => s.client.grab(s.client.root, bordered));
});

test("one with an alpha channel, and the root", async () => {
  await using server = await Xvfb.start();
  const { display } = server;
  using client = await XClient.open(display);
  const window = await client.createWindow({ ...AREA, depth: 32, background: 0x80102030 });
  await client.map(window);
  await client.fill(window, { x: 5, y: 5, width: 20, height: 20 }, 0x00ff8800);
  const picture = await pictureOnce({ display, window });
  expect([picture.width, picture.pixel(0, 0), picture.pixel(10, 10)]).toEqual([
    ...[AREA.width, "102030", "ff8800"],
  ]);
  const root = await pictureOnce({ display, window: client.root });
  expect([root.width, root.height]).toEqual([server.width, server.height]);
});

describe("what cannot be captured", () => {
  test("is told at the start", async () => {
    await using s = await stage(["-screen", "1", "320x200x24"]);
    const { display, client } = s;
    const at = (window: number, settings: CaptureSettings = {}) =>
      codeOf(start({ display, window, ...settings }));
    const hidden = await client.createWindow(AREA);
    const inputOnly = await client.createWindow({ ...AREA, inputOnly: true });
    await client.map(inputOnly);
    expect(await at(0x7ffffff)).toBe("ERR_WINDOW_GONE window");
    expect(await at(hidden)).toBe("ERR_WINDOW_HIDDEN window");
    expect(await at(inputOnly)).toBe("ERR_DISPLAY_UNSUPPORTED window");
    expect(await at(s.window, { display: `${display}.1` })).toBe("ERR_WINDOW_GONE window");
    const code = codeOf(pictureOnce({ display, window: hidden }));
    expect(await code).toBe("ERR_WINDOW_HIDDEN window");
    await client.map(hidden);
    expect(await at(hidden)).toBe("none");
  });

  test("and when it is destroyed", async () => {
    await using s = await stage();
    const capture = await running({ display: s.display, window: s.window, reconnect: true });
    const failed = new Promise((resolve) => capture.on("error", resolve));
    await s.client.destroy(s.window);
    expect(await failed).toMatchObject({ code: "ERR_WINDOW_GONE", field: "window" });
    await capture.stop();

    const other = await s.client.createWindow(AREA);
    await s.client.show(other, AREA, 1);
    let destroyed: Promise<void> | undefined;
    const loop = (async () => {
      const iterated = new ScreenCapture({ display: s.display, window: other });
      for await (const stripe of iterated) {
        stripe.release();
        destroyed ??= s.client.destroy(other);
      }
    })();
    expect(await codeOf(loop)).toBe("ERR_WINDOW_GONE window");
    await destroyed;
  });
});

test("the pointer is drawn where it is in the window", async () => {
  await using s = await stage();
  const at = async (x: number, y: number) => {
    await xdotool(s.display, "mousemove", x, y);
    return pictureOnce({ display: s.display, window: s.window, captureCursor: true });
  };
  const plain = await s.truth();
  expect(isSame(await at(500, 400), plain)).toBe(true);
  const left = await at(AREA.x + 60, AREA.y + 40);
  const [there, elsewhere] = [changedPart(plain, left), { x: 60, y: 40 }];
  expect(Math.abs(there.x - elsewhere.x)).toBeLessThan(16);
  expect(Math.abs(there.y - elsewhere.y)).toBeLessThan(16);
  // The window moves under the pointer.
  await using capture = await running({
    ...{ display: s.display, window: s.window, captureCursor: true },
  });
  await s.client.move(s.window, AREA.x - 30, AREA.y - 20);
  const moved = changedPart(plain, await pictureOf(capture));
  expect(moved).toEqual({ x: there.x + 30, y: there.y + 20 });
});

/** The top left corner of what differs. */
function changedPart(a: Canvas, b: Canvas): { x: number; y: number } {
  let [x, y] = [a.width, a.height];
  for (let row = 0; row < a.height; row++) {
    for (let column = 0; column < a.width; column++) {
      if (a.pixel(column, row) === b.pixel(column, row)) continue;
      x = Math.min(x, column);
      y = Math.min(y, row);
    }
  }
  return { x, y };
}

test("with a window manager: iconified it stays as it was, and is there again", async () => {
  await using server = await Xvfb.start();
  const { display } = server;
  await using manager = await XProgram.windowManager(display);
  expect(manager.pid).toBeGreaterThan(0);
  await using term = XProgram.xterm(display, "terminal", "20x5+100+50", "one");
  const { id } = await term.window("terminal");
  using client = await XClient.open(display);
  const { width, height } = await term.window("terminal");
  await using capture = await running({ display, window: id });
  const truth = async () =>
    client.grab(client.root, { ...(await client.placeOf(id)), width, height });
  await term.written();
  await atRest(capture);
  const text = await shows(capture, "the terminal", truth);
  await xdotool(display, "windowminimize", id);
  await waitFor("it to be iconified", async () => {
    const windows = await listWindows(display);
    return windows.find((window) => window.id === id)?.viewable === false;
  });
  expect(isSame(await pictureOf(capture), text)).toBe(true);
  term.write("two\n");
  await xdotool(display, "windowactivate", "--sync", id);
  await xdotool(display, "windowmove", "--sync", id, 300, 200);
  await waitFor("more text", async () => !isSame(await pictureOf(capture), text));
  await shows(capture, "the terminal, elsewhere", truth);
});

test("without Composite it is the part of the screen, which moves with it", async () => {
  await using s = await stage(["-extension", "Composite"]);
  await using capture = await running({ display: s.display, window: s.window });
  await shows(capture, "it", s.truth);
  const cover = await s.client.createWindow({ ...AREA, x: 100, background: 0xff00ff });
  await s.client.map(cover);
  await shows(capture, "what covers it", s.truth);
  await s.client.move(s.window, -50, 400);
  await shows(capture, "the part on the screen", async () => {
    const canvas = new Canvas(AREA.width, AREA.height);
    const part = { x: 0, y: 400, width: AREA.width - 50, height: 80 };
    canvas.lay(await s.client.grab(s.client.root, part), 50, 0);
    return canvas;
  });
  await s.client.move(s.window, AREA.x, AREA.y);
  const last = await shows(capture, "it, where it was", s.truth);
  await s.client.unmap(s.window);
  expect(isSame(await pictureOf(capture), last)).toBe(true);
  await s.client.map(s.window);
  await shows(capture, "it, shown again", s.truth);
  const failed = new Promise((resolve) => capture.on("error", resolve));
  await s.client.destroy(s.window);
  expect(await failed).toMatchObject({ code: "ERR_WINDOW_GONE" });
});

const seed = seedOfRun();

test.each([[[]], [["-extension", "Composite"]]])(
  `a window that is never left alone, %p (PF_SEED=${seed})`,
  async (args) => {
    await using s = await stage(args);
    const { display, client } = s;
    const pick = random(seed);
    for (let round = 0; round < 6; round++) {
      const size = { width: AREA.width, height: AREA.height };
      const window = await client.createWindow({ ...AREA, border: pick(3) });
      await client.show(window, size, round);
      const captures = await Promise.all(
        [1, 2].map((n) =>
          running({ display, window, outputMode: n === 1 ? "jpeg" : "h264", captureCursor: true }),
        ),
      );
      const codes: string[] = [];
      for (const capture of captures) {
        capture.on("error", (error) => codes.push((error as PixelfluxError).code));
      }
      for (let step = 0; step < 60; step++) await disturb(client, window, size, pick);
      await client.map(window);
      await client.move(window, 20, 20);
      await client.setBorder(window, 0);
      await client.raise(window);
      const area = { x: 20, y: 20, ...size };
      // The pointer is far away, at the screen's other corner.
      await xdotool(display, "mousemove", 639, 479);
      await client.paint(window, size, 99);
      for (const capture of captures) {
        await shows(capture, `round ${round}`, () => client.grab(client.root, area));
      }
      for (let step = 0; step < 10; step++) await disturb(client, window, size, pick);
      await client.destroy(window);
      await waitFor("the errors", () => codes.length === 2);
      expect(codes).toEqual(["ERR_WINDOW_GONE", "ERR_WINDOW_GONE"]);
      await Promise.all(captures.map((capture) => capture.stop()));
    }
  },
  60_000,
);

async function disturb(
  client: XClient,
  window: number,
  size: { width: number; height: number },
  pick: (below: number) => number,
): Promise<void> {
  switch (pick(6)) {
    case 0:
      size.width = 1 + pick(300);
      size.height = 1 + pick(220);
      return await client.resize(window, size.width, size.height);
    case 1:
      return await client.move(window, pick(900) - 200, pick(700) - 200);
    case 2:
      return await client.unmap(window);
    case 3:
      return await client.setBorder(window, pick(5));
    case 4:
      return await client.map(window);
    default:
      return await client.fill(
        window,
        { x: pick(100), y: pick(80), width: 40, height: 40 },
        pick(2 ** 24),
      );
  }
}
