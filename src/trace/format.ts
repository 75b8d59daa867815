// SPDX-License-Identifier: MPL-2.0
/** The bytes of a trace; docs/traces.md says what each means. All numbers are little endian. */
import { promisify } from "node:util";
import { constants, crc32, zstdCompress, zstdDecompress } from "node:zlib";
import { PixelfluxError, type Region } from "../index.ts";

export const FILE_HEADER_BYTES = 32;
export const RECORD_HEADER_BYTES = 48;
export const RECTANGLE_BYTES = 8;
export const BYTES_PER_PIXEL = 4;
export const SIDE_PX_MAX = 16384;
export const RECTANGLE_COUNT_MAX = 1024;

/** As PNG's: shows files that were transferred as text, or cut to seven bits. */
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x46, 0x58, 0x0d, 0x0a, 0x1a, 0x0a);
const VERSION = 1;

/** "FRAM" and "END." in ASCII. */
const FRAME_TAG = 0x4d415246;
const END_TAG = 0x2e444e45;

/** RFC 8878: what cannot be made smaller grows by three bytes a block of 128 KiB, and a header. */
const GROWTH_BYTES_MAX = 1024;

/** A frame as it is in a trace. */
export interface TraceFrame {
  /** Microseconds from the trace's first frame on. */
  readonly timestamp: number;
  /** Size of the whole frame in px. */
  readonly width: number;
  readonly height: number;
  /** Frames of the capture that are part of this one, for want of speed. */
  readonly merged: number;
  /** Where it may differ from the frame before. */
  readonly rectangles: readonly Region[];
  /** Their pixels one behind the other: RGBA, rows top-down without gaps. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** The head of a record. */
export type RecordHead =
  | {
      readonly kind: "frame";
      readonly index: number;
      readonly timestamp: number;
      readonly width: number;
      readonly height: number;
      readonly merged: number;
      readonly rectangleCount: number;
      readonly storedBytes: number;
      readonly rawBytes: number;
      readonly checksum: number;
    }
  | { readonly kind: "end"; readonly frames: number; readonly durationUs: number };

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** @param startedUs - microseconds since the Unix epoch. */
export function writeFileHeader(startedUs: number): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(SIGNATURE);
  view.setUint16(8, VERSION, true);
  view.setUint16(10, FILE_HEADER_BYTES, true);
  view.setBigUint64(16, BigInt(startedUs), true);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  return bytes;
}

/** Checks a file's header. @returns when it was recorded, in microseconds since the Unix epoch. */
export function readFileHeader(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  if (bytes.length < FILE_HEADER_BYTES || SIGNATURE.some((byte, at) => bytes[at] !== byte)) {
    throw traceError("this is no trace: it does not begin as one", 0);
  }
  if (view.getUint16(8, true) !== VERSION) {
    const version = view.getUint16(8, true);
    throw traceError(`it has version ${version} of the format, and this reads ${VERSION}`, 8);
  }
  if (crc32(bytes.subarray(0, 28)) !== view.getUint32(28, true)) {
    throw traceError("its header is damaged", 0);
  }
  return Number(view.getBigUint64(16, true));
}

/** A frame's record: head, and compressed rectangles and pixels. */
export async function writeFrame(frame: TraceFrame, index: number, level: number) {
  const { rectangles, data } = frame;
  const raw = new Uint8Array(rectangles.length * RECTANGLE_BYTES + data.length);
  const view = viewOf(raw);
  for (const [at, { x, y, width, height }] of rectangles.entries()) {
    for (const [word, value] of [x, y, width, height].entries()) {
      view.setUint16(at * RECTANGLE_BYTES + word * 2, value, true);
    }
  }
  raw.set(data, rectangles.length * RECTANGLE_BYTES);
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const stored = await compress(raw, { params });
  const record = new Uint8Array(RECORD_HEADER_BYTES + stored.length);
  record.set(stored, RECORD_HEADER_BYTES);
  const head = viewOf(record);
  head.setUint32(0, FRAME_TAG, true);
  head.setUint32(4, index, true);
  head.setBigUint64(8, BigInt(frame.timestamp), true);
  head.setUint16(16, frame.width, true);
  head.setUint16(18, frame.height, true);
  head.setUint32(20, frame.merged, true);
  head.setUint32(24, rectangles.length, true);
  head.setUint32(28, stored.length, true);
  head.setUint32(32, raw.length, true);
  head.setUint32(36, crc32(stored), true);
  sealHead(record);
  return record;
}

/** The last record. */
export function writeEnd(frames: number, durationUs: number): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES);
  const head = viewOf(record);
  head.setUint32(0, END_TAG, true);
  head.setUint32(4, frames, true);
  head.setBigUint64(8, BigInt(durationUs), true);
  sealHead(record);
  return record;
}

function sealHead(record: Uint8Array): void {
  viewOf(record).setUint32(44, crc32(record.subarray(0, 44)), true);
}

