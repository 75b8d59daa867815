// SPDX-License-Identifier: MPL-2.0
/** Writing headers. */
import { argument } from "./error.ts";
import {
  CONTENTS,
  FLAG_INTRA,
  FLAG_KEYFRAME,
  FRAME_TYPES,
  headerBytes,
  isBytes,
  MARK_EXTENDED,
  MARK_H264,
  MARK_JPEG,
} from "./layout.ts";
import type { H264FrameType, StripeHeaderKind } from "./stripe.ts";

/** What {@link writeHeader} puts in front of a JPEG. */
export interface JpegHeader {
  readonly type: "jpeg";
  /** Any unsigned integer; its low 16 bits are written, 32 in the kind `"extended"`. */
  readonly frameId: number;
  /** 0…65535 px; 0 where left out, and in every other kind than `"extended"`. */
  readonly x?: number | undefined;
  /** 0…65535 px. */
  readonly y: number;
  /** 1…65535 px. Needed, and written, by `"extended"` alone. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** What {@link writeHeader} puts in front of an H.264 access unit. */
export interface H264Header {
  readonly type: "h264";
  /** What the access unit is made of. */
  readonly frameType: H264FrameType;
  /** As in a {@link JpegHeader}. */
  readonly frameId: number;
  /** As in a {@link JpegHeader}. */
  readonly x?: number | undefined;
  /** 0…65535 px. */
  readonly y: number;
  /** 1…65535 px. */
  readonly width: number;
  readonly height: number;
}

/**
 * What {@link writeHeader} puts in front of a copy's payload, which is the
 * source's corner: `u16 sourceX · u16 sourceY`. For the kind `"extended"` alone.
 */
export interface CopyHeader {
  readonly type: "copy";
  /** Any unsigned integer; its low 32 bits are written. */
  readonly frameId: number;
  /** The destination, 0…65535 px. */
  readonly x: number;
  readonly y: number;
  /** 1…65535 px. */
  readonly width: number;
  readonly height: number;
}

type Header = JpegHeader | H264Header | CopyHeader;

const U16_MAX = 0xffff;
const U16_COUNT = 0x10000;

/**
 * Writes a stripe's header to the start of `target`.
 *
 * @returns the bytes written: {@link headerBytes} of the same type and kind.
 * @throws {WireError} `ERR_WIRE_ARGUMENT` for a field out of its range, one that
 *   the kind cannot tell, or a target that is too short; `target` is unchanged
 *   then.
 */
export function writeHeader(
  target: Uint8Array,
  header: Header,
  kind: StripeHeaderKind = "pixelflux",
): number {
  if (!isBytes(target)) throw argument("target", "a Uint8Array", target);
  if (typeof header !== "object" || header === null) throw argument("header", "an object", header);
  const length = headerBytes(header.type, kind);
  if (length === 0) return 0;
  if (target.length < length) {
    throw argument("target", `at least ${length} bytes long`, target.length);
  }
  const fields = kind === "extended" ? extendedFields(header) : headerFields(header, kind);
  const view = new DataView(target.buffer, target.byteOffset, length);
  fields.forEach((value, index) => {
    view.setUint16(index * 2, value);
  });
  return length;
}

/** Every header is a row of u16; type bytes are folded into the first one. */
function headerFields(header: Header, kind: StripeHeaderKind): number[] {
  const position = [u16OfFrameId(header.frameId), u16("y", header.y, 0)];
  if ((header.x ?? 0) !== 0) throw argument("x", "0 but for the kind extended", header.x);
  if (header.type !== "h264") return kind === "legacy" ? position : [MARK_JPEG << 8, ...position];
  return [(MARK_H264 << 8) | frameTypeIndex(header), ...position, ...sizeOf(header)];
}

function extendedFields(header: Header): number[] {
  const low = u16OfFrameId(header.frameId);
  const high = Math.floor(header.frameId / U16_COUNT) % U16_COUNT;
  const corner = [u16("x", header.x ?? 0, 0), u16("y", header.y, 0)];
  return [(MARK_EXTENDED << 8) | flagsOf(header), high, low, ...corner, ...sizeOf(header)];
}

function flagsOf(header: Header): number {
  const content = CONTENTS.indexOf(header.type);
  if (header.type === "copy") return content;
  if (header.type === "jpeg") return content | FLAG_KEYFRAME;
  switch (FRAME_TYPES[frameTypeIndex(header)]) {
    case "idr":
      return content | FLAG_KEYFRAME;
    case "intra":
      return content | FLAG_INTRA;
    default:
      return content;
  }
}

function frameTypeIndex({ frameType }: H264Header): number {
  const index = FRAME_TYPES.indexOf(frameType);
  if (index < 0) throw argument("frameType", '"idr", "intra" or "inter"', frameType);
  return index;
}

/** Not `&`: that would read frame ids of 2^31 and more as negative. */
function u16OfFrameId(frameId: number): number {
  if (Number.isSafeInteger(frameId) && frameId >= 0) return frameId % U16_COUNT;
  throw argument("frameId", "an integer of 0 or more", frameId);
}

function sizeOf({ width, height }: Header): [number, number] {
  return [u16("width", width, 1), u16("height", height, 1)];
}

function u16(name: string, value: number | undefined, min: number): number {
  if (value !== undefined && Number.isInteger(value) && value >= min && value <= U16_MAX) {
    return value;
  }
  throw argument(name, `an integer from ${min} to ${U16_MAX}`, value);
}
