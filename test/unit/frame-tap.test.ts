// SPDX-License-Identifier: MPL-2.0
// Taps on the synthetic source: how they begin, end and are refused.
import { expect, test } from "bun:test";
import { memoryUsage, type TappedFrame } from "../../src/index.ts";
import { waitFor } from "../support/process.ts";
import { expectNothingLeft, MOVING, makeCapture, rejection, STILL } from "./synthetic.ts";

const FRAME_BYTES = 640 * 480 * 4;

test("the first frame is complete, later ones are what has changed", async () => {
  await using capture = makeCapture({ display: MOVING });
  await capture.start((stripe) => stripe.release());
  const seen: TappedFrame[] = [];
  for await (const frame of capture.tapFrames()) if (seen.push(frame) === 8) break;
  expect(seen[0]?.rectangles).toEqual([{ x: 0, y: 0, width: 640, height: 480 }]);
  for (const [index, frame] of seen.entries()) {
    const { rectangles, data, timestamp, width, height } = frame;
    const pixels = rectangles.reduce((sum, each) => sum + each.width * each.height, 0);
    expect(data.length).toBe(pixels * 4);
    expect({ width, height }).toEqual({ width: 640, height: 480 });
    expect(index === 0 || data.length < FRAME_BYTES).toBeTrue();
    expect(timestamp).toBeGreaterThan(seen[index - 1]?.timestamp ?? 0);
    frame.release();
    frame.release();
    expect(frame.data.length).toBe(0);
  }
  expect(memoryUsage().lentCount).toBe(0);
});

test("one at a time, begun before the first frame, and none where nothing runs", async () => {
  const capture = makeCapture({ display: STILL });
  expect(() => capture.tapFrames()).toThrow("not running");
  const started = capture.start();
  const tap = capture.tapFrames();
  expect(() => capture.tapFrames()).toThrow("tapped already");
  const first = await tap.next();
  expect(first.value?.data.length).toBe(FRAME_BYTES);
  first.value?.release();
  expect(tap.poll()).toBeUndefined();
  tap.close();
  tap.close();
  expect(await tap.next()).toEqual({ done: true, value: undefined });
  await using again = capture.tapFrames();
  const second = await again.next();
  expect(second.value?.data.length).toBe(FRAME_BYTES);
  second.value?.release();
  const waiting = again.next();
  await Promise.all([started, capture.stop()]);
  expect(await waiting).toEqual({ done: true, value: undefined });
  await expectNothingLeft();
});

test("waits and taps keep a capture that nobody else holds", async () => {
  const tap = await (async () => {
    const capture = makeCapture({ display: MOVING, queueFrames: 1 });
    await capture.start();
    return capture.tapFrames();
  })();
  const rest = (async () => {
    const capture = makeCapture({ display: STILL });
    await capture.start();
    return capture.waitForStable({ quietMs: 400 });
  })();
  for (let round = 0; round < 20; round++) {
    Bun.gc(true);
    (await tap.next()).value?.release();
  }
  expect((await tap.next()).done).toBeFalse();
  expect((await rest).quietMs).toBeGreaterThanOrEqual(400);
  tap.close();
  await waitFor("the captures to be collected", () => {
    Bun.gc(true);
    return memoryUsage().captureCount === 0;
  });
});

test("it throws what the capture fails of, once", async () => {
  const capture = makeCapture({ display: "synthetic://64x64@0", captureX: 64 });
  const started = rejection(capture.start());
  const tap = capture.tapFrames();
  const error = await rejection(tap.next());
  expect(error.code).toBe("ERR_REGION_OFF_SCREEN");
  expect(await started).toBe(error);
  expect((await tap.next()).done).toBeTrue();
});

test.each([
  ["bufferBytes", { bufferBytes: 65_535 }, "ERR_INVALID_SETTING"],
  ["bufferBytes", { bufferBytes: 2 ** 30 + 1 }, "ERR_INVALID_SETTING"],
  ["bufferBytes", { bufferBytes: Number.NaN }, "ERR_INVALID_SETTING"],
  ["bufferBytes", { bufferBytes: "1" }, "ERR_INVALID_SETTING"],
  ["buffer", { buffer: 1 }, "ERR_UNKNOWN_SETTING"],
  ["options", null, "ERR_INVALID_SETTING"],
])("%s of %p is refused", async (field, options, code) => {
  await using capture = makeCapture({ display: STILL });
  await capture.start();
  const error = await rejection((async () => capture.tapFrames(options as never))());
  expect(error).toMatchObject({ field, code, operation: "tapFrames" });
});
