// SPDX-License-Identifier: MPL-2.0
/** The one error class of the public API, and how native statuses map to its codes. */

/**
 * What went wrong, for programs to switch on. Codes are stable; messages are not.
 *
 * | code | meaning |
 * | --- | --- |
 * | `ERR_INVALID_SETTING` | a setting has the wrong type, is out of its range, or may not change now; `field` names it |
 * | `ERR_UNKNOWN_SETTING` | there is no such setting; `field` names it |
 * | `ERR_ALREADY_RUNNING` | the capture runs already, or is being iterated or tapped already |
 * | `ERR_NOT_RUNNING` | the call needs a running capture |
 * | `ERR_ABORTED` | `stop()` or `close()` came before what was waited for: the first frame, a screenshot, a change, a picture's being taken, the end of a replay |
 * | `ERR_RELEASED` | the stripe's bytes, or the frame source, have been given back |
 * | `ERR_STALE_HANDLE` | the native capture has been freed under the object (a defect of ours, or an exiting process) |
 * | `ERR_OUT_OF_MEMORY` | the system refused memory |
 * | `ERR_NO_RESOURCE` | the system refused a thread, a worker or a file descriptor |
 * | `ERR_TOO_MANY_CAPTURES` | 64 captures exist in this process already |
 * | `ERR_DISPLAY_OPEN` | the display's name is malformed, nothing answers there, or it refuses this user |
 * | `ERR_DISPLAY_LOST` | the connection to the display broke, or a virtual display has ended |
 * | `ERR_DISPLAY_UNSUPPORTED` | the screen's pixel format, or an extension, is not one we can read |
 * | `ERR_REGION_OFF_SCREEN` | the region does not lie on the screen |
 * | `ERR_ENCODER` | an encoder could not be opened or refused a picture |
 * | `ERR_WATERMARK` | the watermark's file is missing or no PNG |
 * | `ERR_MESSAGING` | the connection to the NATS servers has ended for good, or they refuse this user a subject |
 * | `ERR_PUBLISHER` | the capture on the publisher's machine has failed, as the message says |
 * | `ERR_CODEC_MISSING` | the native library was built without the codec that `outputMode` names; see `capabilities()` |
 * | `ERR_WRITE` | a recording's target cannot be opened, or takes no more bytes |
 * | `ERR_RESIZED` | the screen has another size, which a recording to this target cannot hold |
 * | `ERR_PROGRAM_MISSING` | a program that is needed, such as Xvfb, is not installed; the message says how to |
 * | `ERR_DISPLAY_START` | the X server of a virtual display does not start, or not in time; the message has its last words |
 * | `ERR_TRACE` | a file is no trace, or a damaged one |
 * | `ERR_TIMEOUT` | what was waited for did not happen within `timeoutMs` |
 * | `ERR_WINDOW_GONE` | there is no window of that id on the screen, or it has been destroyed |
 * | `ERR_WINDOW_HIDDEN` | the window is not shown when its capture starts |
 * | `ERR_MONITOR_NOT_FOUND` | there is no monitor of that name when its capture starts; the message lists those there are |
 * | `ERR_LIBRARY_NOT_FOUND` | the native library cannot be loaded; the message lists what was tried |
 * | `ERR_ABI_MISMATCH` | the native library is of another version than this package |
 * | `ERR_CLOSED` | the input has been closed |
 * | `ERR_INPUT` | the X server refuses a keystroke or a click, or its keyboard has no key to spare for a character |
 */
export type ErrorCode =
  | "ERR_INVALID_SETTING"
  | "ERR_UNKNOWN_SETTING"
  | "ERR_ALREADY_RUNNING"
  | "ERR_NOT_RUNNING"
  | "ERR_ABORTED"
  | "ERR_RELEASED"
  | "ERR_STALE_HANDLE"
  | "ERR_OUT_OF_MEMORY"
  | "ERR_NO_RESOURCE"
  | "ERR_TOO_MANY_CAPTURES"
  | "ERR_DISPLAY_OPEN"
  | "ERR_DISPLAY_LOST"
  | "ERR_DISPLAY_UNSUPPORTED"
  | "ERR_REGION_OFF_SCREEN"
  | "ERR_ENCODER"
  | "ERR_WATERMARK"
  | "ERR_MESSAGING"
  | "ERR_PUBLISHER"
  | "ERR_CODEC_MISSING"
  | "ERR_WRITE"
  | "ERR_RESIZED"
  | "ERR_PROGRAM_MISSING"
  | "ERR_DISPLAY_START"
  | "ERR_TRACE"
  | "ERR_TIMEOUT"
  | "ERR_WINDOW_GONE"
  | "ERR_WINDOW_HIDDEN"
  | "ERR_MONITOR_NOT_FOUND"
  | "ERR_LIBRARY_NOT_FOUND"
  | "ERR_ABI_MISMATCH"
  | "ERR_CLOSED"
  | "ERR_INPUT";

