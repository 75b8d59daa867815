// SPDX-License-Identifier: MPL-2.0
/** One native capture behind its handle: calls, and statuses turned into errors. */
import { errorOfStatus, type PixelfluxError } from "../errors.ts";
import { NativeChangeLog } from "./changes.ts";
import { NativeCursorStream } from "./cursor.ts";
import { mismatch } from "./layout.ts";
import { Lease, releaseLeased } from "./lease.ts";
import { type NativeLibrary, nativeLibrary } from "./library.ts";
import { NativeScreenshots } from "./screenshots.ts";
import { type CollectedCount, createStripeBuffer } from "./stripe-buffer.ts";
import { type StructBuffer, sizedStruct, textOf } from "./struct-buffer.ts";
import { NativeTap } from "./tap.ts";

/** `pf_phase`. */
export type NativePhase = "starting" | "running" | "stopped" | "failed" | "reconnecting";

const PHASES: readonly NativePhase[] = ["starting", "running", "stopped", "failed", "reconnecting"];

/** `pf_state`: where the capture stood when {@link NativeCapture.drain} returned. */
export interface NativeState {
  readonly phase: NativePhase;
  /** A negative status when the phase is `"failed"` or `"reconnecting"`, else 0. */
  readonly error: number;
  /** Stripes that still wait. */
  readonly queuedCount: number;
  /** The frame's present size in px, 0 before the first frame. */
  readonly width: number;
  readonly height: number;
  /** How often the size has changed since the start. */
  readonly resizeCount: number;
  /** All frames with an id below this are complete. */
  readonly endedCount: number;
}

/** When a drained stripe was drained, and how old it was. */
export interface StripeTimes {
  /** From the moment there was something to capture until the drain. */
  readonly latencyNs: number;
  /** `performance.now()` when the drain had returned. */
  readonly drainedMs: number;
}

/** One drained stripe whose bytes now belong to `buffer`. */
export interface NativeStripe extends StripeTimes {
  readonly buffer: ArrayBuffer;
  readonly headerBytes: number;
  readonly timestampUs: number;
  readonly frameId: number;
  readonly type: "jpeg" | "h264" | "copy";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Both 0 but for a copy. */
  readonly sourceX: number;
  readonly sourceY: number;
  readonly keyframe: boolean;
  /** profile_idc, constraint flags and level_idc as 0x00PPCCLL; 0 but for H.264. */
  readonly h264Profile: number;
}

/** `pf_stripe_type`. */
export const STRIPE_TYPES: readonly NativeStripe["type"][] = ["jpeg", "h264", "copy"];

/** `pf_stage`: each begins where the one before ends. */
export const NATIVE_STAGES = [
  "wait",
  "grab",
  "schedule",
  "hash",
  "convert",
  "encode",
  "queue",
  "poll",
] as const;

/** Counters of `pf_stats` this side passes on, by their native names. */
export type NativeCounters = StructBuffer<"pf_stats">;

/** One stage's `pf_histogram`, by its native names. */
export type NativeHistogram = StructBuffer<"pf_histogram">;

/** Stripes one drain can take: a frame of the finest automatic layout. */
export const DRAIN_COUNT_MAX = 64;

const MESSAGE_BYTES_MAX = 1024;

/** `PF_WAIT_MS_MAX`, `PF_STATUS_ENDED`. */
const WAIT_MS_MAX = 100;
const STATUS_ENDED = 2;

/**
 * A native capture. Whoever starts it owes {@link free}. Only drained stripes
 * may be used afterwards. Nothing here blocks but `free`.
 */
export class NativeCapture {
  /** Names the capture to the library, also on other threads. */
  readonly handle: number;
  readonly library: NativeLibrary;
  /** What changes on the screen; not to be used after {@link free}. */
  readonly changes: NativeChangeLog;
  /** The pixels of each frame; not to be used after {@link free}. */
  readonly tap: NativeTap;
  /** Single pictures of the frame; not to be used after {@link free}. */
  readonly screenshots: NativeScreenshots;
  /** The pointer, where it is streamed; not to be used after {@link free}. */
  readonly cursor: NativeCursorStream;
  readonly #lease: Lease;
  readonly #batch: StructBuffer<"pf_stripe">;
  readonly #count = new Uint32Array(1);
  readonly #state: StructBuffer<"pf_state">;
  readonly #stats: StructBuffer<"pf_stats">;
  readonly #histogram: StructBuffer<"pf_histogram">;
  #taken = 0;
  #drained = 0;
  #drainedMs = 0;

