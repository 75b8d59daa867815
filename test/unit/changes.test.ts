// SPDX-License-Identifier: MPL-2.0
// Waiting for changes on the synthetic source: what is refused, and how waits end.
import { describe, expect, test } from "bun:test";
import { type PixelfluxError, ScreenCapture, type WaitForStableOptions } from "../../src/index.ts";
import { CHANGE_RECTANGLE_COUNT_MAX } from "../../src/native/changes.ts";
import { expectNothingLeft, MOVING, makeCapture, rejection, STILL } from "./synthetic.ts";

const REGION = { x: 0, y: 0, width: 64, height: 16 };

/** Every wait there is, such that it does not end by itself on a still screen. */
const WAITS: [string, (capture: ScreenCapture, signal?: AbortSignal) => Promise<unknown>][] = [
  ["waitForChange", (capture, signal) => capture.waitForChange({ signal })],
  ["waitForStable", (capture, signal) => capture.waitForStable({ quietMs: 2e9, signal })],
];

async function still(): Promise<ScreenCapture> {
  const capture = makeCapture({ display: STILL });
  await capture.start();
  return capture;
}

function thrown(step: () => unknown): PixelfluxError {
  try {
    step();
  } catch (error) {
    return error as PixelfluxError;
  }
  throw new Error("nothing was thrown");
}

describe("wrong options", () => {
  const wrong: [field: string, options: Record<string, unknown>][] = [
    ["quietMs", {}],
    ["quietMs", { quietMs: -1 }],
    ["quietMs", { quietMs: Number.NaN }],
    ["quietMs", { quietMs: "100" }],
    ["timeoutMs", { quietMs: 1, timeoutMs: 2 ** 31 }],
    ["timeoutMs", { quietMs: 1, timeoutMs: null }],
    ["signal", { quietMs: 1, signal: {} }],
    ["region", { quietMs: 1, region: 5 }],
    ["region.width", { quietMs: 1, region: { ...REGION, width: 0 } }],
    ["region.x", { quietMs: 1, region: { ...REGION, x: 0.5 } }],
    ["ignore", { quietMs: 1, ignore: REGION }],
    ["ignore", { quietMs: 1, ignore: Array(CHANGE_RECTANGLE_COUNT_MAX + 1).fill(REGION) }],
    ["ignore[1]", { quietMs: 1, ignore: [REGION, undefined] }],
    ["ignore[1].height", { quietMs: 1, ignore: [REGION, { ...REGION, height: -1 }] }],
  ];
  test.each(wrong)("%s of %j", async (field, options) => {
    await using capture = await still();
    const error = await rejection(capture.waitForStable(options as never));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", operation: "waitForStable", field });
    expect(error.message).toContain(field);
  });

  test("that do not exist, and no options at all", async () => {
    await using capture = await still();
    const options = { quietMs: 1, quiet: 5 } as WaitForStableOptions;
    expect(await rejection(capture.waitForStable(options))).toMatchObject({
      ...{ code: "ERR_UNKNOWN_SETTING", field: "quiet" },
    });
    expect((await rejection(capture.waitForStable(undefined as never))).field).toBe("options");
    expect((await rejection(capture.waitForChange(null as never))).field).toBe("options");
  });

  test.each([undefined, -1, 1.5, "7", 2 ** 53, Number.NaN])("token %p", async (token) => {
    await using capture = await still();
    const expected = { code: "ERR_INVALID_SETTING", field: "token", operation: "changedSince" };
    expect(thrown(() => capture.changedSince(token as number))).toMatchObject(expected);
    if (token === undefined) return;
    const error = await rejection(capture.waitForChange({ since: token as number }));
    expect(error.field).toBe("since");
  });

  test("a region beyond the frame", async () => {
    await using capture = await still();
    const region = { x: 600, y: 0, width: 41, height: 1 };
    const expected = { code: "ERR_REGION_OFF_SCREEN", field: "region" };
    expect(await rejection(capture.waitForChange({ region }))).toMatchObject(expected);
    const error = await rejection(capture.waitForStable({ quietMs: 1, region }));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain("640x480");
    expect(thrown(() => capture.changedSince(0, { region }))).toMatchObject(expected);
    expect(capture.changedSince(0, { ignore: [{ ...region, width: 16384 }] }).rectangles).toEqual([
      { x: 0, y: 0, width: 576, height: 16 },
      { x: 0, y: 16, width: 640, height: 464 },
    ]);
  });
});

