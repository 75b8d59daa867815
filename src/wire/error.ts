// SPDX-License-Identifier: MPL-2.0
/** The one error of the wire format's functions. */

/** What is wrong with the bytes, or with the arguments, of a call of this module. */
export type WireErrorCode =
  /** The bytes end before the header does, or no payload follows it. */
  | "ERR_WIRE_TRUNCATED"
  /** The bytes do not begin as a stripe of that kind does. */
  | "ERR_WIRE_MALFORMED"
  /** An argument has the wrong type or is out of its range. */
  | "ERR_WIRE_ARGUMENT";

/** The only error this module throws. */
export class WireError extends Error {
  override readonly name = "WireError";
  /** What is wrong. */
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function truncated(bytes: Uint8Array, needed: number): WireError {
  return new WireError(
    "ERR_WIRE_TRUNCATED",
    `a stripe needs at least ${needed} bytes here, but there are ${bytes.length}`,
  );
}

export function malformed(what: string): WireError {
  return new WireError("ERR_WIRE_MALFORMED", `not a stripe of this header kind: ${what}`);
}

export function argument(name: string, expected: string, received: unknown): WireError {
  const shown = ["string", "number", "boolean"].includes(typeof received)
    ? JSON.stringify(received)
    : typeof received;
  return new WireError("ERR_WIRE_ARGUMENT", `${name} has to be ${expected}, but is ${shown}`);
}
