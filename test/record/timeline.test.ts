// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { Timeline } from "../../src/record/timeline.ts";

test("counts from the first picture, and not while paused", () => {
  const timeline = new Timeline();
  expect([timeline.isRunning, timeline.at(5_000)]).toEqual([false, 0]);
  expect(timeline.take(10_000)).toBe(0);
  expect(timeline.take(10_500)).toBe(500);
  expect([timeline.isRunning, timeline.at(11_000)]).toEqual([true, 1000]);
  timeline.pause(12_000);
  expect([timeline.isRunning, timeline.at(99_000)]).toEqual([false, 2000]);
  timeline.pause(98_000);
  expect(timeline.take(100_000)).toBe(2000);
  expect(timeline.take(100_001)).toBe(2001);
});

test("pictures never share a time, and the clock is never behind them", () => {
  const timeline = new Timeline();
  expect(timeline.take(1000)).toBe(0);
  expect(timeline.take(1000)).toBe(1);
  expect(timeline.take(900)).toBe(2);
  expect(timeline.at(950)).toBe(2);
  timeline.pause(950);
  expect(timeline.take(5000)).toBe(3);
});
