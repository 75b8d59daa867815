// SPDX-License-Identifier: MPL-2.0
/** Checks of what callers give beside settings, and the errors for what they refuse. */
import { PixelfluxError } from "./errors.ts";
import { show } from "./show.ts";

/** The longest time of `setTimeout`. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** What helps where an option has a default. @param words - the default, where they say more. */
export function leaveOut(words?: string): string {
  return `Leave it out for the default${words === undefined ? "" : `: ${words}`}.`;
}

/**
 * The error for an option's value.
 *
 * @param expected - the legal values in words, to follow "has to be".
 * @param remedy - what helps, as a sentence, where `expected` does not say it.
 */
export function invalidOption(
  operation: string,
  field: string,
  expected: string,
  value: unknown,
  remedy?: string,
): PixelfluxError {
  const end = remedy === undefined ? "" : ` ${remedy}`;
  const text = `${operation}: ${field} has to be ${expected}, but is ${show(value)}.${end}`;
  return new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field });
}

/** What reading a caller's object gives, whose own code may throw anything. */
export function readable<T>(operation: string, field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PixelfluxError) throw cause;
    const text = `${operation}: ${field} cannot be read: the object's own code failed. Give a plain object.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field, cause });
  }
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
  const given = readable(operation, "options", () => Object.keys(options));
  const name = given.find((each) => !names.includes(each));
  if (name === undefined) return;
  const text = `${operation}: there is no option ${show(name)}. The options are: ${names.join(", ")}.`;
  throw new PixelfluxError("ERR_UNKNOWN_SETTING", operation, text, { field: name });
}

/** As {@link checkOptionNames}, and copies them: the caller's own code runs here at most. */
export function copyOptions<T extends object>(
  operation: string,
  options: T,
  names: readonly string[],
): T {
  checkOptionNames(operation, options, names);
  return readable(operation, "options", () => ({ ...options }));
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for anything but an integer within the limits. */
export function checkInteger(
  operation: string,
  field: string,
  value: unknown,
  [min, max]: readonly [number, number],
  remedy?: string,
): number {
  const isInteger = typeof value === "number" && Number.isInteger(value);
  if (isInteger && value >= min && value <= max) return value;
  throw invalidOption(operation, field, `an integer from ${min} to ${max}`, value, remedy);
}

/** Reads those options that are integers by {@link checkInteger}; `undefined` where one is left out. */
export function integersOf<T extends object>(
  operation: string,
  options: T,
): (field: keyof T & string, min: number, max: number) => number | undefined {
  return (field, min, max) => {
    const value = options[field];
    if (value === undefined) return undefined;
    return checkInteger(operation, field, value, [min, max], leaveOut());
  };
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for anything but a function. */
export function checkFunction<T>(operation: string, field: string, value: T): T {
  if (typeof value === "function") return value;
  throw invalidOption(operation, field, "a function", value, leaveOut());
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for anything but `true` and `false`. */
export function checkFlag(operation: string, field: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw invalidOption(operation, field, "true or false", value, leaveOut());
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for anything but a signal or `undefined`. */
export function checkSignal(operation: string, value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  const isSignal = readable(operation, "signal", () => value instanceof AbortSignal);
  if (isSignal) return value as AbortSignal;
  throw invalidOption(operation, "signal", "an AbortSignal", value, leaveOut("none"));
}