  private constructor(library: NativeLibrary, lease: Lease) {
    const { layout } = library;
    this.library = library;
    this.handle = lease.handle;
    this.changes = new NativeChangeLog(library, lease.handle);
    this.tap = new NativeTap(library, lease);
    this.screenshots = new NativeScreenshots(library, lease);
    this.cursor = new NativeCursorStream(library, lease);
    this.#lease = lease;
    this.#batch = lease.stripes;
    this.#state = sizedStruct("pf_state", layout.pf_state);
    this.#stats = sizedStruct("pf_stats", layout.pf_stats);
    this.#histogram = sizedStruct("pf_histogram", layout.pf_histogram);
  }

  /**
   * Starts a capture and returns at once; what goes wrong while it opens its
   * source shows later as phase `"failed"`.
   *
   * @param settings - `pf_settings` fields by native name, each checked.
   * @throws {PixelfluxError} the library's refusal, or why it cannot be loaded.
   */
  static start(settings: Readonly<Record<string, number | string>>): NativeCapture {
    const library = nativeLibrary();
    const packed = packSettings(library, settings);
    const lease = new Lease(library, DRAIN_COUNT_MAX);
    const status = library.call.pf_capture_start(packed.bytes, lease.handleBytes);
    if (status >= 0) return new NativeCapture(library, lease);
    const error = errorOfStatus(status, "start", lastMessage(library));
    lease.end();
    throw error;
  }

  /** Replaces the settings from the next frame on. @throws {PixelfluxError} and the old ones stay. */
  update(settings: Readonly<Record<string, number | string>>): void {
    const { library } = this;
    const packed = packSettings(library, settings);
    const status = library.call.pf_capture_update(this.handle, packed.bytes);
    if (status < 0) throw errorOfStatus(status, "update", lastMessage(library));
  }

  /** Asks for every stripe again, complete. @throws {PixelfluxError} */
  requestKeyframe(): void {
    this.#check(this.library.call.pf_capture_request_keyframe(this.handle), "requestKeyframe");
  }

  /**
   * Takes up to `capacity` stripes out of the native queue and reads the state
   * that goes with them. The stripes are then to be fetched with
   * {@link take}, or given up with {@link discard}, before the next drain.
   *
   * @param capacity - 0…{@link DRAIN_COUNT_MAX}.
   * @throws {PixelfluxError}
   */
  drain(capacity: number): NativeState {
    this.discard();
    const status = this.library.call.pf_capture_drain(
      this.handle,
      this.#batch.bytes,
      capacity,
      this.#count,
      this.#state.bytes,
    );
    this.#check(status, "drain");
    this.#taken = 0;
    this.#drained = this.#count[0] ?? 0;
    this.#drainedMs = performance.now();
    return this.#readState();
  }

