// SPDX-License-Identifier: MPL-2.0
// Recordings into streams, pipes and sockets, and without a container.
import { expect, mock, test } from "bun:test";
import { createServer } from "node:net";
import { ScreenCapture } from "../../src/index.ts";
import { record } from "../../src/record/index.ts";
import { expectAlike } from "../support/canvas.ts";
import { durationOf, lastPictureOf, packetsOf, picturesOf } from "../support/movie.ts";
import { Painter } from "../support/painter.ts";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { expectNothingLeft, rejection } from "../unit/synthetic.ts";
import { Collector } from "./collector.ts";
import { Folder } from "./folder.ts";

const AT_REST = { mean: 1.8, max: 100, psnr: 35 };
const moving = () => new ScreenCapture({ display: "synthetic://320x240@30" });

test("a stream gets a file without gaps, of a still screen too", async () => {
  using folder = new Folder();
  const path = folder.file("stream.mp4");
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 5);
  const collector = new Collector();
  const capture = new ScreenCapture({ display: server.display });
  const recording = await record(capture, collector.stream, { fragmentMs: 200 });
  await waitFor("the last picture before the stillness", async () => {
    if (recording.stats().durationMs < 1000 || collector.bytes === 0) return false;
    await collector.save(path);
    const { durationMs } = recording.stats();
    return (await durationOf(path)) > 0.8 && durationMs > 1500;
  });
  await collector.save(path);
  const screen = await painter.grab();
  expectAlike(screen, await lastPictureOf(path), AT_REST);
  await painter.pattern("gradient", 2);
  const { frames } = recording.stats();
  await waitFor("the new picture", () => recording.stats().frames > frames + 2);
  const result = await recording.stop();
  expect(result).toMatchObject({ path: undefined, bytes: collector.bytes });
  expect(collector.closed).toBeTrue();
  await collector.save(path);
  expect((await packetsOf(path)).length).toBe(result.frames);
  expect(await durationOf(path)).toBeCloseTo(result.durationMs / 1000, 4);
  expectAlike(await painter.grab(), await lastPictureOf(path), AT_REST);
});

test("a stream cannot have a second size", async () => {
  using folder = new Folder();
  const path = folder.file("resized.mp4");
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  const collector = new Collector();
  const capture = new ScreenCapture({ display: server.display });
  const onError = mock();
  const recording = await record(capture, collector.stream, { onError });
  await waitFor("a picture", () => recording.stats().frames > 0);
  await painter.screen(320, 240);
  const error = await rejection(recording.finished);
  expect(error).toMatchObject({ code: "ERR_RESIZED" });
  expect(error.message).toContain("320×240");
  expect(onError).toHaveBeenCalledTimes(1);
  expect(collector.closed).toBeTrue();
  await collector.save(path);
  expect((await picturesOf(path)).length).toBe(recording.stats().frames);
});

test("access units alone, with every size that comes", async () => {
  using folder = new Folder();
  const path = folder.file("tap.h264");
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 5);
  const capture = new ScreenCapture({ display: server.display });
  const recording = await record(capture, path, { container: "annexb" });
  await waitFor("a picture", () => recording.stats().frames > 0);
  await painter.screen(320, 240);
  // What is written is whole access units; a refresh of the old size may come before the new one.
  await waitFor("the new size", async () => (await widthsOf(path)).widths.at(-1) === 320);
  const result = await recording.stop();
  expect(result.segments.length).toBe(1);
  const { widths, stderr } = await widthsOf(path);
  expect(stderr).toBe("");
  expect(widths.length).toBe(result.frames);
  expect([widths[0], widths.at(-1)]).toEqual([640, 320]);
});

/** The width of each picture of a file, in ffprobe's words. */
async function widthsOf(path: string): Promise<{ widths: number[]; stderr: string }> {
  const probe = [requireTool("ffprobe", "ffmpeg"), "-v", "error", "-show_entries"];
  const { stdout, stderr } = await runCommand([...probe, "frame=width", "-of", "csv=p=0", path]);
  return { widths: (stdout.match(/\d+/g) ?? []).map(Number), stderr };
}

test("a Unix socket", async () => {
  using folder = new Folder();
  const collector = new Collector();
  const ended = Promise.withResolvers<void>();
  const listener = createServer((socket) => {
    socket
      .on("data", (bytes) => collector.take(Buffer.from(bytes)))
      .on("end", () => ended.resolve());
  });
  await new Promise<void>((resolve) => listener.listen(folder.file("socket"), resolve));
  const options = { container: "annexb", durationMs: 500 } as const;
  await using recording = await record(moving(), folder.file("socket"), options);
  const { bytes, frames } = await recording.finished;
  await ended.promise;
  listener.close();
  expect(collector.bytes).toBe(bytes);
  await collector.save(folder.file("socket.h264"));
  expect((await picturesOf(folder.file("socket.h264"))).length).toBe(frames);
});

test("a Unix socket whose other side goes", async () => {
  using folder = new Folder();
  const listener = createServer((socket) => {
    socket.once("data", () => socket.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(folder.file("socket"), resolve));
  const onError = mock();
  const recording = await record(moving(), folder.file("socket"), { fragmentMs: 100, onError });
  expect(await rejection(recording.finished)).toMatchObject({ code: "ERR_WRITE" });
  listener.close();
  await expectNothingLeft();
});

test("a named pipe, once it has a reader", async () => {
  using folder = new Folder();
  const pipe = folder.file("pipe");
  await runCommand([requireTool("mkfifo", "coreutils"), pipe]);
  const error = await rejection(record(moving(), pipe));
  expect(error).toMatchObject({ code: "ERR_WRITE" });
  expect(error.message).toContain("start its reader first");
  const copy = folder.file("piped.mp4");
  const reader = Bun.spawn(["cat", pipe], { stdin: "ignore", stdout: Bun.file(copy) });
  const start = () =>
    record(moving(), pipe, { durationMs: 800, fragmentMs: 200 }).catch(() => undefined);
  const recording = await waitFor("the reader", start);
  const { frames, bytes } = await recording.finished;
  expect(await reader.exited).toBe(0);
  expect(Bun.file(copy).size).toBe(bytes);
  expect((await picturesOf(copy)).length).toBe(frames);
});

test("a named pipe whose reader goes", async () => {
  using folder = new Folder();
  const pipe = folder.file("pipe");
  await runCommand([requireTool("mkfifo", "coreutils"), pipe]);
  const reader = Bun.spawn(["cat", pipe], { stdin: "ignore", stdout: "ignore" });
  const onError = mock();
  const start = () => record(moving(), pipe, { fragmentMs: 100, onError }).catch(() => undefined);
  const recording = await waitFor("the reader", start);
  await waitFor("some bytes", () => recording.stats().bytes > 0);
  reader.kill("SIGKILL");
  expect(await rejection(recording.finished)).toMatchObject({
    ...{ code: "ERR_WRITE", cause: { code: "EPIPE" } },
  });
  await expectNothingLeft();
});
