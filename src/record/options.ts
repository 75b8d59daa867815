// SPDX-License-Identifier: MPL-2.0
/** The options of a recording and their validation. */
import type { PixelfluxError } from "../index.ts";
import {
  checkFunction,
  checkOptionNames,
  checkSignal,
  integersOf,
  invalidOption,
  leaveOut,
  TIMER_MS_MAX,
} from "../options.ts";

/** Options of `record`. All are optional; `undefined` means the default. */
export interface RecordOptions {
  /** Upper bound of the frame rate in frames a second, 1…240. Default: the capture's `targetFps`. */
  readonly fps?: number | undefined;
  /** Quality on x264's scale of CRF, 0…51, lower is better. Default: the capture's `h264Crf`. */
  readonly crf?: number | undefined;
  /** Ends the recording when it is so long, in ms, pauses not counted, 1…2147483647. Default: never. */
  readonly durationMs?: number | undefined;
  /**
   * Ends the recording before it has more bytes, in all its segments together,
   * from 65536 on. One picture is written in any case. Default: never.
   */
  readonly sizeBytesMax?: number | undefined;
  /**
   * How often what has come is written, in ms, 100…60000: what a recording that
   * is killed may lack at its end. Default: 1000.
   */
  readonly fragmentMs?: number | undefined;
  /**
   * How far keyframes are apart at least while the picture changes, in ms,
   * 100…3600000: how exactly players can seek. Default: 10000.
   */
  readonly keyframeMs?: number | undefined;
  /** Fragmented MP4, or the access units alone. Default: `"mp4"`. */
  readonly container?: "mp4" | "annexb" | undefined;
  /** Told of the failure that `finished` rejects with. Default: `console.error`. */
  readonly onError?: ((error: PixelfluxError) => void) | undefined;
  /** Stops the recording as `stop()` does; before its first picture, `record` rejects. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with every default filled in. */
export interface ResolvedRecordOptions {
  readonly fps: number | undefined;
  readonly crf: number | undefined;
  readonly durationMs: number | undefined;
  readonly sizeBytesMax: number | undefined;
  readonly fragmentMs: number;
  readonly keyframeMs: number;
  readonly container: "mp4" | "annexb";
  readonly onError: (error: PixelfluxError) => void;
  readonly signal: AbortSignal | undefined;
}

/** The operation that errors of the start name. */
export const RECORD = "record";

const SIZE_BYTES_MIN = 65536;
const NAMES = [
  ...["fps", "crf", "durationMs", "sizeBytesMax", "fragmentMs", "keyframeMs"],
  ...["container", "onError", "signal"],
];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveRecordOptions(options: RecordOptions): ResolvedRecordOptions {
  checkOptionNames(RECORD, options, NAMES);
  const { fps, container = "mp4", onError = console.error, signal } = options;
  const integer = integersOf(RECORD, options);
  if (fps !== undefined && !(typeof fps === "number" && fps >= 1 && fps <= 240)) {
    throw invalidOption(RECORD, "fps", "a number from 1 to 240", fps, leaveOut());
  }
  if (container !== "mp4" && container !== "annexb") {
    throw invalidOption(RECORD, "container", '"mp4" or "annexb"', container, leaveOut());
  }
  return {
    ...{ fps, container },
    onError: checkFunction(RECORD, "onError", onError),
    signal: checkSignal(RECORD, signal),
    crf: integer("crf", 0, 51),
    durationMs: integer("durationMs", 1, TIMER_MS_MAX),
    sizeBytesMax: integer("sizeBytesMax", SIZE_BYTES_MIN, Number.MAX_SAFE_INTEGER),
    fragmentMs: integer("fragmentMs", 100, 60_000) ?? 1000,
    keyframeMs: integer("keyframeMs", 100, 3_600_000) ?? 10_000,
  };
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` where it is neither a path nor a stream. */
export function checkTarget(target: unknown): asserts target is string | WritableStream {
  if (target instanceof WritableStream) return;
  if (typeof target === "string" && target !== "" && !target.includes("\0")) return;
  throw invalidOption(RECORD, "target", "a path or a WritableStream", target);
}
