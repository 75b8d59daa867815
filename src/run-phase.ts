// SPDX-License-Identifier: MPL-2.0
/** What a run of a capture needs, what it goes through, and the errors of its ends. */
import { PixelfluxError } from "./errors.ts";
import type { CaptureEmitter } from "./events.ts";
import type { ResolvedSettings } from "./settings.ts";

/** What a run needs of the capture it belongs to. */
export interface RunHost {
  /** The public object, which may be collected while nothing is delivered to a callback. */
  readonly capture: WeakRef<object>;
  readonly settings: ResolvedSettings;
  readonly emitter: CaptureEmitter;
}

/**
 * Where a run stands:
 *
 * - `waiting`: for an earlier run to end
 * - `starting`: no frame has been grabbed yet
 * - `running`
 * - `failing`: of itself; what was ready is still delivered
 * - `stopping`: because it was asked to; nothing is delivered any more
 * - `ended`: nothing native is left
 */
export type RunPhase = "waiting" | "starting" | "running" | "failing" | "stopping" | "ended";

/** Whether this is {@link abortedError}'s. */
export function isAborted(error: unknown): boolean {
  return error instanceof PixelfluxError && error.code === "ERR_ABORTED";
}

export function abortedError(): PixelfluxError {
  const text = "start: stop() was called before the first frame was grabbed";
  return new PixelfluxError("ERR_ABORTED", "start", text);
}

export function screenshotAbortedError(): PixelfluxError {
  const text = "screenshot: stop() was called before it was there";
  return new PixelfluxError("ERR_ABORTED", "screenshot", text);
}

/** The end of a wait, such as `"waitForChange"`, by `stop()`. */
export function waitAbortedError(operation: string): PixelfluxError {
  const text = `${operation}: stop() was called before it happened`;
  return new PixelfluxError("ERR_ABORTED", operation, text);
}

export function pollError(operation: string, message: string): PixelfluxError {
  const text = `${operation}: the worker that waits for stripes failed: ${message}. Start the capture again; if it stays so, look at the limits of memory and threads.`;
  return new PixelfluxError("ERR_NO_RESOURCE", operation, text);
}
