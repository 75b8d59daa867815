// SPDX-License-Identifier: MPL-2.0
// The setting `reconnect`: a display that is lost is waited for.
import { describe, expect, test } from "bun:test";
import {
  type CaptureSettings,
  memoryUsage,
  type PixelfluxError,
  ScreenCapture,
} from "../../src/index.ts";
import { Canvas } from "../support/canvas.ts";
import { FakeXServer } from "../support/fake-x-server.ts";
import { Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const SIZE = { width: 320, height: 240 };
const MODES: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
];

/** What happened to a recorder's display, in order. */
function watch(recorder: Recorder): string[] {
  const events: string[] = [];
  const { capture } = recorder;
  capture.on("disconnect", (error: PixelfluxError) => events.push(`disconnect ${error.code}`));
  capture.on("reconnect", () => events.push("reconnect"));
  capture.on("resize", ({ width, height }) => events.push(`resize ${width}x${height}`));
  capture.on("stop", () => events.push("stop"));
  return events;
}

async function has(events: string[], event: string): Promise<void> {
  await waitFor(event, () => events.includes(event), 30_000);
}

/** A recorder whose display has just been killed, and is known to be lost. */
async function lost(settings: CaptureSettings) {
  const server = await Xvfb.start(SIZE);
  const { display } = server;
  const recorder = await Recorder.start({ display, reconnect: true, ...settings });
  const events = watch(recorder);
  await server.kill();
  await has(events, "disconnect ERR_DISPLAY_LOST");
  return { display, recorder, events };
}

describe.each(MODES)("%s", (_, mode) => {
  test("goes on with complete stripes when the display is back", async () => {
    const { display, recorder, events } = await lost(mode);
    await using _recorder = recorder;
    recorder.stripes.length = 0;
    await using server = await Xvfb.start({ ...SIZE, display });
    await using painter = await Painter.start(server.display);
    await painter.fill({ x: 0, y: 0, ...SIZE }, 0x4080c0);
    await has(events, "reconnect");
    const expected = await painter.grab();
    await recorder.showsAtRest(expected, { max: 12, psnr: 35 }, "the display that came back");
    const first = recorder.stripes.filter(
      ({ frameId }) => frameId === recorder.stripes[0]?.frameId,
    );
    expect(first.every(({ keyframe }) => keyframe)).toBe(true);
    expect(first.reduce((rows, { height }) => rows + height, 0)).toBe(SIZE.height);
    expect(events).toEqual(["disconnect ERR_DISPLAY_LOST", "reconnect"]);
  }, 30_000);
});

test("frames are numbered on, and a display of another size is told of", async () => {
  const { display, recorder, events } = await lost({});
  await using _recorder = recorder;
  const before = recorder.stripes.at(-1)?.frameId ?? -1;
  recorder.stripes.length = 0;
  await using _server = await Xvfb.start({ width: 400, height: 300, display });
  await has(events, "reconnect");
  await has(events, "resize 400x300");
  await waitFor("stripes", () => recorder.stripes.length > 0);
  expect(recorder.stripes[0]?.frameId).toBe(before + 1);
  expect(recorder.capture.width).toBe(400);
}, 30_000);

test("a region that lies off the smaller display is black there", async () => {
  const region = { captureX: 100, captureY: 50, captureWidth: 220, captureHeight: 190 };
  const { display, recorder, events } = await lost(region);
  await using _recorder = recorder;
  recorder.stripes.length = 0;
  await using server = await Xvfb.start({ width: 200, height: 100, display });
  await using painter = await Painter.start(server.display);
  await painter.fill({ x: 0, y: 0, width: 200, height: 100 }, 0xc08040);
  await has(events, "reconnect");
  const expected = new Canvas(220, 190);
  expected.lay(await painter.grab({ x: 100, y: 50, width: 100, height: 50 }), 0, 0);
  await recorder.showsAtRest(expected, { psnr: 35 }, "what is left of the region");
}, 30_000);

