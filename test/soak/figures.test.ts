// SPDX-License-Identifier: MPL-2.0
// The soak's judge: that it can say no.
import { describe, expect, test } from "bun:test";
import { complaints, figuresOf, type Point, slopePerHour } from "./figures.ts";
import type { Sample } from "./messages.ts";
import { parseOptions } from "./options.ts";

const STEADY: Sample = {
  ...{
    captures: 2,
    lentBytes: 0,
    nativeBytes: 3e6,
    otherBytes: 34e6,
    residentBytes: 150e6,
    keptBytes: 0,
  },
  ...{ nativeThreads: 3, threads: 20, descriptors: 30, stripes: 0, stripeBytes: 0 },
};

/** A sample each 10 s; `change` says what the one at `seconds` has otherwise. */
function samples(minutes: number, change: (seconds: number) => Partial<Sample> = () => ({})) {
  return Array.from({ length: minutes * 6 }, (_, index): Point => {
    const seconds = index * 10;
    return { seconds, sample: { ...STEADY, ...change(seconds) } };
  });
}

test("a slope is that of the line through the points", () => {
  const points = samples(3, (seconds) => ({ nativeBytes: 5 + seconds * 2 }));
  expect(slopePerHour(points, ({ nativeBytes }) => nativeBytes)).toBeCloseTo(7200);
  expect(slopePerHour(points.slice(0, 1), ({ nativeBytes }) => nativeBytes)).toBe(0);
});

describe("the verdict", () => {
  test("is good where nothing grows, or only at first", () => {
    const settling = (seconds: number) => ({ residentBytes: 150e6 + Math.min(seconds, 300) * 5e4 });
    expect(complaints(figuresOf(samples(60)), 60)).toEqual([]);
    expect(complaints(figuresOf(samples(60, settling)), 60)).toEqual([]);
    expect(complaints(figuresOf(samples(2)), 2)).toEqual([]);
  });

  test.each([
    ["native MB at rest", 2, (seconds: number) => ({ nativeBytes: seconds === 90 ? 17e6 : 3e6 })],
    [
      "other MB an hour",
      40,
      (seconds: number) => ({ otherBytes: 34e6 + (seconds / 3600) * 1.2e6 }),
    ],
    ["growth of other MB", 2, (seconds: number) => ({ otherBytes: 34e6 + seconds * 2e4 })],
    ["growth of resident MB", 2, (seconds: number) => ({ residentBytes: 150e6 + seconds * 1e6 })],
    ["growth of captures", 2, (seconds: number) => ({ captures: seconds < 60 ? 2 : 3 })],
    ["growth of descriptors", 2, (seconds: number) => ({ descriptors: seconds < 100 ? 30 : 31 })],
    ["growth of native threads", 2, (seconds: number) => ({ nativeThreads: 3 + seconds / 60 })],
    ["growth of threads", 2, (seconds: number) => ({ threads: 20 + seconds / 10 })],
  ])("names what grows: %s", (what, minutes, change) => {
    const [complaint] = complaints(figuresOf(samples(minutes, change)), minutes);
    expect(complaint).toStartWith(`${what}: `);
  });
});

test("the options are checked", () => {
  expect(parseOptions([])).toMatchObject({ minutes: 2, browser: false, verbose: false });
  expect(parseOptions(["--minutes", "60"]).minutes).toBe(60);
  for (const words of [["--minutes", "x"], ["--minutes", "0"], ["--minute", "2"], ["2"]]) {
    expect(() => parseOptions(words)).toThrow();
  }
});
