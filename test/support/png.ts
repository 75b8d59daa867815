// SPDX-License-Identifier: MPL-2.0
// Writes PNG files of every colour type (PNG specification, third edition), unlike common encoders,
// which pick the type themselves.
import { crc32, deflateSync } from "node:zlib";

/** PNG's colour types (11.2.1), with 8 bits a sample unless the name says 16. */
export type PngKind =
  | "grey"
  | "grey16"
  | "rgb"
  | "rgb16"
  | "palette"
  | "grey-alpha"
  | "grey-alpha16"
  | "rgba"
  | "rgba16";

const COLOUR_TYPES = { grey: 0, rgb: 2, palette: 3, "grey-alpha": 4, rgba: 6 } as const;

/** One pixel, straight alpha, 0…255 each. */
export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

export interface PngOptions {
  kind: PngKind;
  /** Adam7. Default false. */
  interlaced?: boolean;
}

interface Adam7Pass {
  x: number;
  y: number;
  stepX: number;
  stepY: number;
}

/** PNG, 8.1: where the seven passes begin, and how far apart their pixels are. */
const ADAM7: readonly Adam7Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

const WHOLE: readonly Adam7Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}

/** A pixel's samples in the file; grey takes the red channel. */
function samples(pixel: Rgba, kind: PngKind, palette: Map<string, number>): number[] {
  const [red, green, blue, alpha] = pixel;
  const plain = kind.replace("16", "") as keyof typeof COLOUR_TYPES;
  const values = {
    grey: [red],
    rgb: [red, green, blue],
    palette: [palette.get(pixel.join()) ?? 0],
    "grey-alpha": [red, alpha],
    rgba: [red, green, blue, alpha],
  }[plain];
  // 16 bits: v/255 = w/65535 for w = v * 257, whose bytes are both v.
  return kind.endsWith("16") ? values.flatMap((value) => [value, value]) : values;
}

function paletteOf(pixels: readonly Rgba[]): Map<string, number> {
  const palette = new Map<string, number>();
  for (const pixel of pixels) {
    const key = pixel.join();
    if (!palette.has(key)) palette.set(key, palette.size);
  }
  if (palette.size > 256) throw new Error(`${palette.size} colours do not fit into a palette`);
  return palette;
}

function paletteChunks(palette: Map<string, number>): Uint8Array[] {
  const entries = [...palette.keys()].map((key) => key.split(",").map(Number));
  const colours = Uint8Array.from(entries.flatMap((entry) => entry.slice(0, 3)));
  const alphas = Uint8Array.from(entries.map((entry) => entry[3] as number));
  return [chunk("PLTE", colours), chunk("tRNS", alphas)];
}

/**
 * Encodes a picture given as a function of its place. What the kind cannot hold is dropped: alpha
 * where it has none (but a palette's), all channels but red where it is grey.
 */
export function encodePng(
  width: number,
  height: number,
  pixelAt: (x: number, y: number) => Rgba,
  { kind, interlaced = false }: PngOptions,
): Uint8Array {
  const pixels = Array.from({ length: width * height }, (_, i) =>
    pixelAt(i % width, Math.floor(i / width)),
  );
  const palette = kind === "palette" ? paletteOf(pixels) : new Map<string, number>();
  const raw: number[] = [];
  for (const pass of interlaced ? ADAM7 : WHOLE) {
    if (pass.x >= width) continue;
    for (let y = pass.y; y < height; y += pass.stepY) {
      raw.push(0); // filter type None
      for (let x = pass.x; x < width; x += pass.stepX) {
        raw.push(...samples(pixels[y * width + x] as Rgba, kind, palette));
      }
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = kind.endsWith("16") ? 16 : 8;
  head[9] = COLOUR_TYPES[kind.replace("16", "") as keyof typeof COLOUR_TYPES];
  head[12] = Number(interlaced);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    ...(kind === "palette" ? paletteChunks(palette) : []),
    chunk("IDAT", deflateSync(Uint8Array.from(raw))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
