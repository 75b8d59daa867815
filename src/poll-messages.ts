// SPDX-License-Identifier: MPL-2.0
/**
 * What a realm and its poll workers tell each other. No pointer and no stripe
 * travels in a message: an undelivered one would leak.
 */

/** From the realm: wait on this capture until it has ended, or on this frame source. */
export interface PollRequest {
  /** Absolute path of the native library. */
  readonly libraryPath: string;
  /** The capture's or the frame source's handle. */
  readonly handle: number;
  /** A frame source's push: wait until every capture has taken that. A capture has none. */
  readonly serial?: number;
}

/** From the poll worker. */
export type PollReport =
  /** There is news; it is not told again before the capture has been drained. */
  | { readonly kind: "news" }
  /**
   * The capture has ended and its native threads are gone, or the push has been taken
   * or the frame source closed; the worker is idle.
   */
  | { readonly kind: "ended" }
  /** The worker cannot wait on the capture. */
  | { readonly kind: "failed"; readonly message: string };
