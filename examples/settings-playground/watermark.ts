// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

/** 8-bit RGBA, alpha not premultiplied, rows top-down without padding. */
export interface RgbaPicture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

const WIDTH_PX = 144;
const HEIGHT_PX = 64;

/** The bars on the panel: first row, right end, colour. */
const BARS: readonly (readonly [y: number, right: number, rgb: number])[] = [
  [12, 128, 0x4cc2ff],
  [26, 100, 0xffffff],
  [40, 64, 0x3fb950],
];
const BAR_LEFT_PX = 16;
const BAR_HEIGHT_PX = 10;
const PANEL_RGBA = 0x0e1116a0;

/** Paints the sample: three opaque bars, as stripes are, on a panel that lets the screen through. */
export function paintSample(): RgbaPicture {
  const rgba = new Uint8Array(WIDTH_PX * HEIGHT_PX * 4);
  const view = new DataView(rgba.buffer);
  for (let y = 0; y < HEIGHT_PX; y++) {
    const bar = BARS.find(([top]) => y >= top && y < top + BAR_HEIGHT_PX);
    for (let x = 0; x < WIDTH_PX; x++) {
      const onBar = bar !== undefined && x >= BAR_LEFT_PX && x < bar[1];
      const colour = onBar ? bar[2] * 256 + 0xff : PANEL_RGBA;
      view.setUint32((y * WIDTH_PX + x) * 4, colour);
    }
  }
  return { width: WIDTH_PX, height: HEIGHT_PX, rgba };
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** IHDR after the size: 8 bits a channel, colour type 6 (RGBA), the standard's only methods. */
const RGBA_8_BIT = [8, 6, 0, 0, 0];

/** Writes a picture as PNG (ISO/IEC 15948): one IDAT, each row behind filter type 0. */
export function encodePng({ width, height, rgba }: RgbaPicture): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const rowBytes = width * 4;
  const rows = Buffer.alloc((rowBytes + 1) * height);
  for (let y = 0; y < height; y++) {
    rows.set(rgba.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  }
  return Buffer.concat([
    Buffer.from(PNG_SIGNATURE),
    chunk("IHDR", Buffer.concat([size, Buffer.from(RGBA_8_BIT)])),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Length, type, content, and the CRC of the latter two. */
function chunk(type: string, content: Buffer): Buffer {
  const checked = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(content.length, 0);
  ends.writeUInt32BE(crc32(checked), 4);
  return Buffer.concat([ends.subarray(0, 4), checked, ends.subarray(4)]);
}

/** The sample as a file that only this user can read, and that goes with the process. */
export class SampleWatermark implements Disposable {
  readonly path: string;
  readonly #folder: string;
  readonly #remove = () => rmSync(this.#folder, { recursive: true, force: true });

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "pixelflux-playground-")); // mode 0700
    this.path = join(this.#folder, "watermark.png");
    process.once("exit", this.#remove);
    writeFileSync(this.path, encodePng(paintSample()), { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#remove);
    this.#remove();
  }
}
