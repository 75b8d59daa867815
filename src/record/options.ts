// SPDX-License-Identifier: MPL-2.0
/** The options of a recording and their validation. */
import { PixelfluxError } from "../index.ts";

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

/** What the timers can count. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const SIZE_BYTES_MIN = 65536;
const NAMES = [
  ...["fps", "crf", "durationMs", "sizeBytesMax", "fragmentMs", "keyframeMs"],
  ...["container", "onError", "signal"],
];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveRecordOptions(options: RecordOptions): ResolvedRecordOptions {
  if (typeof options !== "object" || options === null) {
    throw refused("options", "an object", options);
  }
  for (const key of Object.keys(options)) if (!NAMES.includes(key)) throw unknown(key);
  const { fps, container = "mp4", onError = console.error, signal } = options;
  if (fps !== undefined && !(typeof fps === "number" && fps >= 1 && fps <= 240)) {
    throw refused("fps", "a number from 1 to 240", fps);
  }
  if (container !== "mp4" && container !== "annexb") {
    throw refused("container", '"mp4" or "annexb"', container);
  }
  if (typeof onError !== "function") throw refused("onError", "a function", onError);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw refused("signal", "an AbortSignal", signal);
  }
  return {
    ...{ fps, container, onError, signal },
    crf: integer("crf", options.crf, 0, 51),
    durationMs: integer("durationMs", options.durationMs, 1, TIMER_MS_MAX),
    sizeBytesMax: integer(
      ...(["sizeBytesMax", options.sizeBytesMax, SIZE_BYTES_MIN, Number.MAX_SAFE_INTEGER] as const),
    ),
    fragmentMs: integer("fragmentMs", options.fragmentMs, 100, 60_000) ?? 1000,
    keyframeMs: integer("keyframeMs", options.keyframeMs, 100, 3_600_000) ?? 10_000,
  };
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` where it is neither a path nor a stream. */
export function checkTarget(target: unknown): asserts target is string | WritableStream {
  if (target instanceof WritableStream) return;
  if (typeof target === "string" && target !== "" && !target.includes("\0")) return;
  throw refused("target", "a path or a WritableStream", target, "Give one.");
}

function integer(field: string, value: unknown, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw refused(field, `an integer from ${min} to ${max}`, value);
}

/** The error for a value of the wrong kind. */
export function refused(
  field: string,
  expected: string,
  value: unknown,
  remedy = "Leave it out for the default.",
): PixelfluxError {
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  const shown = isPlain ? JSON.stringify(value).slice(0, 80) : `of type ${typeof value}`;
  const text = `record: ${field} has to be ${expected}, but is ${shown}. ${remedy}`;
  return new PixelfluxError("ERR_INVALID_SETTING", "record", text, { field });
}

function unknown(key: string): PixelfluxError {
  const text = `record: there is no option ${JSON.stringify(key.slice(0, 80))}. The options are: ${NAMES.join(", ")}.`;
  return new PixelfluxError("ERR_UNKNOWN_SETTING", "record", text, { field: key });
}
