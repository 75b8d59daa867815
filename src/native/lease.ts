// SPDX-License-Identifier: MPL-2.0
/**
 * What a native capture and its drained stripes are ended by when their realm
 * ends without a word: a worker that is terminated runs no JavaScript any more,
 * at whatever point it is, but its ArrayBuffers are given up.
 */
import type { Pointer } from "bun:ffi";
import { errorOfStatus } from "../errors.ts";
import type { NativeLibrary } from "./library.ts";
import { releaseStripeBytes, toOwningArrayBuffer } from "./stripe-buffer.ts";
import { StructBuffer } from "./struct-buffer.ts";

/** `pf_lease`: where a capture's handle and its stripes, or a frame source's handle, are kept while nothing else owns them. */
export class Lease {
  /** Where `pf_capture_drain` is to put stripes; their `context` is 0 once they are owned. */
  readonly stripes: StructBuffer<"pf_stripe">;
  /** Where `pf_capture_drain_screenshots` is to put one: the place of a stripe behind those. */
  readonly screenshot: StructBuffer<"pf_screenshot">;
  /** Where `pf_capture_drain_cursor` is to put the pointer: the place behind that. */
  readonly cursor: StructBuffer<"pf_cursor">;
  /** Where `pf_capture_drain_tap` is to put a frame: the screenshot's place. */
  readonly tapFrame: StructBuffer<"pf_tap_frame">;
  readonly #head: StructBuffer<"pf_lease">;
  readonly #memory: ArrayBuffer;
  readonly #framesAt: number;

  /**
   * Makes a lease without a capture, with room for so many stripes. It ends
   * with {@link end}, or when it is collected, or with its realm.
   *
   * @param operation - named in the error.
   * @throws {PixelfluxError} where there is no memory.
   */
  constructor(library: NativeLibrary, stripeCount: number, operation = "start") {
    const { pf_lease: head, pf_stripe: stripe } = library.layout;
    const { pf_screenshot, pf_cursor, pf_tap_frame } = library.layout;
    const stripesBytes = stripe.sizeBytes * stripeCount;
    const screenshotAt = head.sizeBytes + stripesBytes;
    const cursorAt = screenshotAt + stripe.sizeBytes;
    this.#memory = createMemory(library, stripeCount + 2, cursorAt + stripe.sizeBytes, operation);
    this.#framesAt = head.offsets.frames;
    const part = (at: number, bytes: number) => new Uint8Array(this.#memory, at, bytes);
    this.#head = new StructBuffer("pf_lease", head, 1, part(0, head.sizeBytes));
    const stripes = part(head.sizeBytes, stripesBytes);
    this.stripes = new StructBuffer("pf_stripe", stripe, stripeCount, stripes);
    const screenshotPart = part(screenshotAt, pf_screenshot.sizeBytes);
    this.screenshot = new StructBuffer("pf_screenshot", pf_screenshot, 1, screenshotPart);
    const cursorPart = part(cursorAt, pf_cursor.sizeBytes);
    this.cursor = new StructBuffer("pf_cursor", pf_cursor, 1, cursorPart);
    const tapPart = part(screenshotAt, pf_tap_frame.sizeBytes);
    this.tapFrame = new StructBuffer("pf_tap_frame", pf_tap_frame, 1, tapPart);
  }

  /** Where `pf_capture_start` is to put the handle: the structure's first field. */
  get handleBytes(): Uint8Array {
    return this.#head.bytes;
  }

  /** Where `pf_frames_create` is to put the handle. */
  get framesBytes(): Uint8Array {
    return this.#head.bytes.subarray(this.#framesAt);
  }

  /** The frame source's handle; 0 before there is one. */
  get frames(): number {
    return this.#head.number("frames");
  }

  /** The capture's handle; 0 before there is one. */
  get handle(): number {
    return this.#head.number("handle");
  }

  /**
   * Gives everything back that was not given back before: the stripes and the frame
   * source at once, the capture without waiting for its end. May be repeated.
   */
  end(): void {
    if (!this.#memory.detached) this.#memory.transfer(0);
  }
}

function createMemory(
  library: NativeLibrary,
  stripeCount: number,
  sizeBytes: number,
  operation: string,
): ArrayBuffer {
  const { call, endLeaseAddress } = library;
  const address = new BigUint64Array(1);
  const status = call.pf_lease_create(stripeCount, address);
  if (status < 0) throw errorOfStatus(status, operation, "there is no memory for a lease");
  const lease = Number(address[0]);
  try {
    return toOwningArrayBuffer(lease, 0, sizeBytes, lease, endLeaseAddress);
  } catch (error) {
    call.pf_lease_end(null, lease as Pointer);
    throw error;
  }
}

/** Gives back a drained stripe that no ArrayBuffer owns. */
export function releaseLeased(library: NativeLibrary, { stripes }: Lease, index: number): void {
  const [bytes, context] = [stripes.number("bytes", index), stripes.number("context", index)];
  stripes.clearAddress("context", index);
  releaseStripeBytes(library, bytes, context);
}
