// SPDX-License-Identifier: MPL-2.0
/** What a caller pushes into a frame source, and its checks. */
import { PixelfluxError } from "./errors.ts";
import { FRAMES_DAMAGE_COUNT_MAX, type NativePush } from "./native/frames.ts";
import {
  checkInteger,
  checkOptionNames,
  checkSignal,
  copyOptions,
  invalidOption,
  readable,
} from "./options.ts";
import type { Region } from "./screenshot.ts";

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
  return readable(operation, "size", () => {
    requireObject(size, "size", "{ width, height }", operation);
    checkOptionNames(operation, size, SIZE_NAMES);
    return {
      width: checkInteger(operation, "width", size.width, [1, SIDE_PX_MAX]),
      height: checkInteger(operation, "height", size.height, [1, SIDE_PX_MAX]),
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
  return readable("push", "frame", () => readPushedFrame(frame));
}

/**
 * Checks the options of `taken()`.
 *
 * @throws {PixelfluxError} as {@link checkPushedFrame}.
 */
export function checkTakenSignal(options: TakenOptions): AbortSignal | undefined {
  return checkSignal("taken", copyOptions("taken", options, TAKEN_NAMES).signal);
}

function readPushedFrame(frame: PushedFrame): NativePush {
  requireObject(frame, "frame", "{ width, height, damage?, strideBytes? }", "push");
  checkOptionNames("push", frame, FRAME_NAMES);
  const width = checkInteger("push", "width", frame.width, [1, SIDE_PX_MAX]);
  const height = checkInteger("push", "height", frame.height, [1, SIDE_PX_MAX]);
  const rowBytes = width * BYTES_PER_PIXEL;
  const { strideBytes = rowBytes, damage } = frame;
  return {
    width,
    height,
    strideBytes: checkInteger("push", "strideBytes", strideBytes, [rowBytes, STRIDE_BYTES_MAX]),
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
    throw invalidOption("push", "rgba", "a Uint8Array or Uint8ClampedArray", rgba);
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
  const x = checkInteger("push", `${field}.x`, region.x, [0, width - 1]);
  const y = checkInteger("push", `${field}.y`, region.y, [0, height - 1]);
  return [
    x,
    y,
    checkInteger("push", `${field}.width`, region.width, [1, width - x]),
    checkInteger("push", `${field}.height`, region.height, [1, height - y]),
  ];
}

function requireObject(
  value: unknown,
  field: string,
  expected: string,
  operation: string,
): asserts value is object {
  if (typeof value !== "object" || value === null) {
    throw invalidOption(operation, field, expected, value);
  }
}
