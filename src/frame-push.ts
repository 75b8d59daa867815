// SPDX-License-Identifier: MPL-2.0
/** What a caller pushes into a frame source, and its checks. */
import { PixelfluxError } from "./errors.ts";
import { FRAMES_DAMAGE_COUNT_MAX, type NativePush } from "./native/frames.ts";
import type { Region } from "./screenshot.ts";
import { show } from "./show.ts";

/** Size of a frame source's screen. */
export interface FrameSize {
  /** Width in px, 1…16384. */
  readonly width: number;
  /** Height in px, 1…16384. */
  readonly height: number;
}

/** What a pushed picture is; see `FrameSource.push`. */
export interface PushedFrame extends FrameSize {
  /**
   * Where the picture differs from the one pushed before: a rectangle within it, or
   * up to 1024 of them. Only their pixels are read. Default: everywhere. `[]`:
   * nowhere.
   */
  readonly damage?: Region | readonly Region[] | undefined;
  /** Bytes from the beginning of a row to that of the next, `4 * width` or more. Default: that. */
  readonly strideBytes?: number | undefined;
}

/** What `FrameSource.taken` is asked for. */
export interface TakenOptions {
  /** Gives up when aborted: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const SIDE_PX_MAX = 16384;
const STRIDE_BYTES_MAX = 2 ** 31 - 1;
const BYTES_PER_PIXEL = 4;

const FRAME_NAMES = ["width", "height", "damage", "strideBytes"];
const SIZE_NAMES = ["width", "height"];
const TAKEN_NAMES = ["signal"];

/**
 * Checks the size a source is made with.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`.
 */
export function checkFrameSize(size: FrameSize, operation: string): FrameSize {
  return readable("size", operation, () => {
    requireObject(size, "size", "{ width, height }", operation);
    refuseUnknown(size, SIZE_NAMES, operation);
    return {
      width: integerOf(size.width, "width", 1, SIDE_PX_MAX, operation),
      height: integerOf(size.height, "height", 1, SIDE_PX_MAX, operation),
    };
  });
}

/**
 * Checks all but the pixels. Runs what code of the caller's there is in the object,
 * so the pixels are to be looked at afterwards.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`.
 */
export function checkPushedFrame(frame: PushedFrame): NativePush {
  return readable("frame", "push", () => readPushedFrame(frame));
}

/**
 * Checks the options of `taken()`.
 *
 * @throws {PixelfluxError} as {@link checkPushedFrame}.
 */
export function checkTakenSignal(options: TakenOptions): AbortSignal | undefined {
  return readable("options", "taken", () => {
    requireObject(options, "options", "{ signal? }", "taken");
    refuseUnknown(options, TAKEN_NAMES, "taken");
    const { signal } = options;
    if (signal === undefined || signal instanceof AbortSignal) return signal;
    throw invalid("signal", "an AbortSignal", signal, "taken");
  });
}

/** Reads a caller's object, whose own code may throw anything. */
function readable<T>(field: string, operation: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PixelfluxError) throw cause;
    const text = `${operation}: ${field} cannot be read: the object's own code failed. Give a plain object.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field, cause });
  }
}

function readPushedFrame(frame: PushedFrame): NativePush {
  requireObject(frame, "frame", "{ width, height, damage?, strideBytes? }", "push");
  refuseUnknown(frame, FRAME_NAMES, "push");
  const width = integerOf(frame.width, "width", 1, SIDE_PX_MAX, "push");
  const height = integerOf(frame.height, "height", 1, SIDE_PX_MAX, "push");
  const rowBytes = width * BYTES_PER_PIXEL;
  const { strideBytes = rowBytes, damage } = frame;
  return {
    width,
    height,
    strideBytes: integerOf(strideBytes, "strideBytes", rowBytes, STRIDE_BYTES_MAX, "push"),
    damage: damage === undefined ? null : damageOf(damage, width, height),
  };
}

/**
 * Checks the pixels, by what they are and not by what they say: a subclass may have
 * a length of its own.
 *
 * @returns how many bytes there are.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` with the field `rgba`.
 */
export function checkPixels(rgba: unknown, { width, height, strideBytes }: NativePush): number {
  const sizeBytes = byteLengthOf(rgba);
  if (sizeBytes === undefined) {
    throw invalid("rgba", "a Uint8Array or Uint8ClampedArray", rgba, "push");
  }
  const rowBytes = width * BYTES_PER_PIXEL;
  const min = (height - 1) * strideBytes + rowBytes;
  const max = height * strideBytes;
  if (sizeBytes >= min && sizeBytes <= max) return sizeBytes;
  const expected = min === max ? `${max}` : `${min} to ${max}`;
  const text = `push: rgba has to have ${expected} bytes for ${width}x${height} px with rows of ${strideBytes} bytes, but has ${sizeBytes}. Give the picture's own width, height and strideBytes; a detached buffer has no bytes.`;
  throw new PixelfluxError("ERR_INVALID_SETTING", "push", text, { field: "rgba" });
}

const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype);

