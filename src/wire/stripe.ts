// SPDX-License-Identifier: MPL-2.0
/** What a message of one stripe says: the result of reading one. */

/** Which header stands in front of a stripe's payload; as in `CaptureSettings.stripeHeader`. */
export type StripeHeaderKind = "pixelflux" | "legacy" | "none" | "extended";

/** What an H.264 access unit is made of: an IDR, intra macroblocks alone, or anything else. */
export type H264FrameType = "idr" | "intra" | "inter";

/** A JPEG stripe taken apart. */
export interface WireJpegStripe<Memory extends ArrayBufferLike = ArrayBufferLike> {
  readonly type: "jpeg";
  /** Always true: a JPEG decodes alone. */
  readonly keyframe: true;
  /**
   * The captured frame's number, modulo 2^32 in the header kind `"extended"` and
   * 65536 otherwise; `undefined` for `"none"`.
   */
  readonly frameId: number | undefined;
  /** First column in px; there for `"extended"` alone: else stripes are as wide as the frame. */
  readonly x?: number;
  /** First row of the stripe in the frame, in px; `undefined` for `"none"`. */
  readonly y: number | undefined;
  /** Size in px, 1…65535; there for `"extended"` alone: else the image itself tells. */
  readonly width?: number;
  readonly height?: number;
  /** A JFIF image. A view of the bytes that were given, without a copy. */
  readonly payload: Uint8Array<Memory>;
}

/** An H.264 stripe taken apart. */
export interface WireH264Stripe<Memory extends ArrayBufferLike = ArrayBufferLike> {
  readonly type: "h264";
  /** What the access unit is made of. */
  readonly frameType: H264FrameType;
  /** True for an IDR. */
  readonly keyframe: boolean;
  /** As in a {@link WireJpegStripe}. */
  readonly frameId: number | undefined;
  /** As in a {@link WireJpegStripe}. */
  readonly x?: number;
  /** First row of the stripe in the frame, in px; `undefined` for `"none"`. */
  readonly y: number | undefined;
  /**
   * True size in px, 1…65535; the coded picture may be one row or column
   * larger. `undefined` for header kind `"none"`.
   */
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** An Annex B access unit. A view of the bytes that were given, without a copy. */
  readonly payload: Uint8Array<Memory>;
}

/**
 * Pixels that the reader has already; in the header kind `"extended"` alone. The
 * rectangle of this size at (`sourceX`, `sourceY`) of the picture as it was when
 * the frame before was complete goes to (`x`, `y`), before any other stripe of
 * the frame is drawn. The two may overlap.
 */
export interface WireCopyStripe<Memory extends ArrayBufferLike = ArrayBufferLike> {
  readonly type: "copy";
  readonly keyframe: false;
  /** The captured frame's number modulo 2^32. */
  readonly frameId: number;
  /** The destination's left top corner, in px. */
  readonly x: number;
  readonly y: number;
  /** The size of both rectangles in px, 1…65535. */
  readonly width: number;
  readonly height: number;
  /** The source's left top corner, in px. */
  readonly sourceX: number;
  readonly sourceY: number;
  /** The source's corner as it was sent. A view of the bytes that were given, without a copy. */
  readonly payload: Uint8Array<Memory>;
}

/** A stripe taken apart; `type` tells which. */
export type WireStripe<Memory extends ArrayBufferLike = ArrayBufferLike> =
  | WireJpegStripe<Memory>
  | WireH264Stripe<Memory>
  | WireCopyStripe<Memory>;
