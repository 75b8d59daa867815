// SPDX-License-Identifier: MPL-2.0
/** A rectangle of a frame, as a caller gives it. */
import { PixelfluxError } from "./errors.ts";
import type { Region } from "./screenshot.ts";
import { show } from "./settings.ts";

/** Sides of a frame end here; a larger number could not be right. */
const EDGE_PX_MAX = 16384;

/** What stands for all of a frame natively. */
const ALL_OF_FRAME: Region = { x: 0, y: 0, width: 0, height: 0 };

/**
 * Checks a region; `undefined` is all of the frame, natively of size 0.
 *
 * @param operation - the public operation, for the error.
 * @param field - the option's name, such as `"region"` or `"ignore[2]"`.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING`, whose `field` names the part that is wrong.
 */
export function checkRegion(operation: string, field: string, region: unknown): Region {
  if (region === undefined) return ALL_OF_FRAME;
  if (typeof region !== "object" || region === null) {
    throw invalidOption(operation, field, "{ x, y, width, height }", region, "all of the frame");
  }
  const edge = (name: keyof Region): number => {
    const min = name === "x" || name === "y" ? 0 : 1;
    const value: unknown = (region as Record<string, unknown>)[name];
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= EDGE_PX_MAX) {
      return Number(value);
    }
    const expected = `an integer from ${min} to ${EDGE_PX_MAX}`;
    throw invalidOption(operation, `${field}.${name}`, expected, value);
  };
  return { x: edge("x"), y: edge("y"), width: edge("width"), height: edge("height") };
}

/**
 * The error for an option's value.
 *
 * @param fallback - the default in words, where there is one.
 */
export function invalidOption(
  operation: string,
  field: string,
  expected: string,
  value: unknown,
  fallback?: string,
): PixelfluxError {
  const remedy = fallback === undefined ? "" : ` Leave it out for the default: ${fallback}.`;
  const text = `${operation}: ${field} has to be ${expected}, but is ${show(value)}.${remedy}`;
  return new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field });
}

/**
 * Refuses what is no object, and options that do not exist.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`.
 */
export function checkOptionNames(
  operation: string,
  options: unknown,
  names: readonly string[],
): void {
  if (typeof options !== "object" || options === null) {
    throw invalidOption(operation, "options", "an object", options);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const text = `${operation}: there is no option ${show(name)}. The options are: ${names.join(", ")}.`;
    throw new PixelfluxError("ERR_UNKNOWN_SETTING", operation, text, { field: name });
  }
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for anything but a signal or `undefined`. */
export function checkSignal(operation: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw invalidOption(operation, "signal", "an AbortSignal", signal, "none");
}
