// SPDX-License-Identifier: MPL-2.0
/** The counters of one capture. */
import type { NativeCounters } from "./native/capture.ts";

/**
 * Counters since the last start, all cumulative. Times are sums in nanoseconds.
 * Zeros before the first start; the final values after the end.
 */
export interface CaptureStats {
  /** Frames grabbed, whether or not any stripe of them had changed. */
  readonly frames: number;
  /** Stripes encoded. */
  readonly stripes: number;
  /** Their bytes, headers included. */
  readonly bytes: number;
  /** Those of them that decode without an earlier one. */
  readonly keyframes: number;
  /** Rows of pixels copied from the source. */
  readonly rowsGrabbed: number;
  /** Stripes hashed to find out whether they had changed. */
  readonly stripesHashed: number;
  /** Damaged stripes whose hash said that nothing had changed. */
  readonly stripesUnchanged: number;
  /** Changes found by the re-check that DAMAGE had not told of. */
  readonly changedWithoutDamage: number;
  /** Times the capture held back because the reader was slow. */
  readonly heldBack: number;
  /** Times the native capture thread woke up. */
  readonly wakeups: number;
  /** H.264 encoders opened. */
  readonly encodersOpened: number;
  /** Copying from the source. */
  readonly grabNs: number;
  /** Hash, conversion and encoding, over all threads. */
  readonly encodeNs: number;
  /** Waiting in the native queue. */
  readonly queueNs: number;
  /** Stripes handed to the callback or the iterator. */
  readonly stripesDelivered: number;
  /** Stripes taken from the queue and given back unseen, because `stop()` came first. */
  readonly stripesDiscarded: number;
  /** Delivered stripes nobody released, so that the collector had to. */
  readonly stripesCollected: number;
}

/** The counters that JavaScript keeps of a run. */
export type DeliveryCounts = Pick<
  CaptureStats,
  "stripesDelivered" | "stripesDiscarded" | "stripesCollected"
>;

/** The counters that the native side keeps of a run. */
export type NativeCounts = Omit<CaptureStats, keyof DeliveryCounts>;

/** Before the first start. */
export const NO_NATIVE_COUNTS: NativeCounts = {
  frames: 0,
  stripes: 0,
  bytes: 0,
  keyframes: 0,
  rowsGrabbed: 0,
  stripesHashed: 0,
  stripesUnchanged: 0,
  changedWithoutDamage: 0,
  heldBack: 0,
  wakeups: 0,
  encodersOpened: 0,
  grabNs: 0,
  encodeNs: 0,
  queueNs: 0,
};

/** Copies the native counters out of their buffer. */
export function readNativeCounts(counters: NativeCounters): NativeCounts {
  return {
    frames: counters.number("frames"),
    stripes: counters.number("stripes"),
    bytes: counters.number("bytes"),
    keyframes: counters.number("keyframes"),
    rowsGrabbed: counters.number("rows_grabbed"),
    stripesHashed: counters.number("stripes_hashed"),
    stripesUnchanged: counters.number("stripes_unchanged"),
    changedWithoutDamage: counters.number("changed_without_damage"),
    heldBack: counters.number("held_back"),
    wakeups: counters.number("wakeups"),
    encodersOpened: counters.number("encoders_opened"),
    grabNs: counters.number("grab_ns"),
    encodeNs: counters.number("encode_ns"),
    queueNs: counters.number("queue_ns"),
  };
}
