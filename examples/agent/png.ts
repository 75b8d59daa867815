// SPDX-License-Identifier: MPL-2.0
import { crc32, deflateSync } from "node:zlib";
import type { Pixels } from "./resample.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Of the rows' filters, "up": what a row has in common with the one above costs nothing. */
const FILTER_UP = 2;
/** Little is gained above it, and time lost. */
const DEFLATE_LEVEL = 3;

/** A picture of 8-bit RGB as a PNG file (PNG, third edition). */
export function encodePng({ data, width, height }: Pixels): Buffer {
  const rowBytes = width * 3;
  const filtered = Buffer.alloc((rowBytes + 1) * height);
  for (let y = 0; y < height; y++) {
    const [from, to] = [y * rowBytes, y * (rowBytes + 1)];
    filtered[to] = FILTER_UP;
    for (let x = 0; x < rowBytes; x++) {
      const above = y === 0 ? 0 : (data[from - rowBytes + x] as number);
      filtered[to + 1 + x] = (data[from + x] as number) - above;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // bits a channel, RGB
  const pixels = deflateSync(filtered, { level: DEFLATE_LEVEL });
  const chunks = [chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
