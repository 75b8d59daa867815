// SPDX-License-Identifier: MPL-2.0
import { afterEach, describe, expect, test } from "bun:test";
import { memoryUsage, runningCaptures, ScreenCapture } from "../../src/index.ts";
import { runSnippet, waitFor } from "../support/process.ts";
import {
  collectStripes,
  expectNothingLeft,
  MOVING,
  makeCapture,
  rejection,
  STILL,
  startCounting,
} from "./synthetic.ts";

afterEach(expectNothingLeft);

describe("start", () => {
  test("resolves with the first frame, and complete stripes come", async () => {
    const capture = makeCapture({ display: STILL });
    expect(capture.running).toBe(false);
    const rows = new Set<number>();
    const starting = startCounting(capture, (stripe) => {
      expect(stripe).toMatchObject({ type: "jpeg", keyframe: true, width: 640, codec: "jpeg" });
      expect([...stripe.payload.subarray(0, 2)]).toEqual([0xff, 0xd8]);
      for (let row = 0; row < stripe.stripeHeight; row++) rows.add(stripe.stripeYStart + row);
    });
    expect(capture.running).toBe(true);
    expect([capture.width, capture.height]).toEqual([0, 0]);
    await starting;
    expect(capture.running).toBe(true);
    expect([capture.width, capture.height]).toEqual([640, 480]);
    expect(runningCaptures()).toEqual([capture]);
    await waitFor("every row", () => rows.size === 480);
    await capture.stop();
    expect(capture.running).toBe(false);
    expect(runningCaptures()).toEqual([]);
  });

  test("hands the callback its user data", async () => {
    const capture = makeCapture();
    const data = { name: "mine" };
    const got = Promise.withResolvers<unknown>();
    await capture.start((stripe, userData) => {
      stripe.release();
      got.resolve(userData);
    }, data);
    expect(await got.promise).toBe(data);
    await capture.stop();
  });

  test("is refused while running, and the first one goes on", async () => {
    const capture = makeCapture();
    const seen = await startCounting(capture);
    const before = seen.count;
    const error = await rejection(capture.start(() => undefined));
    expect(error).toMatchObject({ code: "ERR_ALREADY_RUNNING", operation: "start" });
    await waitFor("further stripes", () => seen.count > before + 5);
    await capture.stop();
  });

  test("is refused before the first one has resolved", async () => {
    const capture = makeCapture();
    const first = startCounting(capture);
    expect((await rejection(capture.start())).code).toBe("ERR_ALREADY_RUNNING");
    await first;
    await capture.stop();
  });

  test.each([[null], [5], [{}], ["x"]])("refuses %p as a callback", async (value: unknown) => {
    const error = await rejection(makeCapture().start(value as () => void));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "onStripe" });
  });

  test.each([":7777", "nonsense", "synthetic://0x0@60"])(
    "rejects for display %p",
    async (display) => {
      const capture = makeCapture({ display });
      const events: string[] = [];
      capture.on("error", () => events.push("error")).on("stop", () => events.push("stop"));
      for (let round = 0; round < 2; round++) {
        const error = await rejection(capture.start(() => undefined));
        expect(error).toMatchObject({ name: "PixelfluxError", operation: "start" });
        expect(error.code).toMatch(/^ERR_(DISPLAY_OPEN|INVALID_SETTING)$/);
        expect(error.message).toContain(display);
        expect(capture.running).toBe(false);
      }
      expect(events).toEqual([]);
    },
  );

  test("follows a stop, also at once", async () => {
    const capture = makeCapture({ outputMode: "h264" });
    const ends: string[] = [];
    capture.on("stop", () => ends.push("stop"));
    for (let round = 0; round < 5; round++) {
      const seen = await startCounting(capture);
      await waitFor("stripes", () => seen.count > 8);
      const stopping = capture.stop();
      if (round % 2 === 0) await stopping;
    }
    await capture.stop();
    expect(ends).toHaveLength(5);
  });
});

