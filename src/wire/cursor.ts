// SPDX-License-Identifier: MPL-2.0
/** Messages of the pointer that a viewer draws itself: its images, and where it is. */
import { argument, WireError } from "./error.ts";
import { isBytes } from "./layout.ts";

/** First bytes of the messages: no stripe begins with them. */
const MARK_IMAGE = 0x06;
const MARK_POSITION = 0x07;

/** `06 · 00 · u32 id · u16 width · u16 height · u16 hotX · u16 hotY`. */
const IMAGE_HEADER_BYTES = 14;
/** `07 · flags · u32 imageId · i16 x · i16 y`. */
const POSITION_BYTES = 10;
const FLAG_VISIBLE = 0x01;
const BYTES_PER_PIXEL = 4;

/** The largest image, in px a side. */
const SIDE_PX_MAX = 256;
const U32_MAX = 0xffffffff;
const I16_MIN = -0x8000;
const I16_MAX = 0x7fff;

/** An image of the pointer, to be kept until others have taken its place. */
export interface WireCursorImage {
  readonly type: "cursor-image";
  /** What positions refer to it by, 1…4294967295. */
  readonly id: number;
  /** In px, 1…256. */
  readonly width: number;
  readonly height: number;
  /** The hot spot, from the image's top left corner, in px; it lies in the image. */
  readonly hotX: number;
  readonly hotY: number;
  /** RGBA, a byte each, not premultiplied; rows top-down, `width * height * 4` bytes. */
  readonly pixels: Uint8Array;
}

/** Where the pointer is, and which image it has. */
export interface WireCursorPosition {
  readonly type: "cursor-position";
  /** Whether any of it is to be seen. */
  readonly visible: boolean;
  /** The id of an image that has come before; 0 where it is not visible. */
  readonly imageId: number;
  /** The hot spot in px of the picture, −32768…32767. */
  readonly x: number;
  readonly y: number;
}

/**
 * Whether a binary message is of the pointer rather than a stripe, by its first
 * byte, which is 6 or 7. Says nothing about the rest of it.
 */
export function isCursorMessage(bytes: Uint8Array): boolean {
  const mark = isBytes(bytes) ? bytes[0] : undefined;
  return mark === MARK_IMAGE || mark === MARK_POSITION;
}

/**
 * Reads a message of the pointer. `pixels` is a view of `bytes`.
 *
 * @throws {WireError} and nothing else, whatever the bytes are.
 */
export function parseCursor(bytes: Uint8Array): WireCursorImage | WireCursorPosition {
  if (!isBytes(bytes)) throw argument("bytes", "a Uint8Array", bytes);
  switch (bytes[0]) {
    case undefined:
      throw cut(bytes, 1);
    case MARK_IMAGE:
      return parseImage(bytes);
    case MARK_POSITION:
      return parsePosition(bytes);
    default:
      throw wrong(`the first byte is ${bytes[0]}, and neither 6 nor 7`);
  }
}

/** Writes an image's message. @throws {WireError} `ERR_WIRE_ARGUMENT`. */
export function writeCursorImage(image: Omit<WireCursorImage, "type">): Uint8Array<ArrayBuffer> {
  if (typeof image !== "object" || image === null) throw argument("image", "an object", image);
  const { id, width, height, hotX, hotY, pixels } = image;
  integer("id", id, 1, U32_MAX);
  integer("width", width, 1, SIDE_PX_MAX);
  integer("height", height, 1, SIDE_PX_MAX);
  integer("hotX", hotX, 0, width - 1);
  integer("hotY", hotY, 0, height - 1);
  const size = width * height * BYTES_PER_PIXEL;
  if (!isBytes(pixels) || pixels.length !== size) {
    throw argument("pixels", `a Uint8Array of ${size} bytes`, pixels);
  }
  const bytes = new Uint8Array(IMAGE_HEADER_BYTES + size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MARK_IMAGE);
  view.setUint32(2, id);
  [width, height, hotX, hotY].forEach((value, index) => {
    view.setUint16(6 + 2 * index, value);
  });
  bytes.set(pixels, IMAGE_HEADER_BYTES);
  return bytes;
}

/** Writes a position's message. @throws {WireError} `ERR_WIRE_ARGUMENT`. */
export function writeCursorPosition(
  position: Omit<WireCursorPosition, "type">,
): Uint8Array<ArrayBuffer> {
  if (typeof position !== "object" || position === null) {
    throw argument("position", "an object", position);
  }
  const { visible, imageId, x, y } = position;
  if (typeof visible !== "boolean") throw argument("visible", "true or false", visible);
  integer("imageId", imageId, visible ? 1 : 0, visible ? U32_MAX : 0);
  integer("x", x, I16_MIN, I16_MAX);
  integer("y", y, I16_MIN, I16_MAX);
  const bytes = new Uint8Array(POSITION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MARK_POSITION);
  view.setUint8(1, visible ? FLAG_VISIBLE : 0);
  view.setUint32(2, imageId);
  view.setInt16(6, x);
  view.setInt16(8, y);
  return bytes;
}

function parseImage(bytes: Uint8Array): WireCursorImage {
  if (bytes.length < IMAGE_HEADER_BYTES) throw cut(bytes, IMAGE_HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, IMAGE_HEADER_BYTES);
  const [kind, id] = [view.getUint8(1), view.getUint32(2)];
  const [width, height] = [view.getUint16(6), view.getUint16(8)];
  const [hotX, hotY] = [view.getUint16(10), view.getUint16(12)];
  if (kind !== 0) throw wrong(`the second byte is ${kind}, and not 0`);
  if (id === 0) throw wrong("its id is 0");
  if (width === 0 || height === 0 || Math.max(width, height) > SIDE_PX_MAX) {
    throw wrong(`its size is ${width}×${height} px`);
  }
  if (hotX >= width || hotY >= height) {
    throw wrong(`its hot spot ${hotX},${hotY} lies outside of its ${width}×${height} px`);
  }
  const length = IMAGE_HEADER_BYTES + width * height * BYTES_PER_PIXEL;
  if (bytes.length < length) throw cut(bytes, length);
  if (bytes.length > length) throw wrong(`it is ${bytes.length} bytes long, not ${length}`);
  const pixels = bytes.subarray(IMAGE_HEADER_BYTES);
  return { type: "cursor-image", id, width, height, hotX, hotY, pixels };
}

/** Flags that are not named here are left for later versions. */
function parsePosition(bytes: Uint8Array): WireCursorPosition {
  if (bytes.length < POSITION_BYTES) throw cut(bytes, POSITION_BYTES);
  if (bytes.length > POSITION_BYTES) {
    throw wrong(`it is ${bytes.length} bytes long, not ${POSITION_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, POSITION_BYTES);
  const visible = (view.getUint8(1) & FLAG_VISIBLE) !== 0;
  const imageId = view.getUint32(2);
  if (visible !== imageId > 0) throw wrong(`it is ${visible ? "" : "not "}visible as ${imageId}`);
  return { type: "cursor-position", visible, imageId, x: view.getInt16(6), y: view.getInt16(8) };
}

function integer(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw argument(name, `an integer from ${min} to ${max}`, value);
}

function cut(bytes: Uint8Array, needed: number): WireError {
  const text = `the pointer needs at least ${needed} bytes here, but there are ${bytes.length}`;
  return new WireError("ERR_WIRE_TRUNCATED", text);
}

function wrong(what: string): WireError {
  return new WireError("ERR_WIRE_MALFORMED", `no message of the pointer: ${what}`);
}
