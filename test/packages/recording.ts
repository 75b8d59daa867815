// SPDX-License-Identifier: MPL-2.0
// What capture-child.ts records of the synthetic source, and what that paints.
import type { Capabilities, CaptureSettings } from "../../src/index.ts";
import { Canvas } from "../support/canvas.ts";
import type { RecordedStripe } from "../support/decode.ts";

export const WIDTH = 640;
export const HEIGHT = 360;
export const stillDisplay = `synthetic://${WIDTH}x${HEIGHT}@0`;
export const movingDisplay = `synthetic://${WIDTH}x${HEIGHT}@30`;
export const MOVING_FRAME_COUNT = 30;

/** Rows do not depend on the machine's number of cores, nor on its speed. */
const fixed: CaptureSettings = { stripeHeight: 64, stripeHeader: "pixelflux" };
const h264: CaptureSettings = { ...fixed, outputMode: "h264", h264PaintOver: "refine" };

/** Settings, and how many pictures of each row there are of a source that never changes. */
export const MODES = {
  jpeg: { settings: fixed, picturesAtRest: 1 },
  "jpeg 4:4:4": { settings: { ...fixed, jpegFullColor: true }, picturesAtRest: 1 },
  // An IDR, and a P picture at rest.
  h264: { settings: h264, picturesAtRest: 2 },
  "h264 4:4:4": { settings: { ...h264, h264FullColor: true }, picturesAtRest: 2 },
} as const satisfies Record<string, { settings: CaptureSettings; picturesAtRest: number }>;

export type ModeName = keyof typeof MODES;

/** A stripe as it travels in JSON. */
export interface PrintedStripe extends Omit<RecordedStripe, "payload"> {
  /** base64. */
  payload: string;
}

export interface Recording {
  still: PrintedStripe[];
  moving: PrintedStripe[];
}

/** What the child prints. */
export interface Report {
  arch: string;
  capabilities: Capabilities;
  recordings: Record<ModeName, Recording>;
}

export function stripesOf(printed: readonly PrintedStripe[]): RecordedStripe[] {
  return printed.map((stripe) => ({ ...stripe, payload: Uint8Array.fromBase64(stripe.payload) }));
}

const SQUARE_PX = 64;

/** The picture of native/src/source/synthetic.c after so many changes. */
export function painted(step: number): Canvas {
  const canvas = new Canvas(WIDTH, HEIGHT);
  const square = squareAt(step);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at += 3) {
      const inside =
        x >= square.x && x < square.x + SQUARE_PX && y >= square.y && y < square.y + SQUARE_PX;
      const colour = inside ? square.colour : [x & 255, y & 255, ((x + y) >> 3) & 255];
      canvas.rgb.set(colour, at);
    }
  }
  return canvas;
}

/** The step that the picture shows best, by the colour in the middle of the square. */
export function stepShown(picture: Canvas, stepMax: number): number {
  const distance = (step: number) => {
    const { x, y, colour } = squareAt(step);
    const at = ((y + SQUARE_PX / 2) * WIDTH + x + SQUARE_PX / 2) * 3;
    return colour.reduce((sum, value, i) => sum + Math.abs(value - (picture.rgb[at + i] ?? 0)), 0);
  };
  const steps = Array.from({ length: stepMax + 1 }, (_, step) => step);
  return steps.reduce((best, step) => (distance(step) < distance(best) ? step : best));
}

/** Of the picture what lies in and around the square. */
export function aroundSquare(picture: Canvas, step: number): Canvas {
  const square = squareAt(step);
  const x = Math.max(0, square.x - SQUARE_PX / 2);
  const y = Math.max(0, square.y - SQUARE_PX / 2);
  const size = 2 * SQUARE_PX;
  return picture.crop(x, y, Math.min(size, WIDTH - x), Math.min(size, HEIGHT - y));
}

function squareAt(step: number): { x: number; y: number; colour: number[] } {
  const colour = Number((BigInt(step) * 0x050709n) & 0xffffffn);
  return {
    x: bounce(step * 3, WIDTH - SQUARE_PX),
    y: bounce(step * 2, HEIGHT - SQUARE_PX),
    colour: [colour >> 16, (colour >> 8) & 255, colour & 255],
  };
}

function bounce(travelled: number, limit: number): number {
  const phase = travelled % (2 * limit);
  return phase < limit ? phase : 2 * limit - phase;
}
