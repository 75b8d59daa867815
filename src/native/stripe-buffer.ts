// SPDX-License-Identifier: MPL-2.0
/** Native stripe bytes as ArrayBuffers that free them. */
import { type Pointer, toArrayBuffer } from "bun:ffi";
import type { NativeLibrary } from "./library.ts";
import type { StructBuffer } from "./struct-buffer.ts";

/** How many stripes of a capture were never released, and left to the collector instead. */
export interface CollectedCount {
  count: number;
}

/**
 * The form of `toArrayBuffer` that is documented though missing from the
 * types: `deallocator(bytes, context)` runs when the buffer is transferred or
 * collected, or its realm ends, on whatever thread that happens.
 */
type ToOwningArrayBuffer = (
  address: number,
  byteOffset: number,
  byteLength: number,
  context: number,
  deallocator: Pointer,
) => ArrayBuffer;

export const toOwningArrayBuffer: ToOwningArrayBuffer = toArrayBuffer;

/**
 * Counts, and never frees: it also runs for a buffer whose contents live on
 * because its owner transferred it, and not at all in a worker that is
 * terminated.
 */
const collected = new FinalizationRegistry<CollectedCount>((counter) => {
  counter.count += 1;
});

/**
 * Makes the ArrayBuffer that owns one drained stripe from here on.
 *
 * @param stripes - where it was drained to; its `context` there becomes 0.
 * @param counter - counts the buffer if it is collected without
 *   {@link releaseStripeBuffer}.
 * @throws {Error} where JavaScript has no memory; the stripe's bytes are
 *   released then.
 */
export function createStripeBuffer(
  library: NativeLibrary,
  stripes: StructBuffer<"pf_stripe">,
  index: number,
  counter: CollectedCount,
): ArrayBuffer {
  const buffer = adoptBytes(library, stripes, index);
  collected.register(buffer, counter, buffer);
  return buffer;
}

/**
 * Makes the ArrayBuffer that owns the bytes of a drained stripe, screenshot or
 * pointer from here on, and counts nothing.
 *
 * @param drained - where it was drained to; its `context` there becomes 0.
 * @throws {Error} where JavaScript has no memory; the bytes are released then.
 */
export function adoptBytes<S extends "pf_stripe" | "pf_screenshot" | "pf_cursor" | "pf_tap_frame">(
  library: NativeLibrary,
  drained: StructBuffer<S>,
  index: number,
): ArrayBuffer {
  const address = drained.number("bytes", index);
  const lengthBytes = drained.number("size_bytes", index);
  const context = drained.number("context", index);
  try {
    // A worker is terminated where a function begins or a loop goes round, so not between these.
    drained.clearAddress("context", index);
    return toOwningArrayBuffer(address, 0, lengthBytes, context, library.releaseAddress);
  } catch (error) {
    releaseStripeBytes(library, address, context);
    throw error;
  }
}

/**
 * Gives the native bytes back now, and empties every view of the buffer. While
 * the runtime pins the buffer (a file write under way), the bytes go when that
 * is over. May be repeated.
 */
export function releaseStripeBuffer(buffer: ArrayBuffer): void {
  collected.unregister(buffer);
  // A second transfer would throw; the buffer may also have been sent to a worker.
  if (!buffer.detached) buffer.transfer(0);
}

/** Gives back the bytes of a drained stripe that no ArrayBuffer owns. */
export function releaseStripeBytes(library: NativeLibrary, address: number, context: number): void {
  library.call.pf_stripe_release(address as Pointer, context as Pointer);
}
