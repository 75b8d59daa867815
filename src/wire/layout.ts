// SPDX-License-Identifier: MPL-2.0
/** What reading and writing headers have in common. */
import { argument, type WireError } from "./error.ts";
import type { H264FrameType, StripeHeaderKind, WireStripe } from "./stripe.ts";

/** First bytes of headers. */
export const MARK_JPEG = 0x03;
export const MARK_H264 = 0x04;
export const MARK_EXTENDED = 0x05;

export const H264_HEADER_BYTES = 10;
export const EXTENDED_HEADER_BYTES = 14;
/** `u16 sourceX · u16 sourceY`. */
export const COPY_PAYLOAD_BYTES = 4;

/** Index in this list is the type byte of an H.264 header. */
export const FRAME_TYPES: readonly H264FrameType[] = ["inter", "idr", "intra"];

/** Index in this list is the content in the flags of an extended header. */
export const CONTENTS: readonly WireStripe["type"][] = ["jpeg", "h264", "copy"];
export const CONTENT_MASK = 0x03;
export const FLAG_KEYFRAME = 0x04;
/** H.264: intra macroblocks alone, but no IDR. */
export const FLAG_INTRA = 0x08;

/**
 * The bytes a header takes.
 *
 * @throws {WireError} `ERR_WIRE_ARGUMENT` for a type or kind that does not
 *   exist, and for a copy in another kind than `"extended"`.
 */
export function headerBytes(type: WireStripe["type"], kind: StripeHeaderKind): number {
  if (!CONTENTS.includes(type)) throw argument("type", '"jpeg", "h264" or "copy"', type);
  const bytes = BYTES_BY_KIND.get(kind);
  if (bytes === undefined) throw unknownKind(kind);
  const length = bytes[type];
  if (length === undefined) throw argument("kind", '"extended" for a copy', kind);
  return length;
}

const BYTES_BY_KIND: ReadonlyMap<string, { readonly [T in WireStripe["type"]]?: number }> = new Map(
  [
    ["none", { jpeg: 0, h264: 0 }],
    ["legacy", { jpeg: 4, h264: H264_HEADER_BYTES }],
    ["pixelflux", { jpeg: 6, h264: H264_HEADER_BYTES }],
    [
      "extended",
      { jpeg: EXTENDED_HEADER_BYTES, h264: EXTENDED_HEADER_BYTES, copy: EXTENDED_HEADER_BYTES },
    ],
  ],
);

export function unknownKind(kind: unknown): WireError {
  return argument("kind", '"pixelflux", "legacy", "none" or "extended"', kind);
}

/** Whether it is one, and no object that only inherits from one. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value instanceof Uint8Array;
}
