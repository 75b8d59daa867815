// SPDX-License-Identifier: MPL-2.0
// The reader sets the pace: a slow one costs frames, never memory, and never a P-frame.
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, memoryUsage, ScreenCapture } from "../../src/index.ts";
import { expectAlike } from "../support/canvas.ts";
import { type RecordedStripe, shownStreams, showStripes } from "../support/decode.ts";
import { Painter } from "../support/painter.ts";
import { Recorder, record } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const modes: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
];

describe("a slow reader", () => {
  test.each(modes)("%s: sees few frames, whole ones, and the newest", async (_, mode) => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.prepare("video", 1);
    await using capture = new ScreenCapture({ display: server.display, ...mode, queueFrames: 2 });
    const stripes: RecordedStripe[] = [];
    let largestBytes = 0;
    // Set when the painting is over: when its last update was done.
    let lastUpdateNs = Number.POSITIVE_INFINITY;
    const painted = painter.run(3).then(async () => {
      lastUpdateNs = (await painter.updates()).at(-1)?.ns ?? 0;
    });
    for await (const stripe of capture) {
      stripes.push(record(stripe));
      largestBytes = Math.max(largestBytes, memoryUsage().bufferBytes);
      if (lastUpdateNs === Number.POSITIVE_INFINITY) await Bun.sleep(20);
      // Read on until every row's last stripe is newer than the last update.
      const last = shownStreams(stripes).map((stream) => stream.at(-1) as RecordedStripe);
      if (last.every((stripe) => stripe.timestamp * 1000 > lastUpdateNs)) break;
    }
    await painted;
    expect(capture.stats().heldBack).toBeGreaterThan(0);
    // 180 updates were painted; a reader of 50 stripes a second cannot have seen them all.
    expect(capture.stats().frames).toBeLessThan(160);
    // Two frames that wait and one that is being made, of 640×480 px: far below 1 MB each.
    expect(largestBytes).toBeLessThan(8 * 2 ** 20);
    const shown = await showStripes(stripes, server.width, server.height);
    expectAlike(await painter.grab(), shown, { mean: 3, psnr: 34 }, "after the painting");
  });

  test("a callback that throws is an error event, and the next stripe comes", async () => {
    await using server = await Xvfb.start();
    await using capture = new ScreenCapture({ display: server.display });
    const errors: unknown[] = [];
    capture.on("error", (error) => errors.push(error));
    let calls = 0;
    const enough = Promise.withResolvers<void>();
    await capture.start((stripe) => {
      stripe.release();
      calls++;
      if (calls === 5) enough.resolve();
      if (calls <= 3) throw new Error(`meant ${calls}`);
    });
    await enough.promise;
    expect(errors.map((error) => (error as Error).message)).toEqual([
      "meant 1",
      "meant 2",
      "meant 3",
    ]);
  });

  test("no stripe comes after stop", async () => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.prepare("video", 1);
    const painted = painter.run(4);
    for (let i = 0; i < 10; i++) {
      const recorder = await Recorder.start({ display: server.display, outputMode: "h264" });
      await Bun.sleep(30);
      const stopped = recorder.capture.stop();
      const known = recorder.stripes.length;
      await stopped;
      await Bun.sleep(20);
      expect(recorder.stripes.length).toBe(known);
    }
    await painter.command("size"); // ends the run
    await painted;
  });
});

describe("the frame rate", () => {
  test.each([5, 20, 60])("is at most %d a second", async (targetFps) => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    await painter.prepare("video", 1);
    await using recorder = await Recorder.start({ display: server.display, targetFps });
    await painter.run(2);
    const times = [...new Map(recorder.stripes.map((s) => [s.frameId, s.timestamp])).values()];
    expect(times.length).toBeGreaterThan(2);
    // Frames are at least a frame time apart, by the clock that stamps them; refreshes and the
    // rounding to µs aside.
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1e6;
    expect(times.length - 1).toBeLessThanOrEqual(Math.ceil(seconds * targetFps) + 1);
  });
});