describe("stop", () => {
  test("may come before start, repeatedly and concurrently", async () => {
    const capture = makeCapture();
    await capture.stop();
    await startCounting(capture);
    await Promise.all([capture.stop(), capture.stop(), capture.stop()]);
    await capture.stop();
    expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0 });
  });

  test("aborts a start that has not resolved", async () => {
    const capture = makeCapture();
    const starting = rejection(capture.start(() => undefined));
    await capture.stop();
    expect(await starting).toMatchObject({ code: "ERR_ABORTED", operation: "start" });
  });

  test("aborts a start that waits for an earlier stop", async () => {
    const capture = makeCapture();
    await startCounting(capture);
    void capture.stop();
    const starting = rejection(capture.start(() => undefined));
    await capture.stop();
    expect((await starting).code).toBe("ERR_ABORTED");
    expect(capture.running).toBe(false);
  });

  test("inside the callback: nothing follows, and it resolves", async () => {
    const capture = makeCapture({ stripeHeight: 16, queueFrames: 16 });
    const stopped = Promise.withResolvers<void>();
    let afterStop = 0;
    let seen = 0;
    await capture.start((stripe) => {
      stripe.release();
      if (!capture.running) afterStop += 1;
      if (++seen === 3) capture.stop().then(stopped.resolve, stopped.reject);
    });
    await stopped.promise;
    expect(seen).toBe(3);
    expect(afterStop).toBe(0);
    const stats = capture.stats();
    expect(stats.stripesDelivered).toBe(3);
  });

  test("no stripe comes after it was called", async () => {
    const capture = makeCapture();
    const seen = await startCounting(capture);
    await waitFor("stripes", () => seen.count > 20);
    const stopping = capture.stop();
    const { count } = seen;
    await stopping;
    await new Promise(setImmediate);
    expect(seen.count).toBe(count);
  });

  test("await using stops", async () => {
    {
      await using capture = makeCapture();
      await startCounting(capture);
    }
    expect(memoryUsage().captureCount).toBe(0);
  });
});

describe("a callback that fails", () => {
  test.each([
    [
      "throws",
      () => {
        throw new Error("mine");
      },
    ],
    ["rejects", () => Promise.reject(new Error("mine"))],
    [
      "throws no Error",
      () => {
        throw "mine";
      },
    ],
  ])("%s: every stripe still comes, and every error is told", async (_, fail) => {
    const capture = makeCapture();
    const errors: unknown[] = [];
    capture.on("error", (error) => errors.push(error));
    const seen = await startCounting(capture, fail);
    await waitFor("errors", () => errors.length > 10);
    await capture.stop();
    await new Promise(setImmediate);
    expect(errors).toHaveLength(seen.count);
    expect(String(errors[0])).toContain("mine");
  });

  test("unheard it is an unhandled rejection, and the capture goes on", async () => {
    const { stdout, exitCode, signal } = await runSnippet(`
      import { ScreenCapture } from "pixelflux-ffi";
      let unhandled = 0;
      process.on("unhandledRejection", () => { unhandled += 1; });
      const capture = new ScreenCapture({ display: "${MOVING}" });
      let seen = 0;
      await capture.start((stripe) => {
        stripe.release();
        if (++seen === 12) {
          // They are told behind the turn that has the stripes, which may be one.
          capture.stop().then(async () => {
            while (unhandled <= 5) await Bun.sleep(1);
            console.log(true);
          });
        }
        throw new Error("mine");
      });`);
    expect({ stdout, exitCode, signal }).toEqual({ stdout: "true\n", exitCode: 0, signal: null });
  });
});

