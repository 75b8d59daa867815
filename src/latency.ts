// SPDX-License-Identifier: MPL-2.0
/** How long stripes take from the change on the screen to their receiver, and on what. */
import { createHistogram } from "node:perf_hooks";

/** How long one stage took, over all stripes so far. Times are in ms, with fractions. */
export interface LatencySummary {
  /** Stripes. */
  readonly count: number;
  /** The sum of their times, exact. */
  readonly sumMs: number;
  /** Percentiles, within 4 %. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** The longest time, exact. */
  readonly maxMs: number;
}

/**
 * The way of a stripe in stages, each of which begins where the one before
 * ends: their sums add up to that of `total`. Counted are stripes that were
 * handed out, or discarded by `stop()`. Within a callback the stages before
 * `deliver` may be ahead: they know the stripes already that are handed out next.
 */
export interface CaptureLatency {
  /** It is known that something changed → the frame begins: `targetFps`, or a slow reader. */
  readonly wait: LatencySummary;
  /** → the stripe's rows have been copied from the source. */
  readonly grab: LatencySummary;
  /** → a thread takes the stripe up. */
  readonly schedule: LatencySummary;
  /** → it is known to have changed. */
  readonly hash: LatencySummary;
  /** → overlays are drawn and colours converted. */
  readonly convert: LatencySummary;
  /** → it is encoded and queued. */
  readonly encode: LatencySummary;
  /** → the poll worker has been told. */
  readonly queue: LatencySummary;
  /** → this thread has taken it out of the queue. */
  readonly poll: LatencySummary;
  /** → the callback is called with it, or the iterator yields it. */
  readonly deliver: LatencySummary;
  /** All of it. */
  readonly total: LatencySummary;
}

/** What a stage is that no stripe has been through. */
export const NO_LATENCY: LatencySummary = {
  count: 0,
  sumMs: 0,
  p50Ms: 0,
  p95Ms: 0,
  p99Ms: 0,
  maxMs: 0,
};

/** Nanoseconds beyond which percentiles do not tell times apart: 18 minutes. */
const TOLD_APART_NS_MAX = 2 ** 40;

/**
 * Durations of one kind. Recording takes some 10 ns. Sum and maximum are kept
 * here, since the histogram knows them to two digits only.
 */
export class DurationCounts {
  readonly #histogram = createHistogram({ lowest: 1, highest: TOLD_APART_NS_MAX, figures: 2 });
  #count = 0;
  #sumNs = 0;
  #maxNs = 0;

  add(ns: number): void {
    this.#count += 1;
    this.#sumNs += ns;
    if (ns > this.#maxNs) this.#maxNs = ns;
    this.#histogram.record(Math.min(Math.max(1, Math.round(ns)), TOLD_APART_NS_MAX));
  }

  read(): LatencySummary {
    if (this.#count === 0) return NO_LATENCY;
    // The histogram answers with the upper end of a range, which may lie above every value in it.
    const percentileMs = (p: number) =>
      Math.min(this.#histogram.percentile(p), this.#maxNs) / NS_PER_MS;
    return {
      count: this.#count,
      sumMs: this.#sumNs / NS_PER_MS,
      p50Ms: percentileMs(50),
      p95Ms: percentileMs(95),
      p99Ms: percentileMs(99),
      maxMs: this.#maxNs / NS_PER_MS,
    };
  }
}

export const NS_PER_MS = 1e6;
