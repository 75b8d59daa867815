// SPDX-License-Identifier: MPL-2.0
// What the samples of a soak say: whether anything grows.
import type { Sample } from "./messages.ts";

/** A sample, and when it was taken. */
export interface Point {
  seconds: number;
  sample: Sample;
}

const MB = 1e6;
const SECONDS_AN_HOUR = 3600;

/** Of a straight line of least squares; 0 where there are fewer than two points. */
export function slopePerHour(points: readonly Point[], value: (sample: Sample) => number): number {
  const count = points.length;
  if (count < 2) return 0;
  const mean = (read: (point: Point) => number) =>
    points.reduce((sum, point) => sum + read(point), 0) / count;
  const meanSeconds = mean(({ seconds }) => seconds);
  const meanValue = mean(({ sample }) => value(sample));
  const covariance = mean(
    ({ seconds, sample }) => (seconds - meanSeconds) * (value(sample) - meanValue),
  );
  const variance = mean(({ seconds }) => (seconds - meanSeconds) ** 2);
  return variance === 0 ? 0 : (covariance / variance) * SECONDS_AN_HOUR;
}

/** Below this many minutes a slope is mostly noise, and ceilings are checked alone. */
export const SLOPE_MINUTES_MIN = 10;

/** `IDLE_BYTES_MAX` of native/src/capture/frame_stage.c: what a capture at rest keeps for reuse. */
const IDLE_BYTES_MAX = 8 * 2 ** 20;

export const BOUNDS = {
  /** At rest a capture holds nothing but what it keeps for reuse: that grows in steps, with the
   * largest frame that there has been, up to this ceiling. */
  nativeMbPerCaptureMax: IDLE_BYTES_MAX / MB,
  /** Everything else that is allocated. */
  otherMbPerHourMax: 1,
  /** Encoders and frames are as large at each sample; what threads cost malloc moves a little. */
  otherGrowthMbMax: 0.25,
  /** Pages that a small allocation keeps from being given back, in an arena for each of many
   * threads, add up for a while. A leaked 800×600 frame a round would be 20 MB a minute. */
  residentGrowthMbMax: 64,
  /** Threads of Bun's own pool come and go. */
  threadGrowthMax: 2,
  descriptorGrowthMax: 0,
} as const;

export interface Figures {
  samples: number;
  /** Here and below: the most in the first third, and in the rest. */
  captures: [number, number];
  nativeMbMax: number;
  nativeMbPerHour: number;
  otherMbFirst: number;
  otherMbLast: number;
  otherMbPerHour: number;
  residentMbFirst: number;
  residentMbLast: number;
  residentMbPerHour: number;
  descriptors: [number, number];
  threads: [number, number];
  nativeThreads: [number, number];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function meanMb(points: readonly Point[], value: (sample: Sample) => number): number {
  const sum = points.reduce((total, { sample }) => total + value(sample), 0);
  return sum / Math.max(1, points.length) / MB;
}

function largest(points: readonly Point[], value: (sample: Sample) => number): number {
  return Math.max(...points.map(({ sample }) => value(sample)));
}

export function figuresOf(points: readonly Point[]): Figures {
  const third = Math.max(1, Math.floor(points.length / 3));
  const [first, rest, last] = [points.slice(0, third), points.slice(third), points.slice(-third)];
  const both = (value: (sample: Sample) => number): [number, number] => [
    largest(first, value),
    largest(rest.length > 0 ? rest : first, value),
  ];
  const other = ({ otherBytes }: Sample) => otherBytes;
  const resident = ({ residentBytes }: Sample) => residentBytes;
  return {
    samples: points.length,
    captures: both(({ captures }) => captures),
    nativeMbMax: round(largest(points, ({ nativeBytes }) => nativeBytes) / MB),
    nativeMbPerHour: round(slopePerHour(rest, ({ nativeBytes }) => nativeBytes) / MB),
    otherMbFirst: round(meanMb(first, other)),
    otherMbLast: round(meanMb(last, other)),
    otherMbPerHour: round(slopePerHour(rest, other) / MB),
    residentMbFirst: round(meanMb(first, resident)),
    residentMbLast: round(meanMb(last, resident)),
    residentMbPerHour: round(slopePerHour(rest, resident) / MB),
    descriptors: both(({ descriptors }) => descriptors),
    threads: both(({ threads }) => threads),
    nativeThreads: both(({ nativeThreads }) => nativeThreads),
  };
}

/** What is wrong with them, in words; empty where nothing grows. */
export function complaints(figures: Figures, minutes: number): string[] {
  const found: string[] = [];
  const atMost = (what: string, value: number, limit: number) => {
    if (!(value <= limit)) found.push(`${what}: ${round(value)}, allowed ${round(limit)}`);
  };
  const growth = ([first, rest]: [number, number]) => rest - first;
  const ceilingMb = figures.captures[0] * BOUNDS.nativeMbPerCaptureMax;
  atMost("native MB at rest", figures.nativeMbMax, ceilingMb);
  atMost("growth of captures", growth(figures.captures), 0);
  atMost("growth of descriptors", growth(figures.descriptors), BOUNDS.descriptorGrowthMax);
  atMost("growth of threads", growth(figures.threads), BOUNDS.threadGrowthMax);
  atMost("growth of native threads", growth(figures.nativeThreads), 0);
  if (minutes >= SLOPE_MINUTES_MIN) {
    atMost("other MB an hour", figures.otherMbPerHour, BOUNDS.otherMbPerHourMax);
  }
  const { otherMbFirst, otherMbLast, residentMbFirst, residentMbLast } = figures;
  atMost("growth of other MB", otherMbLast - otherMbFirst, BOUNDS.otherGrowthMbMax);
  atMost("growth of resident MB", residentMbLast - residentMbFirst, BOUNDS.residentGrowthMbMax);
  return found;
}
