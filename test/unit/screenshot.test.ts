// SPDX-License-Identifier: MPL-2.0
// Screenshots without a screen: options, ends, and what is left. What they show: test/e2e/.
import { afterEach, describe, expect, test } from "bun:test";
import { memoryUsage, type ScreenshotOptions } from "../../src/index.ts";
import { waitFor } from "../support/process.ts";
import { expectNothingLeft, makeCapture, rejection, STILL, startCounting } from "./synthetic.ts";

afterEach(expectNothingLeft);

const WRONG: [field: string, options: unknown, expected?: string][] = [
  ["options", null],
  ["options", 5],
  ["format", { format: "gif" }],
  ["format", { format: 0 }],
  ["quality", { quality: 101 }],
  ["quality", { quality: 50.5, format: "png" }],
  ["quality", { quality: "90" }],
  ["signal", { signal: {} }],
  ["region", { region: 7 }],
  ["region", { region: null }],
  ["region.x", { region: { x: -1, y: 0, width: 1, height: 1 } }],
  ["region.y", { region: { x: 0, width: 1, height: 1 } }],
  ["region.width", { region: { x: 0, y: 0, width: 0, height: 1 } }],
  ["region.height", { region: { x: 0, y: 0, width: 1, height: 16385 } }],
];

describe("options", () => {
  test.each(WRONG)("a wrong %s is refused: %j", async (field, options) => {
    const error = await rejection(makeCapture().screenshot(options as ScreenshotOptions));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", operation: "screenshot", field });
  });

  test("an unknown one is refused, and the others are named", async () => {
    const error = await rejection(makeCapture().screenshot({ type: "png" } as ScreenshotOptions));
    expect(error).toMatchObject({ code: "ERR_UNKNOWN_SETTING", field: "type" });
    expect(error.message).toContain("format");
  });

  test("undefined stands for the default", async () => {
    const nothing = { region: undefined, format: undefined, quality: undefined, signal: undefined };
    using shot = await makeCapture().screenshot(nothing);
    expect(shot).toMatchObject({ format: "png", width: 640, height: 480 });
    expect([...shot.data.subarray(1, 4)]).toEqual([...Buffer.from("PNG")]);
  });
});

test("released, it is empty, and the memory is back", async () => {
  await using capture = makeCapture({ display: STILL });
  await capture.start();
  const shot = await capture.screenshot({ format: "raw" });
  const { data } = shot;
  expect(memoryUsage().lentCount).toBe(1);
  shot.release();
  shot.release();
  expect(data.length).toBe(0);
  expect(shot.data.length).toBe(0);
  expect(memoryUsage().lentCount).toBe(0);
  // That of another is its own.
  using other = await capture.screenshot({ format: "raw" });
  expect(other.data.length).toBe(640 * 480 * 4);
});

test("its bytes outlive the capture, and nobody has to release them", async () => {
  const capture = makeCapture({ display: STILL });
  await capture.start();
  const shots = await Promise.all([1, 2, 3].map(() => capture.screenshot({ format: "raw" })));
  await capture.stop();
  expect(memoryUsage()).toMatchObject({ captureCount: 0, lentCount: 3 });
  expect(Buffer.compare(shots[0]?.data as Uint8Array, shots[2]?.data as Uint8Array)).toBe(0);
});

test("never among the stripes", async () => {
  await using capture = makeCapture();
  const types = new Set<string>();
  const seen = await startCounting(capture, (stripe) => types.add(stripe.type));
  for (let i = 0; i < 20; i++) (await capture.screenshot({ format: "jpeg" })).release();
  await waitFor("stripes", () => seen.count > 20);
  expect([...types]).toEqual(["jpeg"]);
  const { stripes, stripesDelivered } = capture.stats();
  expect(stripes).toBeGreaterThanOrEqual(stripesDelivered);
  expect(capture.stats().stripesDiscarded).toBe(0);
});

