// SPDX-License-Identifier: MPL-2.0
// The pictures that a trace shows, one after the other.
import type { Region } from "../../src/index.ts";
import { readTrace } from "../../src/trace/index.ts";

/** What the frames of a trace, and those of a tap, have. */
interface Patch {
  readonly width: number;
  readonly height: number;
  readonly rectangles: readonly Region[];
  readonly data: Uint8Array;
}

/** A screen that patches are drawn on. */
export class Screen {
  width = 0;
  height = 0;
  rgba = new Uint8Array(0);

  draw({ width, height, rectangles, data }: Patch): this {
    if (width !== this.width || height !== this.height) {
      this.rgba = new Uint8Array(width * height * 4);
      Object.assign(this, { width, height });
    }
    let at = 0;
    for (const each of rectangles) {
      for (let row = each.y; row < each.y + each.height; row++, at += each.width * 4) {
        this.rgba.set(data.subarray(at, at + each.width * 4), (row * width + each.x) * 4);
      }
    }
    return this;
  }

  /** The same pixels and size have the same. */
  get print(): string {
    return `${this.width}x${this.height} ${Bun.hash(this.rgba)}`;
  }
}

/** Prints of the pictures after each frame, and the times of those. */
export async function picturesOf(path: string): Promise<{ prints: string[]; timesUs: number[] }> {
  const screen = new Screen();
  const prints: string[] = [];
  const timesUs: number[] = [];
  for await (const frame of readTrace(path)) {
    prints.push(screen.draw(frame).print);
    timesUs.push(frame.timestamp);
  }
  return { prints, timesUs };
}