test("a display that goes before its first stripes are read was captured all the same", async () => {
  const server = await Xvfb.start(SIZE);
  const capture = new ScreenCapture({ display: server.display, reconnect: true });
  const events: string[] = [];
  capture.on("disconnect", ({ code }) => events.push(`disconnect ${code}`));
  const started = capture.start((stripe) => {
    events.push(stripe.type);
    stripe.release();
  });
  // This thread reads nothing until the capture has lost its display.
  while (capture.stats().frames === 0) Bun.sleepSync(5);
  process.kill(server.pid, "SIGKILL");
  Bun.sleepSync(300);
  await started;
  await waitFor("the loss", () => events.some((event) => event.startsWith("disconnect")));
  await waitFor("the stripes", () => events.includes("jpeg"));
  expect(capture.stats().stripesDiscarded).toBe(0);
  await capture.stop();
  await server[Symbol.asyncDispose]();
}, 30_000);

test("pauses between attempts grow, and the display is still taken when it is back", async () => {
  const attemptsMs: number[] = [];
  let isThere = true;
  await using server = await FakeXServer.start({
    setup: (honest) => {
      attemptsMs.push(performance.now());
      return isThere ? honest : "close";
    },
  });
  await using recorder = await Recorder.start({ display: server.display, reconnect: true });
  const events = watch(recorder);
  attemptsMs.length = 0;
  isThere = false;
  const lostMs = performance.now();
  server.drop();
  await waitFor("four attempts", () => attemptsMs.length >= 4, 30_000);
  isThere = true;
  await has(events, "reconnect");
  const pausesMs = attemptsMs.map((ms, index) => ms - (attemptsMs[index - 1] ?? lostMs));
  // A pause may be longer on a busy machine, never shorter.
  for (const [index, pauseMs] of pausesMs.entries()) {
    expect(pauseMs).toBeGreaterThanOrEqual(Math.min(250 * 2 ** index, 5000) - 5);
  }
  expect(pausesMs).toHaveLength(5);
}, 30_000);

test("stop ends the wait at once", async () => {
  const { recorder, events } = await lost({});
  // Pauses of 0.25, 0.5, 1 and 2 s are over by then; the one of 4 s has just begun.
  await Bun.sleep(4000);
  const begin = performance.now();
  await recorder.capture.stop();
  expect(performance.now() - begin).toBeLessThan(2000);
  expect(events).toEqual(["disconnect ERR_DISPLAY_LOST", "stop"]);
  expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0 });
}, 30_000);

test("switched off while it waits, the capture fails with what it lost", async () => {
  const { recorder, events } = await lost({});
  recorder.capture.update({ reconnect: false });
  await has(events, "stop");
  expect(recorder.errors.map(({ code }) => code)).toEqual(["ERR_DISPLAY_LOST"]);
}, 30_000);

test("a display that was never there is not waited for", async () => {
  const error = await Recorder.start({ display: ":987", reconnect: true }).catch((e) => e);
  expect(error.code).toBe("ERR_DISPLAY_OPEN");
});

test("lost five times over, nothing is left behind", async () => {
  const first = await Xvfb.start(SIZE);
  const { display } = first;
  const recorder = await Recorder.start({ display, reconnect: true, outputMode: "h264" });
  const events = watch(recorder);
  let server = first;
  for (let round = 1; round <= 5; round++) {
    await server.kill();
    const count = (word: string) => events.filter((event) => event.startsWith(word)).length;
    await waitFor("the loss", () => count("disconnect") === round, 30_000);
    server = await Xvfb.start({ ...SIZE, display });
    await waitFor("the return", () => count("reconnect") === round, 30_000);
  }
  await recorder.capture.stop();
  await server[Symbol.asyncDispose]();
  expect(recorder.errors).toEqual([]);
  expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0, lentCount: 0 });
}, 60_000);
