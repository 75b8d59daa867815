// SPDX-License-Identifier: MPL-2.0
import type { Size } from "./space.ts";

/** Red, green, blue. */
const CHANNELS = 3;

/** Pixels of one kind after the other, rows top-down without padding. */
export interface Pixels extends Size {
  readonly data: Uint8Array;
}

/**
 * Scales a picture of 8-bit RGBA to 8-bit RGB: each pixel becomes the mean of what it
 * covers, so that thin lines of text stay to be seen where it becomes smaller, and edges
 * stay sharp where it becomes larger.
 */
export function resample({ data, width, height }: Pixels, size: Size): Pixels {
  const columns = coverage(width, size.width);
  const rows = coverage(height, size.height);
  const narrow = new Float32Array(size.width * height * CHANNELS);
  for (let y = 0; y < height; y++) {
    scaleRow(data, y * width * 4, narrow, y * size.width * CHANNELS, columns);
  }
  const result = new Uint8Array(size.width * size.height * CHANNELS);
  const rowLength = size.width * CHANNELS;
  const sums = new Float32Array(rowLength);
  for (const [y, { first, weights }] of rows.entries()) {
    sums.fill(0.5); // rounds
    for (const [index, weight] of weights.entries()) {
      const from = (first + index) * rowLength;
      for (let at = 0; at < rowLength; at++) {
        sums[at] = (sums[at] as number) + weight * (narrow[from + at] as number);
      }
    }
    result.set(sums, y * rowLength);
  }
  return { data: result, ...size };
}

function scaleRow(
  from: Uint8Array,
  fromAt: number,
  to: Float32Array,
  toAt: number,
  columns: readonly Coverage[],
): void {
  for (const { first, weights } of columns) {
    let [red, green, blue] = [0, 0, 0];
    for (let index = 0; index < weights.length; index++) {
      const weight = weights[index] as number;
      const at = fromAt + (first + index) * 4;
      red += weight * (from[at] as number);
      green += weight * (from[at + 1] as number);
      blue += weight * (from[at + 2] as number);
    }
    to[toAt++] = red;
    to[toAt++] = green;
    to[toAt++] = blue;
  }
}

/** What one pixel is made of: neighbours from `first` on, and how much of each. */
interface Coverage {
  readonly first: number;
  readonly weights: readonly number[];
}

function coverage(from: number, to: number): Coverage[] {
  const step = from / to;
  return Array.from({ length: to }, (_, index) => {
    const [start, end] = [index * step, Math.min(from, (index + 1) * step)];
    const first = Math.floor(start);
    const count = Math.max(1, Math.ceil(end) - first);
    const shares = Array.from(
      { length: count },
      (_, offset) => Math.min(end, first + offset + 1) - Math.max(start, first + offset),
    );
    const total = shares.reduce((sum, share) => sum + share, 0);
    return { first, weights: shares.map((share) => share / total) };
  });
}
