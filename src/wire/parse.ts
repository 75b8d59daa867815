// SPDX-License-Identifier: MPL-2.0
/** Reading messages. */
import { argument, malformed, truncated } from "./error.ts";
import {
  CONTENT_MASK,
  CONTENTS,
  COPY_PAYLOAD_BYTES,
  EXTENDED_HEADER_BYTES,
  FLAG_INTRA,
  FLAG_KEYFRAME,
  FRAME_TYPES,
  H264_HEADER_BYTES,
  isBytes,
  MARK_EXTENDED,
  MARK_H264,
  MARK_JPEG,
  unknownKind,
} from "./layout.ts";
import type {
  H264FrameType,
  StripeHeaderKind,
  WireCopyStripe,
  WireH264Stripe,
  WireJpegStripe,
  WireStripe,
} from "./stripe.ts";

/**
 * Takes one message apart: header and payload of one stripe.
 *
 * Reads the header, and as much of the payload as is needed to tell the two
 * codecs apart where the header does not (`"legacy"`, `"none"`); of a copy all
 * of it. It does not check JPEG and H.264. Copies nothing: `payload` is a view
 * of `bytes`.
 *
 * @param bytes - one whole stripe, as received.
 * @param kind - the header the sender was told to write. The kinds
 *   `"pixelflux"` and `"extended"` can be told apart by the first byte, which
 *   is 5 for `"extended"` alone.
 * @throws {WireError} and nothing else, whatever the bytes are.
 */
export function parseStripe<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
  kind: StripeHeaderKind = "pixelflux",
): WireStripe<Memory> {
  if (!isBytes(bytes)) throw argument("bytes", "a Uint8Array", bytes);
  switch (kind) {
    case "pixelflux":
      return parsePixelflux(bytes);
    case "legacy":
      return parseLegacy(bytes);
    case "none":
      return parseBare(bytes);
    case "extended":
      return parseExtended(bytes);
    default:
      throw unknownKind(kind);
  }
}

function parsePixelflux<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
): WireStripe<Memory> {
  const mark = bytes[0];
  if (mark === undefined) throw truncated(bytes, 1);
  if (mark === MARK_H264) return parseH264(bytes);
  if (mark !== MARK_JPEG) {
    throw malformed(`the first byte is ${hex(mark)}, and neither 03 (JPEG) nor 04 (H.264)`);
  }
  const view = headerView(bytes, 6);
  if (view.getUint8(1) !== 0) throw malformed(`a JPEG's second byte is ${hex(view.getUint8(1))}`);
  return jpeg(view.getUint16(2), view.getUint16(4), bytes.subarray(6));
}

/**
 * A legacy JPEG header has no mark. Its payload's first bytes, FF D8, tell it
 * from H.264, where the same two bytes are the stripe's y: that would be row
 * 65496, and frames end at 16384.
 */
function parseLegacy<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
): WireStripe<Memory> {
  const view = headerView(bytes, 4);
  if (isJpeg(bytes, 4)) return jpeg(view.getUint16(0), view.getUint16(2), bytes.subarray(4));
  if (bytes[0] === MARK_H264) return parseH264(bytes);
  throw malformed("neither a JPEG after 4 bytes nor the mark 04 of H.264");
}

function parseBare<Memory extends ArrayBufferLike>(bytes: Uint8Array<Memory>): WireStripe<Memory> {
  if (bytes.length < 4) throw truncated(bytes, 4);
  if (isJpeg(bytes, 0)) return jpeg(undefined, undefined, bytes);
  if (!isStartCode(bytes, 0) && !(bytes[0] === 0 && isStartCode(bytes, 1))) {
    throw malformed("neither a JPEG nor an Annex B access unit");
  }
  const frameType = bareFrameType(bytes);
  const position = { frameId: undefined, y: undefined, width: undefined, height: undefined };
  return { type: "h264", frameType, keyframe: frameType === "idr", ...position, payload: bytes };
}

