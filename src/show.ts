// SPDX-License-Identifier: MPL-2.0
/** How values of a caller's are looked at in error messages. */

const SHOWN_LENGTH_MAX = 80;

/** A value as an error message shows it; runs none of the caller's code. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const cut = value.length > SHOWN_LENGTH_MAX;
      const text = JSON.stringify(cut ? value.slice(0, SHOWN_LENGTH_MAX) : value);
      return cut ? `${text}… (${value.length} characters)` : text;
    }
    case "bigint":
      return "a bigint";
    case "object":
      return value === null ? "null" : isArray(value) ? "an array" : "an object";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

/** As Array.isArray, which throws for a revoked proxy. */
export function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false; // whatever it is, it is no array any more
  }
}
