// SPDX-License-Identifier: MPL-2.0
/** The system's monotonic clock, which Bun's own count from the start of the process. */
import { nativeLibrary } from "./library.ts";

/**
 * Reads the clock of `Stripe.timestamp`: microseconds of CLOCK_MONOTONIC, the
 * same in every process of a machine. Loads the library on first use.
 *
 * @throws {PixelfluxError} `ERR_LIBRARY_NOT_FOUND` or `ERR_ABI_MISMATCH`.
 */
export function monotonicUs(): number {
  return Number(nativeLibrary().call.pf_clock_us());
}