/**
 * Reads a record's head, and checks what can be checked of it.
 *
 * @param offset - where it lies in the file, for errors.
 * @throws {PixelfluxError} `ERR_TRACE`.
 */
export function readHead(bytes: Uint8Array, offset: number): RecordHead {
  const head = viewOf(bytes);
  if (crc32(bytes.subarray(0, 44)) !== head.getUint32(44, true)) {
    throw traceError("a record's head is damaged", offset);
  }
  const tag = head.getUint32(0, true);
  const index = head.getUint32(4, true);
  const timestampUs = Number(head.getBigUint64(8, true));
  if (tag === END_TAG) return { kind: "end", frames: index, durationUs: timestampUs };
  if (tag !== FRAME_TAG) throw traceError("a record is of no known kind", offset);
  const frame = {
    kind: "frame",
    ...{ index, timestamp: timestampUs },
    width: head.getUint16(16, true),
    height: head.getUint16(18, true),
    merged: head.getUint32(20, true),
    rectangleCount: head.getUint32(24, true),
    storedBytes: head.getUint32(28, true),
    rawBytes: head.getUint32(32, true),
    checksum: head.getUint32(36, true),
  } as const;
  checkFrameHead(frame, offset);
  return frame;
}

function checkFrameHead(head: Extract<RecordHead, { kind: "frame" }>, offset: number): void {
  const { width, height, rectangleCount, storedBytes, rawBytes } = head;
  const refuse = (what: string) => traceError(what, offset);
  if (width < 1 || width > SIDE_PX_MAX || height < 1 || height > SIDE_PX_MAX) {
    throw refuse(`a frame has ${width}x${height} px`);
  }
  if (rectangleCount > RECTANGLE_COUNT_MAX)
    throw refuse(`a frame has ${rectangleCount} rectangles`);
  const rectanglesBytes = rectangleCount * RECTANGLE_BYTES;
  // Rectangles may overlap, but not more than this.
  const rawBytesMax = rectanglesBytes + 2 * width * height * BYTES_PER_PIXEL;
  if (rawBytes < rectanglesBytes || rawBytes > rawBytesMax) {
    throw refuse(`a frame of ${width}x${height} px has ${rawBytes} bytes`);
  }
  if (storedBytes > rawBytes + Math.ceil(rawBytes / 32768) + GROWTH_BYTES_MAX) {
    throw refuse(`a frame of ${rawBytes} bytes is stored in ${storedBytes}`);
  }
  if (!Number.isSafeInteger(head.timestamp)) throw refuse("a frame has no time");
}

/**
 * Unpacks what belongs to a frame's head.
 *
 * @throws {PixelfluxError} `ERR_TRACE`.
 */
export async function readFrame(
  head: Extract<RecordHead, { kind: "frame" }>,
  stored: Uint8Array,
  offset: number,
): Promise<TraceFrame> {
  if (crc32(stored) !== head.checksum) throw traceError("a frame's pixels are damaged", offset);
  const raw = await unpack(stored, head.rawBytes, offset);
  const view = viewOf(raw);
  const rectangles = Array.from({ length: head.rectangleCount }, (_, index): Region => {
    const word = (at: number) => view.getUint16(index * RECTANGLE_BYTES + at * 2, true);
    return { x: word(0), y: word(1), width: word(2), height: word(3) };
  });
  const data = raw.subarray(head.rectangleCount * RECTANGLE_BYTES);
  checkRectangles(head, rectangles, data.length, offset);
  const { timestamp, width, height, merged } = head;
  return { timestamp, width, height, merged, rectangles, data };
}

async function unpack(stored: Uint8Array, rawBytes: number, offset: number) {
  let raw: Uint8Array<ArrayBuffer>;
  try {
    raw = await decompress(stored, { maxOutputLength: Math.max(1, rawBytes) });
  } catch (cause) {
    throw traceError("a frame's pixels cannot be unpacked", offset, cause);
  }
  if (raw.length === rawBytes) return raw;
  throw traceError(`a frame of ${rawBytes} bytes unpacks to ${raw.length}`, offset);
}

function checkRectangles(
  { width, height }: { width: number; height: number },
  rectangles: readonly Region[],
  dataBytes: number,
  offset: number,
): void {
  let pixelCount = 0;
  for (const each of rectangles) {
    const isWithin = each.x + each.width <= width && each.y + each.height <= height;
    if (!isWithin || each.width < 1 || each.height < 1) {
      throw traceError("a rectangle lies outside of its frame", offset);
    }
    pixelCount += each.width * each.height;
  }
  if (pixelCount * BYTES_PER_PIXEL !== dataBytes) {
    throw traceError("a frame's rectangles and pixels do not fit each other", offset);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The error of a file that is no trace, or a damaged one. */
export function traceError(what: string, offset: number, cause?: unknown): PixelfluxError {
  const text = `trace: ${what} (at byte ${offset}). Frames before that can be replayed; record it again where you need the rest.`;
  return new PixelfluxError("ERR_TRACE", "trace", text, cause === undefined ? {} : { cause });
}
