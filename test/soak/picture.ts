// SPDX-License-Identifier: MPL-2.0
// What a reader shows after all it was sent, and how near that is to the screen.
import { readFileSync } from "node:fs";
import { Composite } from "../../bench/composite.ts";
import type { Luma } from "../../bench/pictures.ts";
import type { RecordedArrival, Recording } from "../../bench/recording.ts";
import type { Canvas } from "../support/canvas.ts";
import { feedFfmpeg } from "../support/decode.ts";
import { RECORD_FIELDS, RECORDED_TYPES } from "./messages.ts";

const HEAD_BYTES = RECORD_FIELDS.length * 4;

/**
 * Reads what a reader wrote. Pictures that refer to one from before the recording are left out:
 * a recording begins with a request for everything.
 */
export function readStripes(path: string): Recording {
  const bytes = readFileSync(path);
  const arrivals: RecordedArrival[] = [];
  const begun = new Set<string>();
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const field = (index: number) => bytes.readUInt32LE(at + index * 4);
    const [x, y, width, height] = [field(2), field(3), field(4), field(5)];
    const type = RECORDED_TYPES[field(0)];
    if (type === undefined) throw new Error(`${path}: no stripe begins at byte ${at}`);
    const place = `${y} ${width} ${height}`;
    if (type === "h264" && field(8) === 1) begun.add(place);
    const arrival = { arrivalNs: 0, type, frameId: field(1), x, y, width, height };
    const source = { sourceX: field(6), sourceY: field(7) };
    const payload = { offset: at + HEAD_BYTES, size: field(9) };
    if (payload.offset + payload.size > bytes.length) break; // still being written
    if (type !== "h264" || begun.has(place)) arrivals.push({ ...arrival, ...source, ...payload });
    at += HEAD_BYTES + payload.size;
  }
  return { arrivals, bytes };
}

/** Pictures that one decoder takes: H.264 of one place, or JPEGs of one height. */
function streamOf({ type, y, height }: RecordedArrival): string {
  return type === "h264" ? `h264 ${y} ${height}` : `jpeg ${height}`;
}

/** Decodes by ffmpeg; pictures are padded to the frame's width, so that all are of one size. */
async function* picturesOf(
  stream: RecordedArrival[],
  bytes: Uint8Array,
  width: number,
): AsyncGenerator<Luma> {
  const [{ type, height } = { type: "jpeg", height: 0 }] = stream;
  const options = type === "h264" ? ["-f", "h264"] : ["-f", "image2pipe", "-c:v", "mjpeg"];
  const payloads = stream.map(({ offset, size }) => bytes.subarray(offset, offset + size));
  const filter = `scale=out_range=full,format=gray,pad=${width}:${height}:0:0`;
  let picture = new Uint8Array(width * height);
  let filled = 0;
  for await (const chunk of feedFfmpeg({ options, payloads }, ["-vf", filter, "-f", "rawvideo"])) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + picture.length - filled);
      picture.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < picture.length) continue;
      yield { width, height, bytes: picture };
      picture = new Uint8Array(width * height);
      filled = 0;
    }
  }
  if (filled > 0) throw new Error("ffmpeg's output ends within a picture");
}

/** Decodes by someone else's decoder and lays picture over picture. */
export async function shownBy({ arrivals, bytes }: Recording, size: Size): Promise<Luma> {
  const composite = new Composite(size.width, size.height);
  const pictures = arrivals.filter(({ type }) => type !== "copy");
  const streams = Map.groupBy(pictures, streamOf).entries();
  const decoders = new Map(
    streams.map(([key, stream]) => [key, picturesOf(stream, bytes, size.width)]),
  );
  for (const arrival of arrivals) {
    const next =
      arrival.type === "copy" ? undefined : await decoders.get(streamOf(arrival))?.next();
    if (next?.done) throw new Error("fewer pictures came out of a decoder than stripes went in");
    composite.draw({ arrival, picture: next?.value });
  }
  for (const decoder of decoders.values()) {
    if ((await decoder.next()).done) continue;
    throw new Error("more pictures came out of a decoder than stripes went in");
  }
  return composite;
}

export interface Size {
  width: number;
  height: number;
}

/** JFIF, and the matrix that the H.264 streams are marked with: BT.601 in full range. */
export function lumaOf({ width, height, rgb }: Canvas): Luma {
  const bytes = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < bytes.length; at++, from += 3) {
    const [red = 0, green = 0, blue = 0] = rgb.subarray(from, from + 3);
    bytes[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return { width, height, bytes };
}

/** How far two pictures are apart. */
export interface Distance {
  psnrDb: number;
  /** The largest mean difference of a block of 16×16 px; 0...255. */
  worstBlock: number;
}

const BLOCK_PX = 16;

function blockDistance(a: Luma, b: Luma, left: number, top: number): number {
  const right = Math.min(left + BLOCK_PX, a.width);
  const bottom = Math.min(top + BLOCK_PX, a.height);
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let at = y * a.width + left; at < y * a.width + right; at++) {
      sum += Math.abs((a.bytes[at] as number) - (b.bytes[at] as number));
    }
  }
  return sum / ((right - left) * (bottom - top));
}

export function distance(a: Luma, b: Luma): Distance {
  if (a.width !== b.width || a.height !== b.height) throw new Error("the sizes differ");
  let squares = 0;
  for (const [at, value] of a.bytes.entries()) squares += (value - (b.bytes[at] as number)) ** 2;
  let worstBlock = 0;
  for (let y = 0; y < a.height; y += BLOCK_PX) {
    for (let x = 0; x < a.width; x += BLOCK_PX) {
      worstBlock = Math.max(worstBlock, blockDistance(a, b, x, y));
    }
  }
  return { psnrDb: 10 * Math.log10((255 * 255 * a.bytes.length) / squares), worstBlock };
}
