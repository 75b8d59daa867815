// SPDX-License-Identifier: MPL-2.0
/** The pixels that each frame of a native capture has changed. */
import { errorOfStatus } from "../errors.ts";
import type { NativeRectangle } from "./changes.ts";
import type { Lease } from "./lease.ts";
import type { NativeLibrary } from "./library.ts";
import { adoptBytes } from "./stripe-buffer.ts";
import { StructBuffer } from "./struct-buffer.ts";

/** `pf_tap_frame`. */
export interface NativeTapFrame {
  /** Rectangles and pixels; the caller's to release. */
  readonly buffer: ArrayBuffer;
  readonly rectangles: readonly NativeRectangle[];
  /** Where in the buffer the pixels begin. */
  readonly pixelsAt: number;
  readonly timestampUs: number;
  readonly frameId: number;
  readonly width: number;
  readonly height: number;
  readonly mergedCount: number;
}

/** Nothing here blocks. */
export class NativeTap {
  readonly #library: NativeLibrary;
  readonly #lease: Lease;
  readonly #count = new Uint32Array(1);

  constructor(library: NativeLibrary, lease: Lease) {
    this.#library = library;
    this.#lease = lease;
  }

  /** Begins, with a complete frame; 0 ends it. @throws {PixelfluxError} */
  set(bytesMax: number): void {
    this.#check(this.#library.call.pf_capture_tap(this.#lease.handle, bytesMax));
  }

  /** The oldest frame that waits, which belongs to the caller now. @throws {PixelfluxError} */
  drain(): NativeTapFrame | undefined {
    const { tapFrame, handle } = this.#lease;
    this.#check(this.#library.call.pf_capture_drain_tap(handle, tapFrame.bytes, this.#count));
    if (this.#count[0] === 0) return undefined;
    const buffer = adoptBytes(this.#library, tapFrame, 0);
    const { rectangles, pixelsAt } = this.#rectanglesOf(buffer, tapFrame.number("rectangle_count"));
    return {
      ...{ buffer, rectangles, pixelsAt },
      timestampUs: tapFrame.number("timestamp_us"),
      frameId: tapFrame.number("frame_id"),
      width: tapFrame.number("width"),
      height: tapFrame.number("height"),
      mergedCount: tapFrame.number("merged_count"),
    };
  }

  #rectanglesOf(buffer: ArrayBuffer, count: number) {
    const layout = this.#library.layout.pf_rectangle;
    const pixelsAt = count * layout.sizeBytes;
    const bytes = new Uint8Array(buffer, 0, pixelsAt);
    const packed = new StructBuffer("pf_rectangle", layout, count, bytes);
    const at = (_: unknown, index: number): NativeRectangle => ({
      x: packed.number("x", index),
      y: packed.number("y", index),
      width: packed.number("width", index),
      height: packed.number("height", index),
    });
    return { rectangles: Array.from({ length: count }, at), pixelsAt };
  }

  #check(status: number): void {
    if (status < 0) throw errorOfStatus(status, "tapFrames", "");
  }
}
