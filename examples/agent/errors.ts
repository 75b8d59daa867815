// SPDX-License-Identifier: MPL-2.0
import { PixelfluxError } from "pixelflux-ffi";

/** What a caller is answered where an action is not done. */
export class ActionError extends Error {
  override readonly name = "ActionError";
  readonly status: number;
  /** For programs to switch on. */
  readonly code: string;
  /** The field that is wrong, where one is. */
  readonly field: string | undefined;

  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }

  toJSON() {
    const { code, message, field } = this;
    return { error: { code, message, ...(field === undefined ? {} : { field }) } };
  }
}

/** A field that is missing, wrong or unknown. */
export function badField(field: string, message: string): ActionError {
  return new ActionError(400, "BAD_FIELD", `${field} ${message}`, field);
}

/** Keys and modifiers come in an action's text. */
function fieldOf({ field }: PixelfluxError): string | undefined {
  return field === undefined || !["key", "modifiers", "target"].includes(field) ? field : "text";
}

/** Any failure as an answer. What only the machine's owner is to know stays here. */
export function answerOf(error: unknown): ActionError {
  if (error instanceof ActionError) return error;
  if (error instanceof Error && error.name === "AbortError") {
    return new ActionError(499, "GONE", "the caller has gone");
  }
  if (!(error instanceof PixelfluxError)) {
    console.error("agent:", error);
    return new ActionError(500, "INTERNAL", "it failed; the server's log says how");
  }
  switch (error.code) {
    case "ERR_INVALID_SETTING":
    case "ERR_REGION_OFF_SCREEN":
      return new ActionError(400, error.code, error.message, fieldOf(error));
    case "ERR_DISPLAY_LOST":
    case "ERR_DISPLAY_OPEN":
    case "ERR_ABORTED":
      return new ActionError(503, error.code, error.message);
    default:
      return new ActionError(500, error.code, error.message);
  }
}
