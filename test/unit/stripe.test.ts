// SPDX-License-Identifier: MPL-2.0
import { dlopen } from "bun:ffi";
import { afterEach, describe, expect, test } from "bun:test";
import { memoryUsage, PixelfluxError, type Stripe } from "../../src/index.ts";
import { parseStripe } from "../../src/wire.ts";
import { waitFor } from "../support/process.ts";
import { collectStripes, expectNothingLeft, makeCapture } from "./synthetic.ts";

afterEach(expectNothingLeft);

async function oneStripe(settings = {}): Promise<Stripe> {
  const [stripe] = await collectStripes(makeCapture(settings), 1);
  if (!stripe) throw new Error("no stripe came");
  return stripe;
}

describe.each(["pixelflux", "legacy", "none", "extended"] as const)("header %s", (stripeHeader) => {
  test.each(["jpeg", "h264"] as const)(
    "%s: metadata, header and payload agree",
    async (outputMode) => {
      const stripes = await collectStripes(makeCapture({ stripeHeader, outputMode }), 12);
      for (const stripe of stripes) {
        const parsed = parseStripe(stripe.data, stripeHeader);
        expect(parsed.type).toBe(stripe.type);
        expect(parsed.keyframe).toBe(stripe.keyframe);
        expect(parsed.payload).toEqual(stripe.payload);
        expect(stripe.size).toBe(stripe.data.length);
        if (stripeHeader === "extended") {
          const { x, width, stripeHeight: height } = stripe;
          expect(parsed).toMatchObject({ x, width, height });
        } else {
          expect(stripe.type).toBe(outputMode);
          expect([stripe.x, stripe.sourceX, stripe.sourceY]).toEqual([0, undefined, undefined]);
        }
        if (stripeHeader !== "none") {
          expect(parsed).toMatchObject({ frameId: stripe.frameId, y: stripe.stripeYStart });
        }
        if (parsed.type === "h264" && stripeHeader !== "none") {
          expect(parsed).toMatchObject({ width: stripe.width, height: stripe.stripeHeight });
        }
        stripe.release();
      }
    },
  );
});

/** clock_gettime(2); Bun's own clocks begin with the process. */
function monotonicUs(): number {
  const CLOCK_MONOTONIC = 1;
  const { symbols } = dlopen("libc.so.6", {
    clock_gettime: { args: ["i32", "buffer"], returns: "i32" },
  });
  const time = new BigInt64Array(2);
  expect(symbols.clock_gettime(CLOCK_MONOTONIC, time)).toBe(0);
  return Number(time[0]) * 1e6 + Math.floor(Number(time[1]) / 1000);
}

test("timestamps are CLOCK_MONOTONIC in microseconds", async () => {
  const before = monotonicUs();
  using stripe = await oneStripe();
  const after = monotonicUs();
  expect(stripe.timestamp).toBeGreaterThanOrEqual(before);
  expect(stripe.timestamp).toBeLessThanOrEqual(after);
});

describe("release", () => {
  test("frees at once, empties every view, and leaves the metadata", async () => {
    const stripe = await oneStripe();
    const { data, payload, size, width } = stripe;
    const own = new Uint8Array(data.buffer, 2, 3);
    expect(memoryUsage().lentCount).toBe(1);
    expect(memoryUsage().lentBytes).toBeGreaterThanOrEqual(size);
    stripe.release();
    expect(memoryUsage()).toMatchObject({ lentCount: 0, lentBytes: 0 });
    for (const view of [data, payload, own, stripe.data, stripe.payload])
      expect(view).toHaveLength(0);
    expect(data[0]).toBeUndefined();
    expect(stripe).toMatchObject({ released: true, size, width });
    stripe.release();
    stripe[Symbol.dispose]();
    expect(memoryUsage().lentCount).toBe(0);
  });

  test("copy outlives it, and is refused after it", async () => {
    const stripe = await oneStripe();
    const bytes = [...stripe.data];
    const copy = stripe.copy();
    stripe.release();
    expect([...copy]).toEqual(bytes);
    const expected = expect.objectContaining({ code: "ERR_RELEASED", operation: "copy" });
    expect(() => stripe.copy()).toThrow(expected);
    expect(() => stripe.copy()).toThrow(PixelfluxError);
  });

  test("using releases at the end of the block", async () => {
    const stripe = await oneStripe();
    {
      using same = stripe;
      expect(same.released).toBe(false);
    }
    expect(stripe.released).toBe(true);
  });

  test("is safe while a file write of the bytes is under way", async () => {
    const stripe = await oneStripe();
    const expected = stripe.copy();
    const path = `/tmp/pixelflux-stripe-${process.pid}`;
    const writing = Bun.write(path, stripe.data);
    stripe.release();
    expect(stripe.data).toHaveLength(0);
    await writing;
    expect(await Bun.file(path).bytes()).toEqual(expected);
    await Bun.file(path).delete();
  });

  test("does not touch a buffer that was transferred", async () => {
    const stripe = await oneStripe();
    const bytes = [...stripe.data];
    const moved = stripe.data.buffer.transfer();
    expect(stripe.data).toHaveLength(0);
    expect(stripe.payload).toHaveLength(0);
    stripe.release();
    expect([...new Uint8Array(moved)]).toEqual(bytes);
    expect(memoryUsage().lentCount).toBe(1);
    moved.transfer(0);
    expect(memoryUsage().lentCount).toBe(0);
  });
});

describe("the collector", () => {
  test("frees stripes nobody can see", async () => {
    (await collectStripes(makeCapture(), 20)).length = 0;
    await waitFor("stripes to be freed", () => {
      Bun.gc(true);
      return memoryUsage().lentCount === 0;
    });
  });

  test("keeps bytes that only a view still shows", async () => {
    const view = await oneStripe().then((stripe) => stripe.payload.subarray(2));
    const before = [...view];
    for (let round = 0; round < 5; round++) {
      Bun.gc(true);
      await new Promise(setImmediate);
    }
    expect([...view]).toEqual(before);
    expect(memoryUsage().lentCount).toBe(1);
  });
});
