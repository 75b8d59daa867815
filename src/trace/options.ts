// SPDX-License-Identifier: MPL-2.0
/** What is asked of traces, and its checks. */
import type { PixelfluxError } from "../index.ts";
import {
  checkFlag,
  checkFunction,
  checkOptionNames,
  checkSignal,
  integersOf,
  invalidOption,
  leaveOut,
  TIMER_MS_MAX,
} from "../options.ts";

/** Options of `recordTrace`. All are optional; `undefined` means the default. */
export interface RecordTraceOptions {
  /** Ends the trace when it is so long, in ms, 1…2147483647. Default: never. */
  readonly durationMs?: number | undefined;
  /**
   * Ends the trace before it has more bytes, from 65536 on. One frame is written in any case.
   * Default: never.
   */
  readonly sizeBytesMax?: number | undefined;
  /**
   * Bytes of pixels that may wait to be packed and written, 65536…1073741824; one frame may be
   * larger. Frames for which there is no room become part of the next. Default: 67108864.
   */
  readonly bufferBytes?: number | undefined;
  /** How hard to pack, 1…19, zstd's levels; more takes longer. Default: 3. */
  readonly level?: number | undefined;
  /** Told of the failure that `finished` rejects with. Default: `console.error`. */
  readonly onError?: ((error: PixelfluxError) => void) | undefined;
  /** Stops the trace as `stop()` does; before its first frame, `recordTrace` rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with every default filled in. */
export interface ResolvedRecordTrace {
  readonly durationMs: number | undefined;
  readonly sizeBytesMax: number | undefined;
  readonly bufferBytes: number;
  readonly level: number;
  readonly onError: (error: PixelfluxError) => void;
  readonly signal: AbortSignal | undefined;
}

/** Options of `readTrace`. */
export interface ReadTraceOptions {
  /** Refuses a trace that was not ended in order, such as that of a killed process. Default: false. */
  readonly requireEnd?: boolean | undefined;
}

/** Options of `replayTrace`. All are optional; `undefined` means the default. */
export interface ReplayTraceOptions extends ReadTraceOptions {
  /**
   * How fast: 1 as recorded, 2 twice as fast, 0.01…1000; `"taken"`: each frame as soon as every
   * capture of the source has taken the one before, so that none is missed. Default: 1.
   */
  readonly speed?: number | "taken" | undefined;
  /** How often it is played: a number from 1 on, or `true` for ever. Default: 1. */
  readonly loop?: number | boolean | undefined;
  /** Ends the replay: `play()` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with every default filled in. */
export interface ResolvedReplay {
  readonly speed: number | "taken";
  readonly loops: number;
  readonly requireEnd: boolean;
  readonly signal: AbortSignal | undefined;
}

const RECORD_NAMES = [
  ...["durationMs", "sizeBytesMax", "bufferBytes", "level", "onError", "signal"],
];
const REPLAY_NAMES = ["speed", "loop", "requireEnd", "signal"];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveRecordTrace(options: RecordTraceOptions): ResolvedRecordTrace {
  const operation = "recordTrace";
  checkOptionNames(operation, options, RECORD_NAMES);
  const { onError = console.error, signal } = options;
  const integer = integersOf(operation, options);
  return {
    onError: checkFunction(operation, "onError", onError),
    durationMs: integer("durationMs", 1, TIMER_MS_MAX),
    sizeBytesMax: integer("sizeBytesMax", 65_536, Number.MAX_SAFE_INTEGER),
    bufferBytes: integer("bufferBytes", 65_536, 2 ** 30) ?? 2 ** 26,
    level: integer("level", 1, 19) ?? 3,
    signal: checkSignal(operation, signal),
  };
}

/** @throws {PixelfluxError} as {@link resolveRecordTrace}. */
export function resolveReplay(options: ReplayTraceOptions): ResolvedReplay {
  const operation = "replayTrace";
  checkOptionNames(operation, options, REPLAY_NAMES);
  const { speed = 1, loop = 1, signal } = options;
  const isSpeed =
    speed === "taken" || (typeof speed === "number" && speed >= 0.01 && speed <= 1000);
  if (!isSpeed)
    throw invalidOption(
      operation,
      "speed",
      'a number from 0.01 to 1000, or "taken"',
      speed,
      leaveOut(),
    );
  const isCount = typeof loop === "boolean" || (Number.isSafeInteger(loop) && loop >= 1);
  if (!isCount)
    throw invalidOption(operation, "loop", "an integer from 1 on, or a boolean", loop, leaveOut());
  return {
    speed,
    loops: loop === true ? Number.POSITIVE_INFINITY : Number(loop) || 1,
    requireEnd: checkFlag(operation, "requireEnd", options.requireEnd ?? false),
    signal: checkSignal(operation, signal),
  };
}

/** @throws {PixelfluxError} as {@link resolveRecordTrace}. */
export function resolveRead(options: ReadTraceOptions): boolean {
  checkOptionNames("readTrace", options, ["requireEnd"]);
  return checkFlag("readTrace", "requireEnd", options.requireEnd ?? false);
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for what is no path. */
export function checkPath(operation: string, path: unknown): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw invalidOption(operation, "path", "a path without NUL", path);
}
