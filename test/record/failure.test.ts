// SPDX-License-Identifier: MPL-2.0
// What fails while recording is told by its kind, and what was written before can be played.
import { expect, mock, test } from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ScreenCapture } from "../../src/index.ts";
import { record } from "../../src/record/index.ts";
import { durationOf, picturesOf } from "../support/movie.ts";
import { rootPath, runCommand, waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { expectNothingLeft, rejection } from "../unit/synthetic.ts";
import { Collector } from "./collector.ts";
import { Folder } from "./folder.ts";

const moving = () => new ScreenCapture({ display: "synthetic://320x240@30" });

test("a target that cannot be opened, and a display that is not there", async () => {
  using folder = new Folder();
  const noFolder = await rejection(record(moving(), folder.file("none/x.mp4")));
  expect(noFolder).toMatchObject({ code: "ERR_WRITE", operation: "record", field: "target" });
  expect(noFolder.message).toContain("none/x.mp4");
  expect(noFolder.message).toEndWith("its folder does not exist: make it first (ENOENT)");
  const path = folder.file("kept.mp4");
  writeFileSync(path, "kept");
  const noDisplay = await rejection(record(new ScreenCapture({ display: ":99999" }), path));
  expect(noDisplay.code).toBe("ERR_DISPLAY_OPEN");
  expect(await Bun.file(path).text()).toBe("kept");
  await expectNothingLeft();
});

test("a file that another recording writes to", async () => {
  using folder = new Folder();
  const path = folder.file("one.mp4");
  const starts = [record(moving(), path), record(moving(), `${folder.path}/./one.mp4`)];
  const ends = await Promise.allSettled(starts);
  const errors = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  const [recording, ...others] = ends.flatMap((end) =>
    end.status === "fulfilled" ? [end.value] : [],
  );
  expect(others).toEqual([]);
  expect(errors).toMatchObject([{ code: "ERR_WRITE", field: "target" }]);
  await recording?.stop();
  expect((await picturesOf(path)).length).toBe(recording?.stats().frames as number);
  await (await record(moving(), path)).stop(); // it is free again
  await expectNothingLeft();
});

test("a stream that fails", async () => {
  using folder = new Folder();
  const broken = new Error("the upload has broken");
  const collector = new Collector();
  const stream = new WritableStream<Uint8Array>({
    write(bytes) {
      if (collector.bytes > 20_000) throw broken;
      collector.take(bytes);
    },
  });
  const onError = mock();
  const recording = await record(moving(), stream, { fragmentMs: 100, onError });
  const error = await rejection(recording.finished);
  expect(error).toMatchObject({ code: "ERR_WRITE", operation: "record", cause: broken });
  expect(onError.mock.calls).toEqual([[error]]);
  expect(recording.stats().state).toBe("ended");
  expect(await rejection(recording.stop())).toBe(error);
  await recording[Symbol.asyncDispose]();
  await collector.save(folder.file("broken.mp4"));
  expect((await picturesOf(folder.file("broken.mp4"))).length).toBeGreaterThan(3);
  await expectNothingLeft();
});

test("a full device", async () => {
  const onError = mock();
  const recording = await record(moving(), "/dev/full", { fragmentMs: 100, onError });
  const error = await rejection(recording.finished);
  expect(error).toMatchObject({ code: "ERR_WRITE", cause: { code: "ENOSPC" } });
  expect(error.message).toContain("/dev/full");
  expect(onError).toHaveBeenCalledTimes(1);
  await expectNothingLeft();
});

test("a file that may not grow any more", async () => {
  using folder = new Folder();
  const path = folder.file("limited.mp4");
  const source = `
    import { ScreenCapture } from ${JSON.stringify(join(rootPath, "src/index.ts"))};
    import { record } from ${JSON.stringify(join(rootPath, "src/record/index.ts"))};
    const capture = new ScreenCapture({ display: "synthetic://640x480@60", h264Crf: 10 });
    const recording = await record(capture, ${JSON.stringify(path)}, {
      fragmentMs: 100, onError: () => undefined,
    });
    const error = await recording.finished.catch((error) => error);
    console.log(error.code, error.cause.code, recording.stats().bytes);`;
  // With the signal ignored the write fails with EFBIG (setrlimit(2)), as one to a full disk does.
  const shell = `trap '' XFSZ; ulimit -f 100; exec "$0" -e "$1"`;
  const child = await runCommand(["bash", "-c", shell, process.execPath, source]);
  const { size } = statSync(path);
  expect(child).toMatchObject({ exitCode: 0, stdout: `ERR_WRITE EFBIG ${size}\n` });
  // Whole fragments only: nothing is left of the one that did not fit.
  const pictures = await picturesOf(path);
  expect(pictures.length).toBeGreaterThan(3);
  expect(size).toBeLessThanOrEqual(100 * 1024);
});

test("a display that is lost", async () => {
  using folder = new Folder();
  const path = folder.file("lost.mp4");
  const server = await Xvfb.start();
  const onError = mock();
  const capture = new ScreenCapture({ display: server.display });
  const recording = await record(capture, path, { onError });
  await waitFor("a picture", () => recording.stats().frames > 0);
  await server.kill();
  const error = await rejection(recording.finished);
  expect(error).toMatchObject({ code: "ERR_DISPLAY_LOST" });
  const { frames, durationMs } = recording.stats();
  expect((await picturesOf(path)).length).toBe(frames);
  expect(await durationOf(path)).toBeCloseTo(durationMs / 1000, 4);
  await server[Symbol.asyncDispose]();
  await expectNothingLeft();
});

test("a failure that nobody listens for goes to the console, and ends nothing else", async () => {
  const source = `
    import { ScreenCapture } from ${JSON.stringify(join(rootPath, "src/index.ts"))};
    import { record } from ${JSON.stringify(join(rootPath, "src/record/index.ts"))};
    await using recording = await record(
      new ScreenCapture({ display: "synthetic://64x64@30" }), "/dev/full", { fragmentMs: 100 });
    while (recording.stats().state !== "ended") await Bun.sleep(10);
    console.log("goes on");`;
  const child = await runCommand([process.execPath, "-e", source]);
  expect(child).toMatchObject({ exitCode: 0, stdout: "goes on\n" });
  expect(child.stderr).toContain("ERR_WRITE");
});

test("a target that takes nothing at the end is given up", async () => {
  const taken = Promise.withResolvers<void>();
  const stream = new WritableStream<Uint8Array>({
    write() {
      taken.resolve();
      return new Promise(() => undefined);
    },
  });
  const onError = mock();
  const recording = await record(moving(), stream, { fragmentMs: 100, onError });
  await taken.promise;
  // It holds back: what waits for the target does not grow.
  await waitFor("the capture to be held back", () => recording.stats().durationMs > 1500);
  const { frames } = recording.stats();
  await waitFor("more time", () => recording.stats().durationMs > 2500);
  expect(recording.stats().frames).toBe(frames);
  expect(await rejection(recording.stop())).toMatchObject({ code: "ERR_WRITE" });
  await expectNothingLeft();
}, 60_000);

test("an abort before the first picture", async () => {
  using folder = new Folder();
  const path = folder.file("aborted.mp4");
  const controller = new AbortController();
  const pending = record(moving(), path, { signal: controller.signal });
  controller.abort("enough");
  expect(await pending.catch((reason) => reason)).toBe("enough");
  expect(existsSync(path)).toBeFalse();
  await expectNothingLeft();
});
