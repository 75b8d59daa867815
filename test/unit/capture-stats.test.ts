// SPDX-License-Identifier: MPL-2.0
import { afterEach, describe, expect, test } from "bun:test";
import type { CaptureStats, ScreenCapture } from "../../src/index.ts";
import { NO_LATENCY } from "../../src/latency.ts";
import { NATIVE_STAGES } from "../../src/native/capture.ts";
import { waitFor } from "../support/process.ts";
import { expectNothingLeft, makeCapture, startCounting } from "./synthetic.ts";

afterEach(expectNothingLeft);

const STAGES = [...NATIVE_STAGES, "deliver"] as const;

/** Every stage knows each stripe that left the queue, and their sums are that of the whole. */
function expectToAddUp({ latency, ...counts }: CaptureStats): void {
  const stripes = counts.stripesDelivered + counts.stripesDiscarded;
  expect(stripes).toBeGreaterThan(0);
  expect(Object.keys(latency)).toEqual([...STAGES, "total"]);
  let sumMs = 0;
  for (const [stage, summary] of Object.entries(latency)) {
    expect({ stage, count: summary.count }).toEqual({ stage, count: stripes });
    const { p50Ms, p95Ms, p99Ms, maxMs } = summary;
    expect([p50Ms, p95Ms, p99Ms, maxMs]).toEqual(
      [p50Ms, p95Ms, p99Ms, maxMs].sort((a, b) => a - b),
    );
    expect(summary.sumMs).toBeLessThanOrEqual(maxMs * stripes * (1 + 1e-9));
    if (stage !== "total") sumMs += summary.sumMs;
  }
  // What floating point loses: far below a nanosecond a stripe.
  expect(Math.abs(sumMs - latency.total.sumMs)).toBeLessThan(1e-7 * stripes);
}

async function ended(capture: ScreenCapture): Promise<CaptureStats> {
  await capture.stop();
  return capture.stats();
}

test("stats count from zero and stay after the end", async () => {
  const capture = makeCapture({ outputMode: "h264" });
  expect(capture.stats()).toMatchObject({ frames: 0, stripes: 0, stripesDelivered: 0 });
  let bytes = 0;
  const seen = await startCounting(capture, (stripe) => {
    bytes += stripe.size;
  });
  await waitFor("stripes", () => seen.count > 20);
  await capture.stop();
  const stats = capture.stats();
  const { latency, ...counts } = stats;
  for (const value of Object.values(counts)) expect(Number.isSafeInteger(value)).toBe(true);
  expect(stats.stripesDelivered).toBe(seen.count);
  expect(stats.stripes).toBeGreaterThanOrEqual(seen.count);
  expect(stats.bytes).toBeGreaterThanOrEqual(bytes);
  expect(stats.frames).toBeGreaterThan(0);
  expect(latency.total.count).toBe(seen.count + stats.stripesDiscarded);
  expect(stats.copies).toBe(0);
  expect(stats.encodersOpened).toBeGreaterThan(0);
  expect(stats.stripesCollected).toBe(0);
  expect(capture.stats()).toEqual(stats);
});

describe("stats().latency", () => {
  test("is zero before the first start", () => {
    const { latency } = makeCapture().stats();
    expect(Object.keys(latency)).toEqual([...STAGES, "total"]);
    for (const summary of Object.values(latency)) expect(summary).toEqual(NO_LATENCY);
  });

  test.each(["jpeg", "h264"] as const)("adds up in a callback, %s", async (outputMode) => {
    const capture = makeCapture({ outputMode, stripeHeight: 32 });
    const seen = await startCounting(capture);
    await waitFor("stripes", () => seen.count > 100);
    const running = capture.stats();
    expectToAddUp(running);
    for (const stage of ["grab", "convert", "encode", "poll", "total"] as const) {
      expect([stage, running.latency[stage].sumMs > 0]).toEqual([stage, true]);
    }
    const stats = await ended(capture);
    expectToAddUp(stats);
    expect(stats.latency.total.count).toBeGreaterThanOrEqual(running.latency.total.count);
    expect(capture.stats()).toEqual(stats);
  });

  test("adds up in a loop", async () => {
    const capture = makeCapture({ stripeHeight: 32 });
    let count = 0;
    for await (const stripe of capture) {
      stripe.release();
      count += 1;
      if (count === 60) expectToAddUp(capture.stats());
      if (count === 100) break;
    }
    expectToAddUp(capture.stats());
    expect(capture.stats().latency.deliver.count).toBe(100);
  });

  test("adds up where stripes of a batch are discarded", async () => {
    // Unless the third stripe happens to be the last of its batch.
    await waitFor("a batch to be discarded", async () => {
      const capture = makeCapture({ stripeHeight: 16 });
      await capture.start((stripe) => {
        stripe.release();
        if (capture.stats().stripesDelivered === 3) void capture.stop();
      });
      await waitFor("the callback to stop it", () => !capture.running);
      const stats = await ended(capture);
      expect(stats.stripesDelivered).toBe(3);
      expectToAddUp(stats);
      return stats.stripesDiscarded > 0;
    });
  });

  test("deliver holds what earlier callbacks of the batch took", async () => {
    const capture = makeCapture({ stripeHeight: 16 });
    const seen = await startCounting(capture, () => {
      const until = performance.now() + 5;
      while (performance.now() < until);
    });
    await waitFor("stripes", () => seen.count > 20);
    const { latency } = await ended(capture);
    expect(latency.deliver.maxMs).toBeGreaterThanOrEqual(5);
    expect(latency.total.maxMs).toBeGreaterThan(latency.deliver.maxMs);
  });
});
