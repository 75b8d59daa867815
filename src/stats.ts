// SPDX-License-Identifier: MPL-2.0
/** The counters of one capture. */
import { type CaptureLatency, DurationCounts, NO_LATENCY, NS_PER_MS } from "./latency.ts";
import {
  NATIVE_STAGES,
  type NativeCapture,
  type NativeCounters,
  type NativeHistogram,
  type StripeTimes,
} from "./native/capture.ts";
import type { CollectedCount } from "./native/stripe-buffer.ts";

/**
 * Counters since the last start, all cumulative. Zeros before the first start;
 * the final values after the end.
 */
export interface CaptureStats {
  /** Frames grabbed, whether or not any stripe of them had changed. */
  readonly frames: number;
  /** Stripes encoded, copies among them. */
  readonly stripes: number;
  /** Their bytes, headers included. */
  readonly bytes: number;
  /** Those of them that decode without an earlier one. */
  readonly keyframes: number;
  /** Those of them that were copies; see {@link Stripe}. */
  readonly copies: number;
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
  /** Stripes handed to the callback or the iterator. */
  readonly stripesDelivered: number;
  /** Stripes taken from the queue and given back unseen, because `stop()` came first. */
  readonly stripesDiscarded: number;
  /** Delivered stripes nobody released, so that the collector had to. */
  readonly stripesCollected: number;
  /** How long stripes took from the change to the receiver, stage by stage. */
  readonly latency: CaptureLatency;
}

/** The counters that JavaScript keeps of a run. */
type DeliveryCounts = Pick<
  CaptureStats,
  "stripesDelivered" | "stripesDiscarded" | "stripesCollected"
>;

/** The counters that the native side keeps of a run. */
type NativeCounts = Omit<CaptureStats, keyof DeliveryCounts | "latency">;

type NativeLatency = Omit<CaptureLatency, "deliver" | "total">;

const NO_NATIVE_COUNTS: NativeCounts = {
  frames: 0,
  stripes: 0,
  bytes: 0,
  keyframes: 0,
  copies: 0,
  rowsGrabbed: 0,
  stripesHashed: 0,
  stripesUnchanged: 0,
  changedWithoutDamage: 0,
  heldBack: 0,
  wakeups: 0,
  encodersOpened: 0,
};

/** Counts for one run, and reads what its native side counts. */
export class RunStats {
  /** For the native buffers of the run's stripes. */
  readonly collected: CollectedCount = { count: 0 };
  readonly #deliver = new DurationCounts();
  readonly #total = new DurationCounts();
  #delivered = 0;
  #discarded = 0;
  #native = NO_NATIVE_COUNTS;
  #stages = readStages(() => NO_LATENCY);

  /** To be called right before a stripe is handed out. */
  countDelivered(stripe: StripeTimes): void {
    this.#delivered += 1;
    this.#addTimes(stripe);
  }

  /** To be called when a drained stripe is given back unseen. */
  countDiscarded(stripe: StripeTimes): void {
    this.#discarded += 1;
    this.#addTimes(stripe);
  }

  /** Keeps what the native side has counted so far. @throws {PixelfluxError} */
  readNative(native: NativeCapture): void {
    this.#native = readNativeCounts(native.stats());
    this.#stages = readStages((stage) => summaryOf(native.histogram(stage)));
  }

  read(): CaptureStats {
    return {
      ...this.#native,
      stripesDelivered: this.#delivered,
      stripesDiscarded: this.#discarded,
      stripesCollected: this.collected.count,
      latency: { ...this.#stages, deliver: this.#deliver.read(), total: this.#total.read() },
    };
  }

  #addTimes({ latencyNs, drainedMs }: StripeTimes): void {
    const deliverNs = (performance.now() - drainedMs) * NS_PER_MS;
    this.#deliver.add(deliverNs);
    this.#total.add(latencyNs + deliverNs);
  }
}

function readNativeCounts(counters: NativeCounters): NativeCounts {
  return {
    frames: counters.number("frames"),
    stripes: counters.number("stripes"),
    bytes: counters.number("bytes"),
    keyframes: counters.number("keyframes"),
    copies: counters.number("copies"),
    rowsGrabbed: counters.number("rows_grabbed"),
    stripesHashed: counters.number("stripes_hashed"),
    stripesUnchanged: counters.number("stripes_unchanged"),
    changedWithoutDamage: counters.number("changed_without_damage"),
    heldBack: counters.number("held_back"),
    wakeups: counters.number("wakeups"),
    encodersOpened: counters.number("encoders_opened"),
  };
}

function readStages(read: (stage: number) => CaptureLatency["total"]): NativeLatency {
  const entries = NATIVE_STAGES.map((name, stage) => [name, read(stage)] as const);
  return Object.fromEntries(entries) as unknown as NativeLatency;
}

function summaryOf(histogram: NativeHistogram): CaptureLatency["total"] {
  return {
    count: histogram.number("count"),
    sumMs: histogram.number("sum_ns") / NS_PER_MS,
    p50Ms: histogram.number("p50_ns") / NS_PER_MS,
    p95Ms: histogram.number("p95_ns") / NS_PER_MS,
    p99Ms: histogram.number("p99_ns") / NS_PER_MS,
    maxMs: histogram.number("max_ns") / NS_PER_MS,
  };
}
