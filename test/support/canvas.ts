// SPDX-License-Identifier: MPL-2.0

/** How far two pictures are apart, over all channels of all pixels; 0...255. */
export interface Difference {
  max: number;
  mean: number;
  /** Peak signal-to-noise ratio in dB; Infinity for equal pictures. */
  psnr: number;
  /** Where the largest difference is. */
  x: number;
  y: number;
  /** The pixels there, as rrggbb. */
  expected: string;
  actual: string;
}

/** A picture of 8-bit RGB, rows top-down without padding. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;

  constructor(width: number, height: number, rgb = new Uint8Array(width * height * 3)) {
    if (rgb.length !== width * height * 3) {
      throw new Error(
        `${width}×${height} RGB needs ${width * height * 3} bytes, not ${rgb.length}`,
      );
    }
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /** From an X screen's pixels. */
  static fromBgrx(bgrx: Uint8Array, width: number, height: number): Canvas {
    return Canvas.#fromFourBytes(bgrx, width, height, 2, 0);
  }

  /** From a browser's pixels; alpha is dropped. */
  static fromRgba(rgba: Uint8Array, width: number, height: number): Canvas {
    return Canvas.#fromFourBytes(rgba, width, height, 0, 2);
  }

  static #fromFourBytes(
    bytes: Uint8Array,
    width: number,
    height: number,
    redIndex: number,
    blueIndex: number,
  ): Canvas {
    const canvas = new Canvas(width, height);
    if (bytes.length !== width * height * 4) {
      throw new Error(`${width}×${height} needs ${width * height * 4} bytes, not ${bytes.length}`);
    }
    const rgb = canvas.rgb;
    for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
      rgb[to] = bytes[from + redIndex] as number;
      rgb[to + 1] = bytes[from + 1] as number;
      rgb[to + 2] = bytes[from + blueIndex] as number;
    }
    return canvas;
  }

  /** The pixel as rrggbb. */
  pixel(x: number, y: number): string {
    const at = (y * this.width + x) * 3;
    return Buffer.from(this.rgb.subarray(at, at + 3)).toString("hex");
  }

  /** Copies the left top `width`×`height` px of a picture to (x, y), all of it by default. */
  lay(picture: Canvas, x: number, y: number, width = picture.width, height = picture.height): void {
    if (x + width > this.width || y + height > this.height) {
      throw new Error(`${width}×${height} at ${x},${y} is outside ${this.width}×${this.height}`);
    }
    for (let row = 0; row < height; row++) {
      const from = row * picture.width * 3;
      this.rgb.set(picture.rgb.subarray(from, from + width * 3), ((y + row) * this.width + x) * 3);
    }
  }

  crop(x: number, y: number, width: number, height: number): Canvas {
    const part = new Canvas(width, height);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.width + x) * 3;
      part.rgb.set(this.rgb.subarray(from, from + width * 3), row * width * 3);
    }
    return part;
  }
}

export function compare(expected: Canvas, actual: Canvas): Difference {
  if (expected.width !== actual.width || expected.height !== actual.height) {
    throw new Error(
      `sizes differ: ${expected.width}×${expected.height} and ${actual.width}×${actual.height}`,
    );
  }
  const a = expected.rgb;
  const b = actual.rgb;
  let max = -1;
  let worst = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    sum += difference;
    squares += difference * difference;
    if (difference > max) {
      max = difference;
      worst = i;
    }
  }
  const pixel = Math.floor(worst / 3);
  const x = pixel % expected.width;
  const y = Math.floor(pixel / expected.width);
  return {
    max,
    mean: sum / a.length,
    psnr: 10 * Math.log10((255 * 255 * a.length) / squares),
    x,
    y,
    expected: expected.pixel(x, y),
    actual: actual.pixel(x, y),
  };
}

/** How far apart two pictures may be. */
export interface Tolerance {
  max?: number;
  mean?: number;
  psnr?: number;
}

export function isWithin(difference: Difference, tolerance: Tolerance): boolean {
  return (
    difference.max <= (tolerance.max ?? 255) &&
    difference.mean <= (tolerance.mean ?? 255) &&
    difference.psnr >= (tolerance.psnr ?? 0)
  );
}

/** Throws with the figures and the worst pixel where two pictures are too far apart. */
export function expectAlike(
  expected: Canvas,
  actual: Canvas,
  tolerance: Tolerance,
  what = "picture",
): Difference {
  const difference = compare(expected, actual);
  if (!isWithin(difference, tolerance)) {
    throw new Error(
      `${what}: ${JSON.stringify(difference)} is not within ${JSON.stringify(tolerance)}`,
    );
  }
  return difference;
}
