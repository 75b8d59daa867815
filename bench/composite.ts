// SPDX-License-Identifier: MPL-2.0
// What a client shows, stripe by stripe: the pictures laid over each other, and moved by copies.
import type { Drawing, Luma } from "./pictures.ts";
import type { RecordedArrival } from "./recording.ts";

export class Composite implements Luma {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
  /** The picture as the frame before left it; kept where this frame copies. */
  #before: Uint8Array | undefined;
  #frameId: number | undefined;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.bytes = new Uint8Array(width * height);
  }

  draw({ arrival, picture }: Drawing): void {
    if (arrival.frameId !== this.#frameId) this.#before = undefined;
    this.#frameId = arrival.frameId;
    this.#check(arrival.x, arrival.y, arrival);
    if (picture === undefined) this.#copy(arrival);
    else this.#lay(picture, arrival);
  }

  /** A part of it, copied. */
  crop(x: number, y: number, width: number, height: number): Luma {
    const bytes = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const from = (y + row) * this.width + x;
      bytes.set(this.bytes.subarray(from, from + width), row * width);
    }
    return { width, height, bytes };
  }

  #lay(picture: Luma, { x, y, width, height }: RecordedArrival): void {
    if (picture.width < width || picture.height < height) {
      throw new Error(
        `a stripe of ${width}×${height} decodes to ${picture.width}×${picture.height}`,
      );
    }
    this.#move(picture, 0, 0, { x, y, width, height });
  }

  #copy(copy: RecordedArrival): void {
    const { sourceX = 0, sourceY = 0 } = copy;
    this.#check(sourceX, sourceY, copy);
    this.#before ??= this.bytes.slice();
    const { width, height } = this;
    this.#move({ width, height, bytes: this.#before }, sourceX, sourceY, copy);
  }

  #check(x: number, y: number, { width, height }: { width: number; height: number }): void {
    if (x < 0 || y < 0 || x + width > this.width || y + height > this.height) {
      throw new Error(`${width}×${height} at ${x},${y} is outside ${this.width}×${this.height}`);
    }
  }

  #move(
    from: Luma,
    fromX: number,
    fromY: number,
    to: { x: number; y: number; width: number; height: number },
  ): void {
    for (let row = 0; row < to.height; row++) {
      const at = (fromY + row) * from.width + fromX;
      this.bytes.set(from.bytes.subarray(at, at + to.width), (to.y + row) * this.width + to.x);
    }
  }
}