/** Optional parts of a {@link PixelfluxError}. */
export interface PixelfluxErrorOptions {
  /** Name of the setting that was refused. */
  readonly field?: string;
  /** The error this one was made from. */
  readonly cause?: unknown;
}

/** Any failure this package reports of itself. */
export class PixelfluxError extends Error {
  override readonly name = "PixelfluxError";
  /** What went wrong; see {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** The public operation that failed, for example `"start"`. */
  readonly operation: string;
  /** The setting that was refused, where the failure is about one. */
  readonly field: string | undefined;

  constructor(
    code: ErrorCode,
    operation: string,
    message: string,
    options: PixelfluxErrorOptions = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.operation = operation;
    this.field = options.field;
  }
}

/** Negative values of `pf_status` in native/include/pixelflux/status.h. */
const CODE_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [-1, "ERR_INVALID_SETTING"],
  [-2, "ERR_STALE_HANDLE"],
  [-3, "ERR_OUT_OF_MEMORY"],
  [-4, "ERR_NO_RESOURCE"],
  [-5, "ERR_TOO_MANY_CAPTURES"],
  [-6, "ERR_DISPLAY_OPEN"],
  [-7, "ERR_DISPLAY_LOST"],
  [-8, "ERR_DISPLAY_UNSUPPORTED"],
  [-9, "ERR_REGION_OFF_SCREEN"],
  [-10, "ERR_ENCODER"],
  [-11, "ERR_WATERMARK"],
  [-12, "ERR_CODEC_MISSING"],
  [-13, "ERR_WINDOW_GONE"],
  [-14, "ERR_WINDOW_HIDDEN"],
  [-15, "ERR_MONITOR_NOT_FOUND"],
]);

/**
 * Makes the error for a negative native status.
 *
 * @param status - a negative `pf_status`; one this version does not know gives
 *   `ERR_ABI_MISMATCH`, since only another version's library returns it.
 * @param message - the native side's words; may be empty.
 */
export function errorOfStatus(status: number, operation: string, message: string): PixelfluxError {
  const code = CODE_BY_STATUS.get(status);
  if (code === undefined) {
    const text = `${operation}: the native library returned status ${status}, which this version of pixelflux-ffi does not know. ${message}`;
    return new PixelfluxError("ERR_ABI_MISMATCH", operation, text.trim());
  }
  const words = message === "" ? WORDS_WITHOUT_MESSAGE[code] : message;
  const named = CODES_OF_SETTINGS.has(code) ? NATIVE_FIELDS.exec(message)?.[0] : undefined;
  const fields = named && publicNames(named);
  const field = FIELD_BY_CODE[code] ?? fields?.split(", ")[0];
  const text = named === undefined ? words : `${fields}${words?.slice(named.length)}`;
  const options = field === undefined ? {} : { field };
  return new PixelfluxError(code, operation, `${operation}: ${text ?? code}`, options);
}

/** Failures whose native words may begin with the fields of `pf_settings` that they are about. */
const CODES_OF_SETTINGS: ReadonlySet<ErrorCode> = new Set([
  ...(["ERR_INVALID_SETTING", "ERR_DISPLAY_OPEN", "ERR_DISPLAY_UNSUPPORTED"] as const),
  ...(["ERR_REGION_OFF_SCREEN", "ERR_WATERMARK"] as const),
]);

const NATIVE_FIELDS = /^[a-z][a-z0-9_]*(?:, [a-z][a-z0-9_]*)*(?=: )/;

/** `capture_x, capture_y` are `captureX, captureY`. */
function publicNames(nativeFields: string): string {
  return nativeFields.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The setting that a failure is always of. */
const FIELD_BY_CODE: Partial<Record<ErrorCode, string>> = {
  ERR_CODEC_MISSING: "outputMode",
  ERR_WATERMARK: "watermarkPath",
  ERR_WINDOW_GONE: "window",
  ERR_WINDOW_HIDDEN: "window",
  ERR_MONITOR_NOT_FOUND: "monitor",
};

/** For statuses that native functions return without leaving a message. */
const WORDS_WITHOUT_MESSAGE: Partial<Record<ErrorCode, string>> = {
  ERR_STALE_HANDLE: "the native capture has been freed already",
  ERR_OUT_OF_MEMORY: "the system refused memory; close other programs or raise the limit",
  ERR_NO_RESOURCE: "the system refused a thread or a descriptor; raise `ulimit -u` or `ulimit -n`",
  ERR_TOO_MANY_CAPTURES: "64 captures exist in this process already; stop one of them first",
};
