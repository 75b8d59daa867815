// SPDX-License-Identifier: MPL-2.0
/** What is asked of traces, and its checks. */
import { PixelfluxError } from "../index.ts";

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
const TIMER_MS_MAX = 2 ** 31 - 1;

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveRecordTrace(options: RecordTraceOptions): ResolvedRecordTrace {
  const operation = "recordTrace";
  checkNames(operation, options, RECORD_NAMES);
  const { onError = console.error, signal } = options;
  if (typeof onError !== "function") throw refused(operation, "onError", "a function", onError);
  const integer = (field: keyof RecordTraceOptions, min: number, max: number) =>
    integerOf(operation, field, options[field], min, max);
  return {
    durationMs: integer("durationMs", 1, TIMER_MS_MAX),
    sizeBytesMax: integer("sizeBytesMax", 65_536, Number.MAX_SAFE_INTEGER),
    bufferBytes: integer("bufferBytes", 65_536, 2 ** 30) ?? 2 ** 26,
    level: integer("level", 1, 19) ?? 3,
    onError,
    signal: checkSignal(operation, signal),
  };
}

/** @throws {PixelfluxError} as {@link resolveRecordTrace}. */
export function resolveReplay(options: ReplayTraceOptions): ResolvedReplay {
  const operation = "replayTrace";
  checkNames(operation, options, REPLAY_NAMES);
  const { speed = 1, loop = 1, signal } = options;
  const isSpeed =
    speed === "taken" || (typeof speed === "number" && speed >= 0.01 && speed <= 1000);
  if (!isSpeed) throw refused(operation, "speed", 'a number from 0.01 to 1000, or "taken"', speed);
  const isCount = typeof loop === "boolean" || (Number.isSafeInteger(loop) && loop >= 1);
  if (!isCount) throw refused(operation, "loop", "an integer from 1 on, or a boolean", loop);
  return {
    speed,
    loops: loop === true ? Number.POSITIVE_INFINITY : Number(loop) || 1,
    requireEnd: checkFlag(operation, "requireEnd", options.requireEnd),
    signal: checkSignal(operation, signal),
  };
}

/** @throws {PixelfluxError} as {@link resolveRecordTrace}. */
export function resolveRead(options: ReadTraceOptions): boolean {
  checkNames("readTrace", options, ["requireEnd"]);
  return checkFlag("readTrace", "requireEnd", options.requireEnd);
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for what is no path. */
export function checkPath(operation: string, path: unknown): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw refused(operation, "path", "a path without NUL", path, "Give one.");
}

/** The error for a value of the wrong kind. */
export function refused(
  operation: string,
  field: string,
  expected: string,
  value: unknown,
  remedy = "Leave it out for the default.",
): PixelfluxError {
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  const shown = isPlain ? String(JSON.stringify(value)).slice(0, 80) : `of type ${typeof value}`;
  const text = `${operation}: ${field} has to be ${expected}, but is ${shown}. ${remedy}`;
  return new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field });
}

function checkNames(operation: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw refused(operation, "options", "an object", options);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const text = `${operation}: there is no option ${JSON.stringify(name.slice(0, 80))}. The options are: ${names.join(", ")}.`;
    throw new PixelfluxError("ERR_UNKNOWN_SETTING", operation, text, { field: name });
  }
}

function integerOf(operation: string, field: string, value: unknown, min: number, max: number) {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  throw refused(operation, field, `an integer from ${min} to ${max}`, value);
}

function checkFlag(operation: string, field: string, value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw refused(operation, field, "true or false", value);
}

function checkSignal(operation: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw refused(operation, "signal", "an AbortSignal", signal);
}
