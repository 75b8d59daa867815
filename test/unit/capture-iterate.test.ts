// SPDX-License-Identifier: MPL-2.0
import { afterEach, describe, expect, test } from "bun:test";
import { memoryUsage, type Stripe } from "../../src/index.ts";
import { waitFor } from "../support/process.ts";
import { expectNothingLeft, makeCapture, rejection, STILL, startCounting } from "./synthetic.ts";

afterEach(expectNothingLeft);

describe("for await", () => {
  test("starts by itself and stops on break", async () => {
    const capture = makeCapture();
    let seen = 0;
    for await (const stripe of capture) {
      stripe.release();
      expect(capture.running).toBe(true);
      if (++seen === 20) break;
    }
    expect(capture.running).toBe(false);
    expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0 });
    expect(capture.stats().stripesDelivered).toBe(20);
  });

  test("stops on return and on throw", async () => {
    const capture = makeCapture();
    const first = async (): Promise<number> => {
      for await (using stripe of capture) return stripe.width;
      return 0;
    };
    expect(await first()).toBe(640);
    expect(capture.running).toBe(false);
    const failing = async () => {
      for await (using stripe of capture) throw new Error(`mine ${stripe.width}`);
    };
    expect((await rejection(failing())).message).toBe("mine 640");
    expect(memoryUsage().captureCount).toBe(0);
  });

  test("takes over a capture that was started without a callback", async () => {
    const capture = makeCapture();
    await capture.start();
    for await (using stripe of capture) {
      expect(stripe.frameId).toBe(0);
      break;
    }
    expect(capture.running).toBe(false);
  });

  test("ends normally when somebody stops the capture, and can begin again", async () => {
    const capture = makeCapture();
    for (let round = 0; round < 3; round++) {
      let seen = 0;
      for await (using stripe of capture) {
        expect(stripe.released).toBe(false);
        if (++seen === 5) await capture.stop();
      }
      expect(seen).toBe(5);
    }
  });

  test("ends while it waits on a still screen", async () => {
    const capture = makeCapture({ display: STILL, usePaintOverQuality: false });
    let seen = 0;
    const loop = (async () => {
      for await (using stripe of capture) seen += stripe.released ? 0 : 1;
    })();
    await waitFor("every stripe", () => seen > 0 && capture.stats().stripes === seen);
    await capture.stop();
    await loop;
  });

  test("throws what keeps the capture from starting", async () => {
    const loop = async () => {
      for await (const _ of makeCapture({ display: ":7777" }));
    };
    expect(await rejection(loop())).toMatchObject({ code: "ERR_DISPLAY_OPEN", operation: "start" });
  });

  test("leaves the native queue the only one: a slow loop holds the capture back", async () => {
    const capture = makeCapture({ queueFrames: 1, stripeHeight: 16 });
    await capture.start();
    await waitFor("the capture to hold back", () => capture.stats().heldBack > 0);
    const { frames } = capture.stats();
    expect(frames).toBeLessThanOrEqual(3);
    expect(memoryUsage().lentCount).toBe(0);
    let last: Stripe | undefined;
    for await (using stripe of capture) {
      last = stripe;
      // More frames than the queue holds: the capture went on as it was read.
      if (stripe.frameId > 4) break;
    }
    expect(last?.frameId).toBeGreaterThan(4);
  });
});

test("a slow loop does not starve timers", async () => {
  const capture = makeCapture({ stripeHeight: 16 });
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks === 20) void capture.stop();
  }, 1);
  for await (using stripe of capture) {
    const end = performance.now() + 5;
    while (performance.now() < end && !stripe.released);
  }
  clearInterval(timer);
  expect(ticks).toBeGreaterThanOrEqual(20);
});

describe("one iterator at a time", () => {
  test("a second one is refused and the first goes on", async () => {
    const capture = makeCapture();
    const first = capture[Symbol.asyncIterator]();
    (await first.next()).value?.release();
    const second = capture[Symbol.asyncIterator]();
    expect((await rejection(second.next())).code).toBe("ERR_ALREADY_RUNNING");
    expect(await second.next()).toEqual({ done: true, value: undefined });
    const { value } = await first.next();
    expect(value?.width).toBe(640);
    value?.release();
    await first.return?.();
  });

  test("an iterator is refused while a callback gets the stripes", async () => {
    const capture = makeCapture();
    await startCounting(capture);
    const iterator = capture[Symbol.asyncIterator]();
    expect((await rejection(iterator.next())).code).toBe("ERR_ALREADY_RUNNING");
    expect(capture.running).toBe(true);
    await capture.stop();
  });

  test("one that was never stepped costs nothing and ends", async () => {
    const capture = makeCapture();
    const iterator = capture[Symbol.asyncIterator]();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(capture.running).toBe(false);
  });
});

describe("stepping by hand", () => {
  test("steps asked for together are answered in order", async () => {
    const capture = makeCapture();
    const iterator = capture[Symbol.asyncIterator]();
    const steps = await Promise.all(Array.from({ length: 12 }, () => iterator.next()));
    const stripes = steps.map((step) => step.value as Stripe);
    expect(stripes.map((stripe) => stripe.frameId)).toEqual(
      stripes.map((stripe) => stripe.frameId).toSorted((a, b) => a - b),
    );
    for (const stripe of stripes) stripe.release();
    await iterator.return?.();
  });

  test("return ends a step that waits", async () => {
    const capture = makeCapture({ display: STILL, usePaintOverQuality: false });
    const iterator = capture[Symbol.asyncIterator]();
    let seen = 0;
    let pending = iterator.next();
    for (;;) {
      const result = await Promise.race([
        pending,
        waitFor("all stripes", () => seen > 0 && capture.stats().stripes === seen),
      ]);
      if (result === true) break;
      result.value?.release();
      seen += 1;
      pending = iterator.next();
    }
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  test("throw stops the capture and rejects with its error", async () => {
    const capture = makeCapture();
    const iterator = capture[Symbol.asyncIterator]();
    (await iterator.next()).value?.release();
    const mine = new Error("mine");
    expect(await rejection(iterator.throw?.(mine) ?? Promise.resolve())).toBe(mine as never);
    expect(capture.running).toBe(false);
  });
});