/** The accessor that all typed arrays inherit, which no subclass or instance can replace. */
function accessorOf(key: PropertyKey): (this: unknown) => unknown {
  const accessor = Object.getOwnPropertyDescriptor(typedArray, key)?.get;
  if (accessor === undefined) throw new TypeError(`typed arrays have no ${String(key)}`);
  return accessor;
}

const kindAccessor = accessorOf(Symbol.toStringTag);
const byteLengthAccessor = accessorOf("byteLength");

/** `undefined` for what is no array of bytes. */
function byteLengthOf(value: unknown): number | undefined {
  const kind = Reflect.apply(kindAccessor, value, []);
  if (kind !== "Uint8Array" && kind !== "Uint8ClampedArray") return undefined;
  return Number(Reflect.apply(byteLengthAccessor, value, []));
}

function damageOf(damage: unknown, width: number, height: number): Uint32Array {
  const isList = Array.isArray(damage);
  const count = isList ? damage.length : 1;
  if (count > FRAMES_DAMAGE_COUNT_MAX) {
    const text = `push: damage has ${count} rectangles, but may have ${FRAMES_DAMAGE_COUNT_MAX} at most. Give fewer that cover them, or leave it out for all of the picture.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", "push", text, { field: "damage" });
  }
  const rectangles = new Uint32Array(count * 4);
  for (let index = 0; index < count; index++) {
    const field = isList ? `damage[${index}]` : "damage";
    const rectangle: unknown = isList ? damage[index] : damage;
    rectangles.set(rectangleOf(rectangle, field, width, height), index * 4);
  }
  return rectangles;
}

function rectangleOf(value: unknown, field: string, width: number, height: number): number[] {
  requireObject(value, field, "{ x, y, width, height }", "push");
  const region = value as Region;
  const x = integerOf(region.x, `${field}.x`, 0, width - 1, "push");
  const y = integerOf(region.y, `${field}.y`, 0, height - 1, "push");
  return [
    x,
    y,
    integerOf(region.width, `${field}.width`, 1, width - x, "push"),
    integerOf(region.height, `${field}.height`, 1, height - y, "push"),
  ];
}

function requireObject(
  value: unknown,
  field: string,
  expected: string,
  operation: string,
): asserts value is object {
  if (typeof value !== "object" || value === null) {
    throw invalid(field, expected, value, operation);
  }
}

function refuseUnknown(value: object, names: readonly string[], operation: string): void {
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue;
    const text = `${operation}: there is no option ${show(name)}. The options are: ${names.join(", ")}.`;
    throw new PixelfluxError("ERR_UNKNOWN_SETTING", operation, text, { field: name });
  }
}

function integerOf(
  value: unknown,
  field: string,
  min: number,
  max: number,
  operation: string,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw invalid(field, `an integer from ${min} to ${max}`, value, operation);
}

function invalid(
  field: string,
  expected: string,
  value: unknown,
  operation: string,
): PixelfluxError {
  const text = `${operation}: ${field} has to be ${expected}, but is ${show(value)}.`;
  return new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field });
}
