// SPDX-License-Identifier: MPL-2.0
/**
 * The bytes in front of each stripe: reading and writing them. Imports nothing
 * and uses nothing but the language, so it runs in browsers and in Bun alike.
 *
 * All integers are big endian.
 *
 * | kind | JPEG | H.264 |
 * | --- | --- | --- |
 * | `"pixelflux"` | `03 00 · u16 frameId · u16 y` | `04 · type · u16 frameId · u16 y · u16 width · u16 height` |
 * | `"legacy"` | `u16 frameId · u16 y` | as above |
 * | `"none"` | nothing | nothing |
 *
 * `type` is 01 for an IDR, 02 for another intra frame, 00 otherwise.
 */

/** Which header stands in front of a stripe's payload; as in `CaptureSettings.stripeHeader`. */
export type StripeHeaderKind = "pixelflux" | "legacy" | "none";

/** What an H.264 access unit is made of: an IDR, intra macroblocks alone, or anything else. */
export type H264FrameType = "idr" | "intra" | "inter";

/** A JPEG stripe taken apart. */
export interface WireJpegStripe<Memory extends ArrayBufferLike = ArrayBufferLike> {
  readonly type: "jpeg";
  /** Always true: a JPEG decodes alone. */
  readonly keyframe: true;
  /** The captured frame's number modulo 65536; `undefined` for header kind `"none"`. */
  readonly frameId: number | undefined;
  /** First row of the stripe in the frame, in px; `undefined` for header kind `"none"`. */
  readonly y: number | undefined;
  /** A JFIF image. A view of the bytes that were given, without a copy. */
  readonly payload: Uint8Array<Memory>;
}

/** An H.264 stripe taken apart. */
export interface WireH264Stripe<Memory extends ArrayBufferLike = ArrayBufferLike> {
  readonly type: "h264";
  readonly frameType: H264FrameType;
  /** True for an IDR. */
  readonly keyframe: boolean;
  /** The captured frame's number modulo 65536; `undefined` for header kind `"none"`. */
  readonly frameId: number | undefined;
  /** First row of the stripe in the frame, in px; `undefined` for header kind `"none"`. */
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

/** A stripe taken apart; `type` tells which. */
export type WireStripe<Memory extends ArrayBufferLike = ArrayBufferLike> =
  | WireJpegStripe<Memory>
  | WireH264Stripe<Memory>;

/** What {@link writeHeader} puts in front of a JPEG. */
export interface JpegHeader {
  readonly type: "jpeg";
  /** Any unsigned integer; its low 16 bits are written. */
  readonly frameId: number;
  /** 0…65535 px. */
  readonly y: number;
}

/** What {@link writeHeader} puts in front of an H.264 access unit. */
export interface H264Header {
  readonly type: "h264";
  readonly frameType: H264FrameType;
  /** Any unsigned integer; its low 16 bits are written. */
  readonly frameId: number;
  /** 0…65535 px. */
  readonly y: number;
  /** 1…65535 px. */
  readonly width: number;
  readonly height: number;
}

/** What is wrong with the bytes, or with the arguments, of a call of this module. */
export type WireErrorCode =
  /** The bytes end before the header does, or no payload follows it. */
  | "ERR_WIRE_TRUNCATED"
  /** The bytes do not begin as a stripe of that kind does. */
  | "ERR_WIRE_MALFORMED"
  /** An argument has the wrong type or is out of its range. */
  | "ERR_WIRE_ARGUMENT";

/** The only error this module throws. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const MARK_JPEG = 0x03;
const MARK_H264 = 0x04;
const H264_HEADER_BYTES = 10;
const U16_MAX = 0xffff;

/** Index in this list is the header's type byte. */
const FRAME_TYPES: readonly H264FrameType[] = ["inter", "idr", "intra"];

/**
 * The bytes a header takes.
 *
 * @throws {WireError} `ERR_WIRE_ARGUMENT` for a type or kind that does not exist.
 */
export function headerBytes(type: "jpeg" | "h264", kind: StripeHeaderKind): number {
  if (type !== "jpeg" && type !== "h264") throw argument("type", '"jpeg" or "h264"', type);
  switch (kind) {
    case "none":
      return 0;
    case "legacy":
      return type === "jpeg" ? 4 : H264_HEADER_BYTES;
    case "pixelflux":
      return type === "jpeg" ? 6 : H264_HEADER_BYTES;
    default:
      throw unknownKind(kind);
  }
}

/**
 * Takes one message apart: header and payload of one stripe.
 *
 * Reads the header, and as much of the payload as is needed to tell the two
 * codecs apart where the header does not (`"legacy"`, `"none"`); it does not
 * check the payload. Copies nothing: `payload` is a view of `bytes`.
 *
 * @param bytes - one whole stripe, as received.
 * @param kind - the header the sender was told to write.
 * @throws {WireError} and nothing else, whatever the bytes are.
 */
export function parseStripe<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
  kind: StripeHeaderKind = "pixelflux",
): WireStripe<Memory> {
  if (!(bytes instanceof Uint8Array)) throw argument("bytes", "a Uint8Array", bytes);
  switch (kind) {
    case "pixelflux":
      return parsePixelflux(bytes);
    case "legacy":
      return parseLegacy(bytes);
    case "none":
      return parseBare(bytes);
    default:
      throw unknownKind(kind);
  }
}

