// SPDX-License-Identifier: MPL-2.0
// The picture of the synthetic source, painted anew from its description (native/src/source/synthetic.c).
import { Canvas, expectAlike } from "../support/canvas.ts";

const SQUARE_PX = 64;

interface Corner {
  readonly x: number;
  readonly y: number;
}

/** A coordinate that runs to and fro between 0 and `limit`. */
function bounce(travelled: number, limit: number): number {
  const phase = travelled % (2 * limit);
  return phase < limit ? phase : 2 * limit - phase;
}

function squareAt(step: number, width: number, height: number): Corner {
  return { x: bounce(step * 3, width - SQUARE_PX), y: bounce(step * 2, height - SQUARE_PX) };
}

function colourOf(step: number): number {
  return (step * 0x050709) & 0xffffff;
}

function put(rgb: Uint8Array, at: number, colour: number): void {
  rgb[at] = colour >> 16;
  rgb[at + 1] = (colour >> 8) & 255;
  rgb[at + 2] = colour & 255;
}

/** The source's picture after so many changes. */
export function paintStep(step: number, width: number, height: number): Canvas {
  const canvas = new Canvas(width, height);
  const square = squareAt(step, width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = x - square.x;
      const dy = y - square.y;
      const isSquare = dx >= 0 && dy >= 0 && dx < SQUARE_PX && dy < SQUARE_PX;
      const gradient = ((x & 255) << 16) | ((y & 255) << 8) | (((x + y) >> 3) & 255);
      put(canvas.rgb, (y * width + x) * 3, isSquare ? colourOf(step) : gradient);
    }
  }
  return canvas;
}

/** Which step a picture shows, by the square's colour where it would be: the nearest of so many. */
export function findStep(picture: Canvas, stepCount: number): number {
  let best = { step: -1, distance: Number.POSITIVE_INFINITY };
  for (let step = 0; step < stepCount; step++) {
    const distance = distanceTo(picture, step);
    if (distance < best.distance) best = { step, distance };
  }
  return best.step;
}

function distanceTo(picture: Canvas, step: number): number {
  const { x, y } = squareAt(step, picture.width, picture.height);
  const colour = colourOf(step);
  let sum = 0;
  for (let dy = 8; dy < SQUARE_PX; dy += 16) {
    for (let dx = 8; dx < SQUARE_PX; dx += 16) {
      const at = ((y + dy) * picture.width + x + dx) * 3;
      for (const [channel, shift] of [16, 8, 0].entries()) {
        sum += Math.abs((picture.rgb[at + channel] as number) - ((colour >> shift) & 255));
      }
    }
  }
  return sum;
}

/** Throws where a picture is not that of the step, as far as the codecs keep it. */
export function expectStep(picture: Canvas, step: number): void {
  const { width, height } = picture;
  const truth = paintStep(step, width, height);
  const { x, y } = squareAt(step, width, height);
  const inside = (canvas: Canvas) => canvas.crop(x + 4, y + 4, SQUARE_PX - 8, SQUARE_PX - 8);
  // Measured: 37 to 38 dB, of which the edges of the gradient cost the most, and less than 1 on the
  // average inside the square, which is of one colour.
  expectAlike(truth, picture, { psnr: 35 }, "picture");
  expectAlike(inside(truth), inside(picture), { mean: 2, max: 64 }, "square");
}
