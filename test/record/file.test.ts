// SPDX-License-Identifier: MPL-2.0
// What a recorded file holds: the pictures of the screen, each at the time at which it was grabbed.
import { describe, expect, spyOn, test } from "bun:test";
import { statSync } from "node:fs";
import { monotonicUs, ScreenCapture, type Stripe } from "../../src/index.ts";
import { record } from "../../src/record/index.ts";
import { expectAlike } from "../support/canvas.ts";
import { durationOf, factsOf, lastPictureOf, packetsOf, picturesOf } from "../support/movie.ts";
import { Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Folder } from "./folder.ts";

/** As in test/e2e/picture.test.ts, at rest. */
const AT_REST = { mean: 1.8, max: 100, psnr: 35 };

/** The times of all stripes that any capture hands to a loop. */
function spyOnTimes(): { timesUs: number[] } & Disposable {
  const timesUs: number[] = [];
  const original = ScreenCapture.prototype[Symbol.asyncIterator];
  const spy = spyOn(ScreenCapture.prototype, Symbol.asyncIterator as never);
  spy.mockImplementation(function (this: ScreenCapture) {
    const iterator = original.call(this);
    const next = async (): Promise<IteratorResult<Stripe, undefined>> => {
      const result = await iterator.next();
      if (!result.done) timesUs.push(result.value.timestamp);
      return result;
    };
    return { ...{ next, return: () => iterator.return?.() }, [Symbol.asyncIterator]: () => this };
  } as never);
  return { timesUs, [Symbol.dispose]: () => spy.mockRestore() };
}

test("every picture is there, at the time at which it was grabbed", async () => {
  using folder = new Folder();
  const path = folder.file("video.mp4");
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.prepare("video", 1);
  using spy = spyOnTimes();
  const capture = new ScreenCapture({ display: server.display });
  const recording = await record(capture, path, { fps: 30, fragmentMs: 400 });
  await painter.run(2.5);
  const result = await recording.stop();

  const packets = await packetsOf(path);
  expect(result.frames).toBeGreaterThan(10);
  expect(packets.length).toBe(result.frames);
  const [firstUs = 0] = spy.timesUs;
  const expected = spy.timesUs.slice(0, packets.length).map((timeUs) => timeUs - firstUs);
  expect(packets.map(({ timeUs }) => timeUs)).toEqual(expected);
  expect((await picturesOf(path)).length).toBe(result.frames);
  expect(await durationOf(path)).toBeCloseTo(result.durationMs / 1000, 4);
  expect(result).toMatchObject({ path, endedBy: "stop", bytes: statSync(path).size });
  expect(result.segments).toEqual([
    {
      ...{ path, width: 640, height: 480, durationMs: result.durationMs },
      ...{ frames: result.frames, bytes: result.bytes },
    },
  ]);
  expect(recording.stats()).toEqual({
    ...{ state: "ended", durationMs: result.durationMs, segments: 1 },
    ...{ frames: result.frames, bytes: result.bytes },
  });
  // One keyframe is enough for so short a time: fragments do not need any.
  expect(packets.map(({ isKeyframe }) => isKeyframe)).toEqual(
    packets.map((_, index) => index === 0),
  );
});

test("a still screen lasts as long as it was shown", async () => {
  using folder = new Folder();
  const path = folder.file("still.mp4");
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 7);
  const startedUs = monotonicUs();
  const recording = await record(new ScreenCapture({ display: server.display }), path, {
    fragmentMs: 200,
  });
  await waitFor("the picture's refinement", () => recording.stats().frames >= 2);
  const { frames, bytes } = recording.stats();
  await waitFor("four fragments' time", () => monotonicUs() - startedUs > 1_500_000);
  expect(recording.stats().frames).toBe(frames);
  expect(recording.stats().bytes - bytes).toBeLessThan(50_000);
  const midway = await durationOf(path);
  expect(midway).toBeGreaterThan(1);
  const { durationMs } = await recording.stop();
  expect(durationMs).toBeGreaterThanOrEqual(midway * 1000);
  expect(await durationOf(path)).toBeCloseTo(durationMs / 1000, 4);
  expectAlike(await painter.grab(), await lastPictureOf(path), AT_REST);
});

test.each([
  [false, 334, 218, "yuvj420p", "Constrained Baseline"],
  [true, 333, 217, "yuvj444p", "High 4:4:4 Predictive"],
])("an odd region, in full colour %p", async (full, width, height, pix_fmt, profile) => {
  using folder = new Folder();
  const path = folder.file("region.mp4");
  const area = { x: 101, y: 33, width: 333, height: 217 };
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 3);
  const capture = new ScreenCapture({
    ...{ display: server.display, captureX: area.x, captureY: area.y, h264FullColor: full },
    ...{ captureWidth: area.width, captureHeight: area.height },
  });
  const recording = await record(capture, path, { crf: 20 });
  await waitFor("the picture's refinement", () => recording.stats().frames >= 2);
  await recording.stop();
  expect(await factsOf(path)).toMatchObject({
    ...{ width, height, pix_fmt, profile, time_base: "1/1000000" },
    ...{ color_range: "pc", color_space: "smpte170m" },
  });
  const picture = (await lastPictureOf(path)).crop(0, 0, area.width, area.height);
  expectAlike(await painter.grab(area), picture, AT_REST);
});

test("keyframes come as often as is asked for, and players can begin there", async () => {
  using folder = new Folder();
  const path = folder.file("keyframes.mp4");
  const capture = new ScreenCapture({ display: "synthetic://320x240@30" });
  await using recording = await record(capture, path, { durationMs: 2500, keyframeMs: 500 });
  await recording.finished;
  const keyframes = (await packetsOf(path)).filter(({ isKeyframe }) => isKeyframe);
  expect(keyframes.length).toBeGreaterThanOrEqual(3);
  expect(keyframes.length).toBeLessThanOrEqual(5);
  const all = await picturesOf(path);
  const seconds = (keyframes.at(-1)?.timeUs ?? 0) / 1e6;
  const rest = await picturesOf(path, { fromSeconds: seconds });
  expect(rest.length).toBeLessThan(all.length / 2);
  expect(rest.at(-1)?.rgb).toEqual(all.at(-1)?.rgb as Uint8Array);
});

describe("the given capture", () => {
  test("goes on for its viewers, and is not touched", async () => {
    using folder = new Folder();
    const path = folder.file("beside.mp4");
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.pattern("photo", 1);
    await using viewer = await Recorder.start({ display: server.display, outputMode: "jpeg" });
    const { settings } = viewer.capture;
    await using recording = await record(viewer.capture, path);
    await painter.pattern("gradient", 2);
    const screen = await painter.grab();
    await viewer.showsAtRest(screen, AT_REST, "the viewer's picture");
    await waitFor("the picture's refinement", () => recording.stats().frames >= 3);
    await recording.stop();
    expectAlike(screen, await lastPictureOf(path), AT_REST);
    expect(viewer.capture.running).toBeTrue();
    expect(viewer.capture.settings).toBe(settings);
    expect(viewer.stripes.every(({ type }) => type === "jpeg")).toBeTrue();
  });

  test("need not run", async () => {
    using folder = new Folder();
    const capture = new ScreenCapture({ display: "synthetic://320x240@30" });
    await using recording = await record(capture, folder.file("own.mp4"), { durationMs: 300 });
    expect(capture.running).toBeFalse();
    expect(await recording.finished).toMatchObject({ durationMs: 300, endedBy: "durationMs" });
    expect(capture.running).toBeFalse();
  });
});
