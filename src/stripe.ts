// SPDX-License-Identifier: MPL-2.0
/** One encoded stripe, as callbacks and iterators hand it out. */
import { PixelfluxError } from "./errors.ts";
import type { NativeStripe } from "./native/capture.ts";
import { releaseStripeBuffer } from "./native/stripe-buffer.ts";

/** What views of a stripe are replaced by when it is released. */
const NO_BYTES = new Uint8Array(0);

/** Codec strings by `h264_profile`; a capture uses one or two of them. */
const codecStrings = new Map<number, string>();

/**
 * One full-width band of one captured frame, encoded. It decodes alone: a
 * JPEG, or an access unit of its own H.264 stream.
 *
 * With the setting `stripeHeader: "extended"`, and only then, a JPEG may be a
 * rectangle of the frame narrower than that, and a stripe may be a **copy**: the
 * rectangle `(sourceX, sourceY, width, stripeHeight)` of the picture as it was
 * when the frame before was complete is now at `(x, stripeYStart)`, unchanged.
 * The two may overlap. A frame's copies come ahead of its other stripes, and are
 * to be made before those are drawn. No copy follows {@link
 * ScreenCapture.requestKeyframe} in its frame: every stripe there is complete.
 *
 * `data` is native memory, seen without a copy. It lives until `release()`, or
 * until nothing in JavaScript can see it any more. Releasing as soon as the
 * bytes are used keeps memory flat; forgetting it costs memory until the next
 * collection, never correctness. After `ws.send`, `server.publish`,
 * `Bun.write` and `new Response` have been called, releasing is safe.
 *
 * Disposable: `using s = stripe` releases at the end of the block.
 */
export class Stripe {
  /** Codec of the payload; `"copy"` where it names pixels shown already instead. */
  readonly type: "jpeg" | "h264" | "copy";
  /** Number of the captured frame, from 0, 32 bits; stripes of one frame share it. */
  readonly frameId: number;
  /** First column of the stripe in the region, in px from the left; 0 for full-width stripes. */
  readonly x: number;
  /** First row of the stripe in the region, in px from the top. */
  readonly stripeYStart: number;
  /** Rows of the stripe. True size: the coded picture may be one row larger. */
  readonly stripeHeight: number;
  /** Width in px. True size: the coded picture may be one column larger. */
  readonly width: number;
  /** Where a copy's pixels are in the picture before this frame, in px; else `undefined`. */
  readonly sourceX: number | undefined;
  readonly sourceY: number | undefined;
  /**
   * Decodes without an earlier stripe; from the encoder's real output. Always
   * true for JPEG and false for a copy.
   */
  readonly keyframe: boolean;
  /**
   * WebCodecs codec string from the stream's SPS, as in `"avc1.42c01f"`; `"jpeg"`
   * for JPEG, `"copy"` for a copy.
   */
  readonly codec: string;
  /** When the pixels were grabbed: microseconds of the system's CLOCK_MONOTONIC. */
  readonly timestamp: number;
  /** Bytes of `data`, header included; stays after release. */
  readonly size: number;
  readonly #headerBytes: number;
  #data: Uint8Array<ArrayBuffer>;
  #payload: Uint8Array<ArrayBuffer> | undefined;
  #released = false;

  /** @internal Stripes come from a {@link ScreenCapture}. */
  constructor(native: NativeStripe) {
    this.type = native.type;
    this.frameId = native.frameId;
    this.x = native.x;
    this.stripeYStart = native.y;
    this.stripeHeight = native.height;
    this.width = native.width;
    this.sourceX = native.type === "copy" ? native.sourceX : undefined;
    this.sourceY = native.type === "copy" ? native.sourceY : undefined;
    this.keyframe = native.keyframe;
    this.codec = native.type === "h264" ? codecString(native.h264Profile) : native.type;
    this.timestamp = native.timestampUs;
    this.size = native.buffer.byteLength;
    this.#headerBytes = native.headerBytes;
    this.#data = new Uint8Array(native.buffer);
  }

  /** Header and payload, without a copy. Length 0 after release. */
  get data(): Uint8Array<ArrayBuffer> {
    return this.#data;
  }

  /**
   * {@link data} without its header, without a copy. Length 0 after release. That
   * of a copy is 4 bytes: `sourceX` and `sourceY`, each `u16` big endian.
   */
  get payload(): Uint8Array<ArrayBuffer> {
    // The caller may have transferred the buffer: a view of that cannot be made.
    if (this.#data.length === 0) return this.#data;
    this.#payload ??= this.#data.subarray(this.#headerBytes);
    return this.#payload;
  }

  /** Whether `release()` has been called. */
  get released(): boolean {
    return this.#released;
  }

  /**
   * Copies {@link data} into memory of its own, which outlives the stripe.
   *
   * @throws {PixelfluxError} `ERR_RELEASED` after release.
   */
  copy(): Uint8Array<ArrayBuffer> {
    if (this.#released) {
      const text = "copy: the stripe has been released. Copy it before, or release it later.";
      throw new PixelfluxError("ERR_RELEASED", "copy", text);
    }
    return this.#data.slice();
  }

  /**
   * Gives the native memory back at once; every view of it, the caller's own
   * too, has length 0 from here on. May be repeated. While a file write of the
   * bytes is under way the memory goes when that is over.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    const { buffer } = this.#data;
    this.#data = NO_BYTES;
    this.#payload = NO_BYTES;
    releaseStripeBuffer(buffer);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** RFC 6381, 3.3: profile_idc, constraint flags and level_idc in hexadecimal. */
function codecString(h264Profile: number): string {
  let codec = codecStrings.get(h264Profile);
  if (codec === undefined) {
    codec = `avc1.${h264Profile.toString(16).padStart(6, "0")}`;
    codecStrings.set(h264Profile, codec);
  }
  return codec;
}
