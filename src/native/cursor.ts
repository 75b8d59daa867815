// SPDX-License-Identifier: MPL-2.0
/** The pointer beside a native capture's stripes. */
import { errorOfStatus } from "../errors.ts";
import type { Lease } from "./lease.ts";
import type { NativeLibrary } from "./library.ts";
import { adoptBytes, releaseStripeBuffer } from "./stripe-buffer.ts";

/** `pf_cursor`: the pointer as it is now. */
export interface NativeCursor {
  readonly x: number;
  readonly y: number;
  readonly visible: boolean;
  /** 0 where it is not visible. */
  readonly imageId: number;
  /** A copy of the image's pixels where it is a new one, straight RGBA; the sizes are its. */
  readonly pixels: Uint8Array | undefined;
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
}

/** Nothing here blocks. */
export class NativeCursorStream {
  readonly #library: NativeLibrary;
  readonly #lease: Lease;
  readonly #count = new Uint32Array(1);

  constructor(library: NativeLibrary, lease: Lease) {
    this.#library = library;
    this.#lease = lease;
  }

  /** The pointer where it differs from what was drained last, else `undefined`. @throws {PixelfluxError} */
  drain(): NativeCursor | undefined {
    const { cursor, handle } = this.#lease;
    const status = this.#library.call.pf_capture_drain_cursor(handle, cursor.bytes, this.#count);
    if (status < 0) throw errorOfStatus(status, "cursor", "");
    if (this.#count[0] === 0) return undefined;
    const isNew = cursor.number("context") !== 0;
    return {
      x: cursor.number("x"),
      y: cursor.number("y"),
      visible: cursor.number("visible") !== 0,
      imageId: cursor.number("image_id"),
      pixels: isNew ? copyAndRelease(adoptBytes(this.#library, cursor, 0)) : undefined,
      width: cursor.number("width"),
      height: cursor.number("height"),
      hotX: cursor.number("hot_x"),
      hotY: cursor.number("hot_y"),
    };
  }
}

/** Images of the pointer are few and small, and kept for long: they are JavaScript's own. */
function copyAndRelease(buffer: ArrayBuffer): Uint8Array {
  const copy = new Uint8Array(buffer).slice();
  releaseStripeBuffer(buffer);
  return copy;
}
