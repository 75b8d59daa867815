// SPDX-License-Identifier: MPL-2.0
import type { Coordinate } from "./actions.ts";
import { badField } from "./errors.ts";

/** In px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle in px. */
export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * Screenshots that may be smaller than the screen, and where their pixels are on it.
 * Each of their pixels stands for the middle of what it shows.
 */
export class Space implements Size {
  readonly width: number;
  readonly height: number;
  readonly #screen: Size;

  /** @param maxSidePx - what the longer side has at most. */
  constructor(screen: Size, maxSidePx: number) {
    const scale = Math.min(1, maxSidePx / Math.max(screen.width, screen.height));
    this.#screen = screen;
    this.width = Math.max(1, Math.round(screen.width * scale));
    this.height = Math.max(1, Math.round(screen.height * scale));
  }

  /** Whether its pixels are the screen's. */
  get isScreen(): boolean {
    return this.width === this.#screen.width && this.height === this.#screen.height;
  }

  /** @throws {ActionError} 400 where the place is not on the screenshot. */
  toScreen([x, y]: Coordinate, field: string): { x: number; y: number } {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) {
      throw badField(field, `has to be within the ${this.width}×${this.height} px of a screenshot`);
    }
    return {
      x: Math.floor(((x + 0.5) * this.#screen.width) / this.width),
      y: Math.floor(((y + 0.5) * this.#screen.height) / this.height),
    };
  }

  /** What the rectangle between two corners covers on the screen; the second one is outside of it. */
  boxToScreen([x0, y0, x1, y1]: readonly [number, number, number, number]): Box {
    if (!(x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= this.width && y1 <= this.height)) {
      const expected = `[x0, y0, x1, y1] within the ${this.width}×${this.height} px of a screenshot`;
      throw badField("region", `has to be ${expected}, with x0 < x1 and y0 < y1`);
    }
    const [alongX, alongY] = [this.#screen.width / this.width, this.#screen.height / this.height];
    const [x, y] = [Math.floor(x0 * alongX), Math.floor(y0 * alongY)];
    const [right, bottom] = [Math.ceil(x1 * alongX), Math.ceil(y1 * alongY)];
    return { x, y, width: right - x, height: bottom - y };
  }

  fromScreen({ x, y }: { x: number; y: number }): Coordinate {
    const along = (place: number, from: number, to: number) =>
      Math.min(to - 1, Math.max(0, Math.floor((place * to) / from)));
    return [along(x, this.#screen.width, this.width), along(y, this.#screen.height, this.height)];
  }

  /** The largest size of that shape that a screenshot has room for. */
  fit({ width, height }: Size): Size {
    const scale = Math.min(this.width / width, this.height / height);
    const side = (px: number) => Math.max(1, Math.round(px * scale));
    return { width: side(width), height: side(height) };
  }
}
