// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { DurationCounts } from "../../src/latency.ts";
import { random, seedOfRun } from "../support/random.ts";

describe("DurationCounts", () => {
  const seed = seedOfRun();

  test(`tells sum and maximum exactly and percentiles within 4 % (PF_SEED=${seed})`, () => {
    const pick = random(seed);
    for (let round = 0; round < 20; round++) {
      const counts = new DurationCounts();
      const size = 1 + pick(3000);
      // From 1 ns to 16 s, as many of each magnitude.
      const times = Array.from({ length: size }, () => Math.floor(2 ** (pick(34000) / 1000)));
      for (const ns of times) counts.add(ns);
      times.sort((a, b) => a - b);
      const { count, sumMs, maxMs, ...percentiles } = counts.read();
      expect(count).toBe(size);
      expect(sumMs).toBe(times.reduce((sum, ns) => sum + ns, 0) / 1e6);
      expect(maxMs).toBe((times.at(-1) as number) / 1e6);
      for (const [name, share] of [
        ["p50Ms", 0.5],
        ["p95Ms", 0.95],
        ["p99Ms", 0.99],
      ] as const) {
        // The rank is size × share, rounded up or down.
        const above = times[Math.ceil(size * share) - 1] as number;
        const below = times[Math.max(0, Math.floor(size * share) - 1)] as number;
        expect(percentiles[name] * 1e6).toBeGreaterThan(0.96 * below);
        expect(percentiles[name] * 1e6).toBeLessThan(1.04 * above);
      }
    }
  });

  test("takes nothing at all, fractions, and what is beyond its range", () => {
    const counts = new DurationCounts();
    for (const ns of [0, 0.25, 2 ** 45]) counts.add(ns);
    expect(counts.read()).toMatchObject({ count: 3, sumMs: (0.25 + 2 ** 45) / 1e6 });
    expect(counts.read().maxMs).toBe(2 ** 45 / 1e6);
    expect(counts.read().p50Ms).toBeLessThan(1e-5);
  });
});