test("a loop goes on with its stripes alone", async () => {
  const capture = makeCapture();
  let count = 0;
  for await (using stripe of capture) {
    expect(stripe.type).toBe("jpeg");
    using shot = await capture.screenshot({
      format: "raw",
      region: { x: 1, y: 2, width: 3, height: 4 },
    });
    expect(shot.data.length).toBe(48);
    if (++count === 10) break;
  }
});

describe("an end that comes first", () => {
  test("stop() aborts what waits, at every point of the start", async () => {
    for (let round = 0; round < 12; round++) {
      const capture = makeCapture();
      const started = capture.start((stripe) => stripe.release()).catch(() => undefined);
      if (round % 3 === 1) await Promise.resolve();
      if (round % 3 === 2) await started;
      const taking = Array.from({ length: 6 }, () => rejection(capture.screenshot()));
      const stopped = capture.stop();
      for (const error of await Promise.all(taking)) {
        expect(error).toMatchObject({ code: "ERR_ABORTED", operation: "screenshot" });
      }
      await stopped;
      await started;
    }
  });

  test("stop() ends that of a capture that does not run, too", async () => {
    const capture = makeCapture();
    const taking = rejection(capture.screenshot());
    await capture.stop();
    expect(memoryUsage().captureCount).toBe(0);
    expect((await taking).code).toBe("ERR_ABORTED");
  });

  test("what the start fails of", async () => {
    const error = await rejection(makeCapture({ display: ":987" }).screenshot());
    expect(error.code).toBe("ERR_DISPLAY_OPEN");
    const capture = makeCapture({ captureX: 640 });
    const started = rejection(capture.start());
    expect((await rejection(capture.screenshot())).code).toBe("ERR_REGION_OFF_SCREEN");
    expect((await started).code).toBe("ERR_REGION_OFF_SCREEN");
  });

  test("what the start fails of at once, before there is anything native", async () => {
    const watermark = { watermarkPath: "/missing.png", watermarkLocation: "middle" } as const;
    const capture = makeCapture({ display: STILL, ...watermark });
    expect((await rejection(capture.screenshot())).code).toBe("ERR_WATERMARK");
    capture.update({ watermarkLocation: "none", watermarkPath: undefined });
    using shot = await capture.screenshot();
    expect(shot.width).toBe(640);
  });
});

describe("a signal", () => {
  test("that is aborted already keeps it from beginning", async () => {
    const reason = new Error("mine");
    const signal = AbortSignal.abort(reason);
    expect(await rejection(makeCapture().screenshot({ signal }))).toBe(reason as never);
    await using capture = makeCapture({ display: STILL });
    await capture.start();
    expect(await rejection(capture.screenshot({ signal }))).toBe(reason as never);
  });

  test("gives up what is under way, and what waits behind it", async () => {
    await using capture = makeCapture({ display: STILL });
    await capture.start();
    const abort = new AbortController();
    const { signal } = abort;
    const taking = Array.from({ length: 10 }, () => rejection(capture.screenshot({ signal })));
    const other = capture.screenshot({ format: "jpeg" });
    abort.abort();
    for (const error of await Promise.all(taking)) expect(error.name).toBe("AbortError");
    (await other).release();
    await waitFor("the answers that nobody wants", () => memoryUsage().lentCount === 0);
  });

  test("ends the capture that was started for it", async () => {
    const signal = AbortSignal.timeout(1);
    const capture = makeCapture({ display: "synthetic://8192x8192@0" });
    expect((await rejection(capture.screenshot({ signal }))).name).toBe("TimeoutError");
    expect(memoryUsage().captureCount).toBe(0);
  });
});

test("asked for by a loop on a capture that nobody else holds", async () => {
  const take = async () => {
    const capture = makeCapture({ display: STILL });
    await capture.start();
    return capture.screenshot({ format: "jpeg" });
  };
  const taking = take();
  Bun.gc(true);
  (await taking).release();
  await waitFor("the capture to be stopped with its holder", () => {
    Bun.gc(true);
    return memoryUsage().captureCount === 0;
  });
});
