// SPDX-License-Identifier: MPL-2.0
// Which update a stripe shows, read from the codes that pf-painter paints, and how long it took.
import { runFfmpeg } from "../test/support/decode.ts";
import type { Update } from "../test/support/painter.ts";
import type { RecordedArrival, Recording } from "./recording.ts";

/* As in native/test/painter_workload.c. */
const CELL_PX = 8;
const COLUMNS = 12;
const BITS = 24;
const CODE_WIDTH_PX = CELL_PX * COLUMNS;
const CODE_HEIGHT_PX = 16;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The luma of one box of a stripe. */
interface Luma extends Box {
  bytes: Uint8Array;
}

/** The rows of an update's codes that lie wholly in rows y...y+height; undefined: none. */
function codeRow(update: Update, y: number, height: number): number | undefined {
  for (let i = 0; i < update.codeCount; i++) {
    const row = update.codeY + i * update.codeStep;
    if (row >= y && row + CODE_HEIGHT_PX <= y + height) return row;
  }
  return undefined;
}

/** Mean of the middle 4×4 px of a cell: its edges are where codecs blur. */
function isWhite(luma: Luma, x: number, y: number): boolean {
  let sum = 0;
  for (let row = 2; row < 6; row++) {
    const at = (y - luma.y + row) * luma.width + x - luma.x + 2;
    for (let column = 0; column < 4; column++) sum += luma.bytes[at + column] as number;
  }
  return sum >= 16 * 128;
}

/** The counter of a code at (x, y) of the stripe; undefined where there is no code. */
function readCode(luma: Luma, x: number, y: number): number | undefined {
  let code = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const cellX = x + (bit % COLUMNS) * CELL_PX;
    const cellY = y + Math.floor(bit / COLUMNS) * CELL_PX;
    code = (code << 1) | Number(isWhite(luma, cellX, cellY));
  }
  const counter = code >>> 8;
  return Math.imul(counter, 0x9e3779b1) >>> 24 === (code & 0xff) ? counter : undefined;
}

/** The smallest box with every code that a stripe of these rows can show. */
function boxOf(updates: Update[], y: number, height: number): Box | undefined {
  let box: { left: number; top: number; right: number; bottom: number } | undefined;
  for (const update of updates) {
    const row = codeRow(update, y, height);
    if (row === undefined) continue;
    box ??= { left: update.codeX, top: row, right: 0, bottom: 0 };
    box.left = Math.min(box.left, update.codeX);
    box.top = Math.min(box.top, row);
    box.right = Math.max(box.right, update.codeX + CODE_WIDTH_PX);
    box.bottom = Math.max(box.bottom, row + CODE_HEIGHT_PX);
  }
  if (box === undefined) return undefined;
  const { left, top, right, bottom } = box;
  return { x: left, y: top - y, width: right - left, height: bottom - top };
}

async function decodeLuma(stream: RecordedArrival[], bytes: Uint8Array, box: Box): Promise<Luma[]> {
  const size = box.width * box.height;
  const pictures: Luma[] = [];
  let picture = new Uint8Array(size);
  let filled = 0;
  const take = (chunk: Uint8Array): void => {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - filled);
      picture.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === size) {
        pictures.push({ ...box, bytes: picture });
        picture = new Uint8Array(size);
        filled = 0;
      }
    }
  };
  const jpeg = stream[0]?.type === "jpeg";
  const options = jpeg ? ["-f", "image2pipe", "-c:v", "mjpeg"] : ["-f", "h264"];
  const payloads = stream.map(({ offset, size }) => bytes.subarray(offset, offset + size));
  const crop = `crop=${box.width}:${box.height}:${box.x}:${box.y}:exact=1`;
  const output = ["-vf", `extractplanes=y,${crop}`, "-f", "rawvideo", "-pix_fmt", "gray"];
  await runFfmpeg({ options, payloads }, output, take);
  if (pictures.length !== stream.length) {
    throw new Error(`${stream.length} stripes went in, ${pictures.length} pictures came out`);
  }
  return pictures;
}

/** The newest update that a stripe shows; undefined where it shows none. */
function shownUpdate(
  luma: Luma,
  y: number,
  height: number,
  newestFirst: Update[],
): number | undefined {
  for (const update of newestFirst) {
    const row = codeRow(update, y, height);
    if (row !== undefined && readCode(luma, update.codeX, row - y) === update.counter) {
      return update.counter;
    }
  }
  return undefined;
}

/** When each update was first shown by the stripes of one place on the screen. */
async function firstShown(
  stream: RecordedArrival[],
  bytes: Uint8Array,
  updates: Update[],
): Promise<Map<number, number>> {
  const { y, height } = stream[0] as RecordedArrival;
  const shown = new Map<number, number>();
  const box = boxOf(updates, y, height);
  if (box === undefined) return shown;
  const pictures = await decodeLuma(stream, bytes, box);
  let newest = 0;
  for (const [index, picture] of pictures.entries()) {
    const { arrivalNs } = stream[index] as RecordedArrival;
    // A code older than the last one seen here cannot come back; one painted later cannot show.
    const possible = updates
      .slice(newest)
      .filter((update) => update.ns - 20e6 < arrivalNs)
      .reverse();
    const counter = shownUpdate(picture, y, height, possible);
    if (counter !== undefined && counter > newest) {
      newest = counter;
      shown.set(counter, arrivalNs);
    }
  }
  return shown;
}

/** How long updates took from the painter's sync to the callback, in ms. */
export interface Latencies {
  /** To the first stripe that shows the update. */
  first: number[];
  /** To the last stripe of those that show it; updates that were skipped by some are left out. */
  last: number[];
}

export async function latenciesOf(recording: Recording, updates: Update[]): Promise<Latencies> {
  const streams = Map.groupBy(recording.arrivals, ({ y, height }) => `${y} ${height}`);
  const places: Map<number, number>[] = [];
  for (const stream of streams.values()) {
    places.push(await firstShown(stream, recording.bytes, updates));
  }
  const latencies: Latencies = { first: [], last: [] };
  for (const update of updates) {
    const times = places.flatMap((shown) => shown.get(update.counter) ?? []);
    if (times.length === 0) continue;
    const expected = [...streams.values()].filter(
      ([stripe]) => stripe && codeRow(update, stripe.y, stripe.height) !== undefined,
    ).length;
    latencies.first.push((Math.min(...times) - update.ns) / 1e6);
    if (times.length === expected) latencies.last.push((Math.max(...times) - update.ns) / 1e6);
  }
  return latencies;
}
