// SPDX-License-Identifier: MPL-2.0
// Pictures for the tests of frame sources, and what they are expected to look like.
import type { PushedFrame, Region } from "../../src/index.ts";
import { Canvas } from "../support/canvas.ts";

/** RGBA pixels that are drawn into and pushed. */
export class Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.rgba = new Uint8ClampedArray(width * height * 4);
  }

  /** Its size, for `push`. */
  get frame(): PushedFrame {
    return { width: this.width, height: this.height };
  }

  get all(): Region {
    return { x: 0, y: 0, width: this.width, height: this.height };
  }

  get canvas(): Canvas {
    return Canvas.fromRgba(new Uint8Array(this.rgba.buffer), this.width, this.height);
  }

  /** Sets each pixel of a rectangle to what is told for it; alpha to anything. */
  paint(region: Region, colour: (x: number, y: number) => readonly [number, number, number]): void {
    for (let y = region.y; y < region.y + region.height; y++) {
      for (let x = region.x; x < region.x + region.width; x++) {
        this.rgba.set([...colour(x, y), (x * 31 + y) & 255], (y * this.width + x) * 4);
      }
    }
  }

  /** A smooth picture, another one for each `step`. */
  gradient(step = 0): this {
    const { width, height } = this;
    this.paint(this.all, (x, y) => [
      (x / width) * 150 + (step % 20) * 5,
      (y / height) * 200,
      100 + ((x + y) / (width + height)) * 100,
    ]);
    return this;
  }

  /** Pixels without any order, made by `pick`. */
  noise(region: Region, pick: (limit: number) => number): void {
    this.paint(region, () => [pick(256), pick(256), pick(256)]);
  }
}

/** Quality at rest of smooth pictures, as in test/e2e/picture.test.ts. */
export const SMOOTH_AT_REST = { mean: 1.2, max: 14, psnr: 44 };