describe("while running", () => {
  test("update changes the codec from one frame to the next", async () => {
    const capture = makeCapture();
    const types = new Set<string>();
    await startCounting(capture, (stripe) => types.add(stripe.codec));
    await waitFor("JPEG", () => types.has("jpeg"));
    capture.update({ outputMode: "h264" });
    await waitFor("H.264", () => [...types].some((type) => /^avc1\.[0-9a-f]{6}$/.test(type)));
    expect(capture.settings.outputMode).toBe("h264");
    await capture.stop();
  });

  test("update of the region gives a resize event and complete stripes", async () => {
    const capture = makeCapture({ display: STILL });
    const sizes: unknown[] = [];
    const widths = new Set<number>();
    capture.on("resize", (size) => sizes.push(size));
    await startCounting(capture, (stripe) => widths.add(stripe.width));
    await waitFor("stripes", () => widths.has(640));
    capture.update({ captureWidth: 321, captureHeight: 123 });
    await waitFor("stripes of the new size", () => widths.has(321));
    expect(sizes).toEqual([{ width: 321, height: 123 }]);
    expect([capture.width, capture.height]).toEqual([321, 123]);
    await capture.stop();
  });

  test("a refused update leaves settings and capture alone", async () => {
    const capture = makeCapture();
    const seen = await startCounting(capture);
    const before = capture.settings;
    expect(() => capture.update({ h264Crf: 52 })).toThrow("h264Crf");
    expect(() => capture.update({ queueFrames: 4 })).toThrow("queueFrames");
    expect(capture.settings).toBe(before);
    const { count } = seen;
    await waitFor("further stripes", () => seen.count > count + 5);
    await capture.stop();
  });

  test.each(["jpeg", "h264"] as const)(
    "requestKeyframe sends a still %s again",
    async (outputMode) => {
      const capture = makeCapture({ display: STILL, outputMode, usePaintOverQuality: false });
      const rows: number[] = [];
      await startCounting(capture, (stripe) => {
        expect(stripe.keyframe).toBe(true);
        rows.push(stripe.stripeYStart);
      });
      await waitFor(
        "every stripe once",
        () =>
          capture.stats().frames > 0 && rows.length > 0 && capture.stats().stripes === rows.length,
      );
      const first = [...rows];
      rows.length = 0;
      capture.requestKeyframe();
      await waitFor("every stripe again", () => rows.length === first.length);
      expect(rows.toSorted()).toEqual(first.toSorted());
      await capture.stop();
    },
  );

  test("requestKeyframe needs a running capture", async () => {
    const capture = makeCapture();
    const expected = expect.objectContaining({ code: "ERR_NOT_RUNNING" });
    expect(() => capture.requestKeyframe()).toThrow(expected);
    const seen = await startCounting(capture);
    capture.requestKeyframe();
    await waitFor("stripes", () => seen.count > 0);
    await capture.stop();
    expect(() => capture.requestKeyframe()).toThrow(expected);
  });

  test("a slow callback holds the capture back and does not starve timers", async () => {
    const capture = makeCapture({ stripeHeight: 16, queueFrames: 1 });
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    const seen = await startCounting(capture, () => {
      const end = performance.now() + 5;
      while (performance.now() < end);
    });
    await waitFor("stripes", () => seen.count > 60);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
    expect(capture.stats().heldBack).toBeGreaterThan(0);
    await capture.stop();
  });
});

test("several captures run side by side and end one by one", async () => {
  const sizes = [64, 128, 320, 641];
  const runs = await Promise.all(
    sizes.map(async (width, index) => {
      const outputMode = index % 2 === 0 ? "jpeg" : "h264";
      const capture = new ScreenCapture({ display: `synthetic://${width}x99@60`, outputMode });
      const widths = new Set<number>();
      const seen = await startCounting(capture, (stripe) => widths.add(stripe.width));
      return { capture, width, widths, seen };
    }),
  );
  expect(memoryUsage().captureCount).toBe(sizes.length);
  for (const { capture, width, widths, seen } of runs) {
    await waitFor("stripes", () => seen.count > 5);
    await capture.stop();
    expect([...widths]).toEqual([width]);
  }
});

test("the native limit of captures is a typed error", async () => {
  const captures = Array.from({ length: 64 }, () =>
    makeCapture({ display: "synthetic://16x16@0" }),
  );
  await Promise.all(captures.map((capture) => startCounting(capture)));
  const error = await rejection(makeCapture().start(() => undefined));
  expect(error.code).toBe("ERR_TOO_MANY_CAPTURES");
  await Promise.all(captures.map((capture) => capture.stop()));
}, 60_000);

test("stripes that are dropped are counted as collected", async () => {
  const capture = makeCapture();
  (await collectStripes(capture, 10)).length = 0;
  await waitFor("the collector", () => {
    Bun.gc(true);
    return capture.stats().stripesCollected === 10;
  });
});