/**
 * Writes a stripe's header to the start of `target`.
 *
 * @returns the bytes written: {@link headerBytes} of the same type and kind.
 * @throws {WireError} `ERR_WIRE_ARGUMENT` for a field out of its range or a
 *   target that is too short; `target` is unchanged then.
 */
export function writeHeader(
  target: Uint8Array,
  header: JpegHeader | H264Header,
  kind: StripeHeaderKind = "pixelflux",
): number {
  if (!(target instanceof Uint8Array)) throw argument("target", "a Uint8Array", target);
  if (typeof header !== "object" || header === null) throw argument("header", "an object", header);
  const length = headerBytes(header.type, kind);
  if (length === 0) return 0;
  if (target.length < length) {
    throw argument("target", `at least ${length} bytes long`, target.length);
  }
  const fields = headerFields(header, kind);
  const view = new DataView(target.buffer, target.byteOffset, length);
  fields.forEach((value, index) => {
    view.setUint16(index * 2, value);
  });
  return length;
}

/** Every header is a row of u16; type bytes are folded into the first one. */
function headerFields(header: JpegHeader | H264Header, kind: StripeHeaderKind): number[] {
  if (!Number.isSafeInteger(header.frameId) || header.frameId < 0) {
    throw argument("frameId", "an integer of 0 or more", header.frameId);
  }
  // Not `&`: that would read frame ids of 2^31 and more as negative.
  const position = [header.frameId % (U16_MAX + 1), u16("y", header.y, 0)];
  if (header.type === "jpeg") return kind === "legacy" ? position : [MARK_JPEG << 8, ...position];
  const type = FRAME_TYPES.indexOf(header.frameType);
  if (type < 0) throw argument("frameType", '"idr", "intra" or "inter"', header.frameType);
  const size = [u16("width", header.width, 1), u16("height", header.height, 1)];
  return [(MARK_H264 << 8) | type, ...position, ...size];
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
  const width = view.getUint16(6);
  const height = view.getUint16(8);
  if (width === 0 || height === 0) throw malformed(`the stripe's size is ${width}×${height} px`);
  return {
    type: "h264",
    frameType,
    keyframe: frameType === "idr",
    frameId: view.getUint16(2),
    y: view.getUint16(4),
    width,
    height,
    payload: bytes.subarray(H264_HEADER_BYTES),
  };
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

function u16(name: string, value: number, min: number): number {
  if (Number.isInteger(value) && value >= min && value <= U16_MAX) return value;
  throw argument(name, `an integer from ${min} to ${U16_MAX}`, value);
}

function truncated(bytes: Uint8Array, needed: number): WireError {
  return new WireError(
    "ERR_WIRE_TRUNCATED",
    `a stripe needs at least ${needed} bytes here, but there are ${bytes.length}`,
  );
}

function malformed(what: string): WireError {
  return new WireError("ERR_WIRE_MALFORMED", `not a stripe of this header kind: ${what}`);
}

function unknownKind(kind: unknown): WireError {
  return argument("kind", '"pixelflux", "legacy" or "none"', kind);
}

function argument(name: string, expected: string, received: unknown): WireError {
  const shown = ["string", "number", "boolean"].includes(typeof received)
    ? JSON.stringify(received)
    : typeof received;
  return new WireError("ERR_WIRE_ARGUMENT", `${name} has to be ${expected}, but is ${shown}`);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
