// SPDX-License-Identifier: MPL-2.0
/**
 * What a realm and its poll workers tell each other. No pointer and no stripe
 * travels in a message: an undelivered one would leak.
 */

/** From the realm: wait on this capture until it has ended. */
export interface PollRequest {
  /** Absolute path of the native library. */
  readonly libraryPath: string;
  /** The capture's handle. */
  readonly handle: number;
}

/** From the poll worker. */
export type PollReport =
  /** There is news; it is not told again before the capture has been drained. */
  | { readonly kind: "news" }
  /** The capture has ended and its native threads are gone; the worker is idle. */
  | { readonly kind: "ended" }
  /** The worker cannot wait on the capture. */
  | { readonly kind: "failed"; readonly message: string };