function parseH264<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
): WireH264Stripe<Memory> {
  const view = headerView(bytes, H264_HEADER_BYTES);
  const frameType = FRAME_TYPES[view.getUint8(1)];
  if (frameType === undefined) {
    throw malformed(`an H.264 header's type byte is ${hex(view.getUint8(1))}, beyond 02`);
  }
  return {
    type: "h264",
    frameType,
    keyframe: frameType === "idr",
    frameId: view.getUint16(2),
    y: view.getUint16(4),
    ...sizeAt(view, 6),
    payload: bytes.subarray(H264_HEADER_BYTES),
  };
}

/** Flags that are not named here, or say nothing for a content, are left for later versions. */
function parseExtended<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
): WireStripe<Memory> {
  const mark = bytes[0];
  if (mark !== undefined && mark !== MARK_EXTENDED) {
    throw malformed(`the first byte is ${hex(mark)}, and not 05`);
  }
  const view = headerView(bytes, EXTENDED_HEADER_BYTES);
  const flags = view.getUint8(1);
  const type = CONTENTS[flags & CONTENT_MASK];
  const position = { frameId: view.getUint32(2), x: view.getUint16(6), y: view.getUint16(8) };
  const place = { ...position, ...sizeAt(view, 10) };
  const payload = bytes.subarray(EXTENDED_HEADER_BYTES);
  switch (type) {
    case "jpeg":
      return { type, keyframe: true, ...place, payload };
    case "h264": {
      const frameType = extendedFrameType(flags);
      return { type, frameType, keyframe: frameType === "idr", ...place, payload };
    }
    case "copy":
      return { type, keyframe: false, ...place, ...sourceOf(bytes), payload };
    default:
      throw malformed(`the flags are ${hex(flags)}, of which content 3 does not exist`);
  }
}

function extendedFrameType(flags: number): H264FrameType {
  if (flags & FLAG_KEYFRAME) return "idr";
  return flags & FLAG_INTRA ? "intra" : "inter";
}

function sourceOf(bytes: Uint8Array): Pick<WireCopyStripe, "sourceX" | "sourceY"> {
  const length = EXTENDED_HEADER_BYTES + COPY_PAYLOAD_BYTES;
  if (bytes.length < length) throw truncated(bytes, length);
  if (bytes.length > length) throw malformed(`a copy is ${bytes.length} bytes long, not ${length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + EXTENDED_HEADER_BYTES);
  return { sourceX: view.getUint16(0), sourceY: view.getUint16(2) };
}

function sizeAt(view: DataView, at: number): { width: number; height: number } {
  const width = view.getUint16(at);
  const height = view.getUint16(at + 2);
  if (width === 0 || height === 0) throw malformed(`the stripe's size is ${width}×${height} px`);
  return { width, height };
}

function jpeg<Memory extends ArrayBufferLike>(
  frameId: number | undefined,
  y: number | undefined,
  payload: Uint8Array<Memory>,
): WireJpegStripe<Memory> {
  return { type: "jpeg", keyframe: true, frameId, y, payload };
}

/**
 * Looks for the first coded slice (ITU-T H.264, table 7-1: nal_unit_type 1 to
 * 5, of which 5 is an IDR); parameter sets and SEI come before it.
 */
function bareFrameType(bytes: Uint8Array): H264FrameType {
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (!isStartCode(bytes, at)) continue;
    const type = (bytes[at + 3] ?? 0) & 0x1f;
    if (type >= 1 && type <= 5) return type === 5 ? "idr" : "inter";
    at += 2;
  }
  throw malformed("the access unit holds no slice");
}

/** A view of the header's bytes, once there are that many and a payload's first one. */
function headerView(bytes: Uint8Array, length: number): DataView {
  if (bytes.length <= length) throw truncated(bytes, length + 1);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

/** ITU-T T.81, B.1.1.3: every JPEG begins with SOI, FF D8. */
function isJpeg(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff && bytes[at + 1] === 0xd8;
}

/** ITU-T H.264, annex B: 00 00 01 stands in front of every NAL. */
function isStartCode(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