  /** The next drained stripe, which belongs to the caller now; `undefined` after the last. */
  take(counter: CollectedCount): NativeStripe | undefined {
    if (this.#taken >= this.#drained) return undefined;
    const index = this.#taken++;
    const batch = this.#batch;
    const type = STRIPE_TYPES[batch.number("type", index)];
    if (type === undefined) throw this.#unknownType(index);
    return {
      buffer: createStripeBuffer(this.library, batch, index, counter),
      headerBytes: batch.number("header_bytes", index),
      timestampUs: batch.number("timestamp_us", index),
      latencyNs: batch.number("latency_ns", index),
      drainedMs: this.#drainedMs,
      frameId: batch.number("frame_id", index),
      type,
      x: batch.number("x", index),
      y: batch.number("y", index),
      width: batch.number("width", index),
      height: batch.number("height", index),
      sourceX: batch.number("source_x", index),
      sourceY: batch.number("source_y", index),
      keyframe: batch.number("keyframe", index) !== 0,
      h264Profile: batch.number("h264_profile", index),
    };
  }

  /**
   * Gives back the drained stripes that were not taken.
   *
   * @param tell - called for each of them.
   */
  discard(tell?: (stripe: StripeTimes) => void): void {
    while (this.#taken < this.#drained) {
      const index = this.#taken++;
      releaseLeased(this.library, this.#lease, index);
      const latencyNs = this.#batch.number("latency_ns", index);
      tell?.({ latencyNs, drainedMs: this.#drainedMs });
    }
  }

  /** Asks for the end and wakes whoever waits; queued stripes are gone. May be repeated. */
  stop(): void {
    this.#check(this.library.call.pf_capture_stop(this.handle), "stop");
  }

  /**
   * Gives back everything but the stripes that were taken. Blocks until the
   * native threads have ended, which they have once the poll worker said so.
   */
  free(): void {
    this.discard();
    this.#check(this.library.call.pf_capture_free(this.handle), "stop");
    this.#lease.end();
  }

  /**
   * Waits until the native threads have ended, or for so long. Blocks; for the
   * exit of the process alone.
   *
   * @returns whether they have, so that {@link free} would not block.
   */
  waitForEnd(timeoutMs: number): boolean {
    const deadlineMs = performance.now() + timeoutMs;
    do {
      const leftMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
      const status = this.library.call.pf_capture_wait(this.handle, Math.min(leftMs, WAIT_MS_MAX));
      this.#check(status, "stop");
      if (status === STATUS_ENDED) return true;
    } while (performance.now() < deadlineMs);
    return false;
  }

  /** The error for a state of phase `"failed"` or `"reconnecting"`. */
  failure(state: NativeState, operation: string): PixelfluxError {
    const text = new Uint8Array(MESSAGE_BYTES_MAX);
    this.library.call.pf_capture_message(this.handle, text, text.length);
    return errorOfStatus(state.error, operation, textOf(text));
  }

  /** Reads the counters; the buffer is overwritten by the next call. @throws {PixelfluxError} */
  stats(): NativeCounters {
    const status = this.library.call.pf_capture_stats(this.handle, this.#stats.bytes);
    this.#check(status, "stats");
    return this.#stats;
  }

  /** Reads one stage of {@link NATIVE_STAGES}; overwritten by the next call. @throws {PixelfluxError} */
  histogram(stage: number): NativeHistogram {
    const { bytes } = this.#histogram;
    this.#check(this.library.call.pf_capture_histogram(this.handle, stage, bytes), "stats");
    return this.#histogram;
  }

  /** Gives the stripe back, which is taken already; only another version's library has such a one. */
  #unknownType(index: number): PixelfluxError {
    releaseLeased(this.library, this.#lease, index);
    return mismatch(`it reports a stripe of type ${this.#batch.number("type", index)}`);
  }

  #readState(): NativeState {
    const state = this.#state;
    const phase = PHASES[state.number("phase")];
    if (phase === undefined) throw mismatch(`it reports phase ${state.number("phase")}`);
    return {
      phase,
      error: state.number("error"),
      queuedCount: state.number("queued_count"),
      width: state.number("width"),
      height: state.number("height"),
      resizeCount: state.number("resize_count"),
      endedCount: state.number("ended_count"),
    };
  }

  #check(status: number, operation: string): void {
    if (status < 0) throw errorOfStatus(status, operation, "");
  }
}

function packSettings(
  library: NativeLibrary,
  settings: Readonly<Record<string, number | string>>,
): StructBuffer<"pf_settings"> {
  const struct = sizedStruct("pf_settings", library.layout.pf_settings);
  for (const [field, value] of Object.entries(settings)) {
    struct.set(field as Parameters<typeof struct.set>[0], value);
  }
  return struct;
}

/** The calling thread's last message; to be read right after the call that failed. */
function lastMessage(library: NativeLibrary): string {
  const text = new Uint8Array(MESSAGE_BYTES_MAX);
  library.call.pf_last_message(text, text.length);
  return textOf(text);
}
