// SPDX-License-Identifier: MPL-2.0

/** ITU-T T.81, table K.1, in zigzag order: luminance quantisers at quality 50. */
const LUMINANCE = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
  29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
  95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

const MARKER_SOF0 = 0xc0;
const MARKER_DQT = 0xdb;

/** libjpeg's jpeg_quality_scaling and jpeg_add_quant_table, forced to baseline. */
function tableOf(quality: number): number[] {
  const scale = quality < 50 ? Math.floor(5000 / Math.max(quality, 1)) : 200 - quality * 2;
  return LUMINANCE.map((base) => Math.min(255, Math.max(1, Math.floor((base * scale + 50) / 100))));
}

const QUALITY_BY_TABLE = new Map(
  Array.from({ length: 100 }, (_, i) => [tableOf(i + 1).join(), i + 1]),
);

/** The segments of a JPEG up to its scan: markers, and the bytes behind their lengths. */
function* segmentsOf(jpeg: Uint8Array): Generator<[marker: number, body: Uint8Array]> {
  for (let at = 2; jpeg[at] === 0xff; ) {
    const length = ((jpeg[at + 2] as number) << 8) | (jpeg[at + 3] as number);
    yield [jpeg[at + 1] as number, jpeg.subarray(at + 4, at + 2 + length)];
    at += 2 + length;
  }
}

/** The libjpeg quality a JPEG was made with, read from its quantisation table; 1…100. */
export function jpegQualityOf(jpeg: Uint8Array): number {
  for (const [marker, body] of segmentsOf(jpeg)) {
    // The first byte: 8-bit precision, table 0, which is that of luminance.
    if (marker !== MARKER_DQT || body[0] !== 0) continue;
    const quality = QUALITY_BY_TABLE.get(body.subarray(1, 1 + LUMINANCE.length).join());
    if (quality !== undefined) return quality;
  }
  throw new Error("the JPEG's luminance table is that of no libjpeg quality");
}

/** Whether a baseline JPEG's chroma has full resolution (T.81, B.2.2). */
export function isFullColorJpeg(jpeg: Uint8Array): boolean {
  for (const [marker, body] of segmentsOf(jpeg)) {
    // Precision, height, width and component count take 6 bytes; then id, sampling, table each.
    if (marker === MARKER_SOF0) return body[7] === 0x11;
  }
  throw new Error("the JPEG has no baseline frame header");
}