test("nothing is to be had of a capture that does not run", async () => {
  const capture = makeCapture({ display: STILL });
  for (const round of ["before", "after"]) {
    const expected = { code: "ERR_NOT_RUNNING" };
    for (const [operation, wait] of WAITS) {
      expect(await rejection(wait(capture)), round).toMatchObject({ ...expected, operation });
    }
    expect(thrown(() => capture.changeToken())).toMatchObject(expected);
    expect(thrown(() => capture.changedSince(0))).toMatchObject(expected);
    await capture.start();
    await capture.stop();
  }
});

describe.each(WAITS)("%s", (operation, wait) => {
  test("ends with stop()", async () => {
    const capture = await still();
    const waiting = [wait(capture), wait(capture)].map(rejection);
    await capture.stop();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: "ERR_ABORTED", operation });
    }
    await expectNothingLeft();
  });

  test("ends with its signal, and leaves the others be", async () => {
    await using capture = await still();
    const abort = new AbortController();
    const other = rejection(wait(capture));
    const waiting = wait(capture, abort.signal).catch((error) => error);
    abort.abort("enough");
    expect(await waiting).toBe("enough");
    expect(await wait(capture, abort.signal).catch((error) => error)).toBe("enough");
    await capture.stop();
    expect((await other).code).toBe("ERR_ABORTED");
  });

  test("ends with its time", async () => {
    await using capture = await still();
    const options = { quietMs: 2e9, timeoutMs: 20 };
    const beginMs = performance.now();
    const error = await rejection(
      operation === "waitForStable"
        ? capture.waitForStable(options)
        : capture.waitForChange({ timeoutMs: 20 }),
    );
    expect(error).toMatchObject({ code: "ERR_TIMEOUT", operation, field: "timeoutMs" });
    expect(performance.now() - beginMs).toBeGreaterThan(18);
  });

  test("ends with the capture's failure", async () => {
    const capture = new ScreenCapture({ display: "synthetic://64x64@0", captureX: 64 });
    capture.on("error", () => undefined);
    const started = capture.start().catch((error) => error);
    const error = await rejection(wait(capture));
    expect(error.code).toBe("ERR_REGION_OFF_SCREEN");
    expect(await started).toBe(error);
  });
});

test("begun before the first frame, that is the change", async () => {
  const capture = makeCapture({ display: STILL });
  const started = capture.start();
  const change = await capture.waitForChange({ timeoutMs: 5000 });
  expect(change.rectangles).toEqual([{ x: 0, y: 0, width: 640, height: 480 }]);
  await started;
  // So it is for a capture that waits for the one before to end.
  const stopped = capture.stop();
  const again = capture.start();
  const next = await capture.waitForChange({ since: change.token, timeoutMs: 5000 });
  expect(next.rectangles).toEqual(change.rectangles);
  await Promise.all([stopped, again]);
  await capture.stop();
});

test("changes go on whoever reads, and tokens tell of each once", async () => {
  await using capture = makeCapture({ display: MOVING, queueFrames: 1 });
  await capture.start();
  let token = capture.changeToken();
  for (let round = 0; round < 20; round++) {
    const change = await capture.waitForChange({ since: token, timeoutMs: 5000 });
    expect(change.token).toBeGreaterThan(token);
    expect(change.timestamp).toBeGreaterThan(token);
    token = change.token;
  }
  expect(capture.stats().heldBack).toBe(1);
  const changes = capture.changedSince(token);
  expect(capture.changedSince(changes.token, { region: REGION }).token).toBeGreaterThan(0);
});

test("a moving screen does not come to rest, but where it is ignored", async () => {
  await using capture = makeCapture({ display: MOVING });
  await capture.start((stripe) => stripe.release());
  const error = await rejection(capture.waitForStable({ quietMs: 200, timeoutMs: 600 }));
  expect(error.code).toBe("ERR_TIMEOUT");
  const all = { x: 0, y: 0, width: 640, height: 480 };
  const stability = await capture.waitForStable({ quietMs: 200, ignore: [all], timeoutMs: 5000 });
  expect(stability).toMatchObject({ quietMs: Infinity, rectangles: [], timestamp: undefined });
  expect((await capture.waitForStable({ quietMs: 0 })).quietMs).toBeLessThan(200);
});
