// SPDX-License-Identifier: MPL-2.0
// Pause and resume, limits, sizes that change, and options that are refused.
import { describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { monotonicUs, runningCaptures, ScreenCapture } from "../../src/index.ts";
import { type RecordOptions, record } from "../../src/record/index.ts";
import { expectAlike } from "../support/canvas.ts";
import { durationOf, factsOf, lastPictureOf, packetsOf, picturesOf } from "../support/movie.ts";
import { Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { expectNothingLeft, rejection } from "../unit/synthetic.ts";
import { Folder } from "./folder.ts";

const AT_REST = { mean: 1.8, max: 100, psnr: 35 };
const display = "synthetic://320x240@30";
const moving = () => new ScreenCapture({ display });

async function elapse(ms: number): Promise<void> {
  const untilUs = monotonicUs() + ms * 1000;
  await waitFor(`${ms} ms`, () => monotonicUs() > untilUs);
}

describe("pause and resume", () => {
  test("leave no gap, and cost nothing", async () => {
    using folder = new Folder();
    const path = folder.file("paused.mp4");
    await using recording = await record(moving(), path, { fragmentMs: 200 });
    await waitFor("pictures", () => recording.stats().frames > 10);
    await recording.pause();
    const paused = recording.stats();
    expect(paused.state).toBe("paused");
    expect(runningCaptures().length).toBe(0);
    // What there is so far can be played.
    expect((await picturesOf(path)).length).toBe(paused.frames);
    expect(await durationOf(path)).toBeCloseTo(paused.durationMs / 1000, 4);
    await elapse(700);
    expect(recording.stats()).toEqual(paused);
    await recording.resume();
    await waitFor("more pictures", () => recording.stats().frames > paused.frames + 10);
    const { frames, durationMs } = await recording.stop();

    const packets = await packetsOf(path);
    expect(packets.length).toBe(frames);
    const resumed = packets[paused.frames];
    expect(resumed?.isKeyframe).toBeTrue();
    expect(resumed?.timeUs).toBe(Math.round(paused.durationMs * 1000));
    expect(await durationOf(path)).toBeCloseTo(durationMs / 1000, 4);
    expect((await picturesOf(path)).length).toBe(frames);
  });

  test("may come in any order, and before the end", async () => {
    using folder = new Folder();
    const path = folder.file("paused.mp4");
    const recording = await record(moving(), path);
    const resumed = [recording.pause(), recording.resume(), recording.pause(), recording.resume()];
    await Promise.all(resumed);
    expect(recording.stats().state).toBe("recording");
    void recording.pause();
    void recording.resume();
    const { frames } = await recording.stop();
    await recording.resume();
    await recording.pause();
    expect(recording.stats()).toMatchObject({ state: "ended", frames });
    expect((await picturesOf(path)).length).toBe(frames);
    await expectNothingLeft();
  });

  test("a limit of the length does not count the pause", async () => {
    using folder = new Folder();
    const path = folder.file("paused.mp4");
    await using recording = await record(moving(), path, { durationMs: 600 });
    await waitFor("pictures", () => recording.stats().frames > 2);
    await recording.pause();
    const { durationMs } = recording.stats();
    await elapse(800);
    expect(recording.stats()).toMatchObject({ state: "paused", durationMs });
    await recording.resume();
    expect(await recording.finished).toMatchObject({ durationMs: 600, endedBy: "durationMs" });
    expect(await durationOf(path)).toBeCloseTo(0.6, 4);
  });
});

describe("limits", () => {
  test("the length is exact on a still screen", async () => {
    using folder = new Folder();
    const path = folder.file("still.mp4");
    const still = new ScreenCapture({ display: "synthetic://320x240@0" });
    await using recording = await record(still, path, { durationMs: 700 });
    expect(await recording.finished).toMatchObject({ durationMs: 700, endedBy: "durationMs" });
    expect(await durationOf(path)).toBeCloseTo(0.7, 4);
    await expectNothingLeft();
  });

  test("the size is never passed", async () => {
    using folder = new Folder();
    const path = folder.file("small.mp4");
    const capture = new ScreenCapture({ display: "synthetic://1280x720@60", h264Crf: 1 });
    await using recording = await record(capture, path, { sizeBytesMax: 300_000, fragmentMs: 100 });
    const { bytes, endedBy, frames } = await recording.finished;
    expect(endedBy).toBe("sizeBytesMax");
    expect(statSync(path).size).toBe(bytes);
    expect(bytes).toBeLessThanOrEqual(300_000);
    expect((await picturesOf(path)).length).toBe(frames);
  });

  test("one picture is written however large it is", async () => {
    using folder = new Folder();
    const path = folder.file("one.mp4");
    const capture = new ScreenCapture({ display: "synthetic://1920x1080@60", h264Crf: 0 });
    await using recording = await record(capture, path, { sizeBytesMax: 65536 });
    const { frames, bytes } = await recording.finished;
    expect(frames).toBe(1);
    expect(bytes).toBeGreaterThan(65536);
  });

  test("a recording that is stopped at once has a picture", async () => {
    using folder = new Folder();
    const recording = await record(moving(), folder.file("short.mp4"));
    expect((await recording.stop()).frames).toBeGreaterThan(0);
    expect((await picturesOf(folder.file("short.mp4"))).length).toBeGreaterThan(0);
  });

  test("a signal ends it as stop() does", async () => {
    using folder = new Folder();
    const path = folder.file("signal.mp4");
    const controller = new AbortController();
    const { signal } = controller;
    const recording = await record(moving(), path, { signal });
    await waitFor("pictures", () => recording.stats().frames > 2);
    controller.abort();
    const { frames, endedBy } = await recording.finished;
    expect(endedBy).toBe("stop");
    expect((await picturesOf(path)).length).toBe(frames);
    const late = record(moving(), folder.file("late.mp4"), { signal });
    expect(await late.catch((reason) => reason)).toBe(signal.reason);
    expect(existsSync(folder.file("late.mp4"))).toBeFalse();
    await expectNothingLeft();
  });

  test("a capture that somebody else stops", async () => {
    using folder = new Folder();
    const recording = await record(moving(), folder.file("stopped.mp4"));
    await waitFor("pictures", () => recording.stats().frames > 2);
    await Promise.all(runningCaptures().map((capture) => capture.stop()));
    expect((await recording.finished).endedBy).toBe("stop");
  });
});

test("a new size of the screen begins a new file", async () => {
  using folder = new Folder();
  const path = folder.file("desk.top.mp4");
  await using server = await Xvfb.start({ width: 640, height: 480 });
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 1);
  const before = await painter.grab();
  await using recording = await record(new ScreenCapture({ display: server.display }), path);
  await waitFor("the picture's refinement", () => recording.stats().frames >= 2);
  await painter.screen(320, 240);
  await waitFor("the new size", () => recording.stats().segments === 2);
  await painter.screen(640, 480);
  await waitFor("the old size", () => recording.stats().segments === 3);
  const { segments, durationMs, frames, bytes } = await recording.stop();
  const names = ["desk.top.mp4", "desk.top-2.mp4", "desk.top-3.mp4"];
  expect(segments.map(({ path }) => path)).toEqual(names.map((name) => folder.file(name)));
  expect(segments.map(({ width, height }) => [width, height])).toEqual([
    [640, 480],
    [320, 240],
    [640, 480],
  ]);
  let totalMs = 0;
  for (const segment of segments) {
    const file = segment.path as string;
    expect(await durationOf(file)).toBeCloseTo(segment.durationMs / 1000, 4);
    expect((await packetsOf(file)).length).toBe(segment.frames);
    expect(statSync(file).size).toBe(segment.bytes);
    expect(await factsOf(file)).toMatchObject({ width: segment.width, height: segment.height });
    totalMs += segment.durationMs;
  }
  expect(totalMs).toBeCloseTo(durationMs, 3);
  expect(segments.reduce((sum, segment) => sum + segment.frames, 0)).toBe(frames);
  expect(segments.reduce((sum, segment) => sum + segment.bytes, 0)).toBe(bytes);
  expectAlike(before, await lastPictureOf(path), AT_REST);
});

describe("is refused", () => {
  test.each<[string, unknown]>([
    ["fps", 0],
    ["fps", "30"],
    ["crf", 52],
    ["crf", 1.5],
    ["durationMs", 0],
    ["durationMs", 2 ** 31],
    ["sizeBytesMax", 1],
    ["fragmentMs", 99],
    ["keyframeMs", null],
    ["container", "webm"],
    ["onError", true],
    ["signal", {}],
    ["constructor", 1],
    ["duration", 1000],
  ])("the option %s of %p", async (field, value) => {
    const options = { [field]: value } as RecordOptions;
    const error = await rejection(record(moving(), "/dev/null/never", options));
    expect(error).toMatchObject({ name: "PixelfluxError", operation: "record", field });
    expect(error.code).toBeOneOf(["ERR_INVALID_SETTING", "ERR_UNKNOWN_SETTING"]);
    expect(error.message).toMatch(/Leave it out|The options are/);
  });

  test.each([undefined, "", 7, new ReadableStream()])("the target %p", async (target) => {
    const error = await rejection(record(moving(), target as string));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "target" });
  });

  test("what is no capture, and a stream with a writer", async () => {
    const error = await rejection(record({} as ScreenCapture, "x.mp4"));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "capture" });
    const stream = new WritableStream<Uint8Array>();
    stream.getWriter();
    const locked = await rejection(record(moving(), stream));
    expect(locked).toMatchObject({ code: "ERR_INVALID_SETTING", field: "target" });
    await expectNothingLeft();
  });
});
