// SPDX-License-Identifier: MPL-2.0
// Reads the codes that pf-painter paints, off what a client shows: which updates are to be seen.
import type { Update } from "../test/support/painter.ts";
import type { Luma } from "./pictures.ts";

/* As in native/test/painter_code.c. */
const CELL_PX = 8;
const COLUMNS = 12;
const BITS = 24;
const CODE_WIDTH_PX = CELL_PX * COLUMNS;
const CODE_HEIGHT_PX = 16;

/** The painter takes the time after the server has answered: a capture may be quicker. */
const CLOCK_SLACK_NS = 20e6;
/** Who has not been shown by then is not waited for. */
const LATEST_NS = 3e9;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Mean of the middle 4×4 px of a cell: its edges are where codecs blur. */
function isWhite(luma: Luma, x: number, y: number): boolean {
  let sum = 0;
  for (let row = 2; row < 6; row++) {
    const at = (y + row) * luma.width + x + 2;
    for (let column = 0; column < 4; column++) sum += luma.bytes[at + column] as number;
  }
  return sum >= 16 * 128;
}

/** The counter of the code at (x, y); undefined where there is no code. */
export function readCode(luma: Luma, x: number, y: number): number | undefined {
  let code = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const cellX = x + (bit % COLUMNS) * CELL_PX;
    const cellY = y + Math.floor(bit / COLUMNS) * CELL_PX;
    code = (code << 1) | Number(isWhite(luma, cellX, cellY));
  }
  const counter = code >>> 8;
  return Math.imul(counter, 0x9e3779b1) >>> 24 === (code & 0xff) ? counter : undefined;
}

function codeY(update: Update, index: number): number {
  return update.codeY + index * update.codeStep;
}

/** Whether the picture shows the update, by code `index` of it. */
function shows(luma: Luma, update: Update, index: number): boolean {
  return readCode(luma, update.codeX, codeY(update, index)) === update.counter;
}

function touches(box: Box, update: Update, index: number): boolean {
  const y = codeY(update, index);
  return (
    box.x < update.codeX + CODE_WIDTH_PX &&
    box.x + box.width > update.codeX &&
    box.y < y + CODE_HEIGHT_PX &&
    box.y + box.height > y
  );
}

/** Whether every code of the update is to be seen. */
export function showsAll(luma: Luma, update: Update): boolean {
  for (let index = 0; index < update.codeCount; index++) {
    if (!shows(luma, update, index)) return false;
  }
  return true;
}

/** An update that is waited for. */
interface Awaited {
  update: Update;
  seen: boolean[];
  /** Codes that have not been seen. */
  left: number;
}

/** How long updates took from the painter's sync to the callback, in ms. */
export interface Latencies {
  /** To the first stripe that shows the update. */
  first: number[];
  /** To the stripe with which every part of it has been shown; without those that never were. */
  last: number[];
}

/** Notes when each update comes to be seen. They are shown in their order, or not at all. */
export class Watch {
  readonly latencies: Latencies = { first: [], last: [] };
  /** The newest update of which something has been seen. */
  newest: Update | undefined;
  readonly #updates: Update[];
  #next = 0;
  #awaited: Awaited[] = [];

  constructor(updates: Update[]) {
    this.#updates = updates;
  }

  /** The box of the picture has just been drawn. */
  drawn(luma: Luma, box: Box, arrivalNs: number): void {
    this.#awaitThoseBefore(arrivalNs);
    for (const awaited of this.#awaited) {
      const before = awaited.left;
      this.#look(luma, box, awaited);
      if (awaited.left < before) this.#note(awaited, before, arrivalNs);
    }
    const complete = this.#awaited.findLastIndex(({ left }) => left === 0);
    this.#awaited = this.#awaited
      .slice(complete + 1)
      .filter(({ update }) => update.ns > arrivalNs - LATEST_NS);
  }

  #awaitThoseBefore(arrivalNs: number): void {
    for (;;) {
      const update = this.#updates[this.#next];
      if (update === undefined || update.ns - CLOCK_SLACK_NS > arrivalNs) return;
      const seen = new Array<boolean>(update.codeCount).fill(false);
      this.#awaited.push({ update, seen, left: update.codeCount });
      this.#next++;
    }
  }

  #look(luma: Luma, box: Box, awaited: Awaited): void {
    const { update, seen } = awaited;
    for (let index = 0; index < update.codeCount; index++) {
      if (seen[index] || !touches(box, update, index) || !shows(luma, update, index)) continue;
      seen[index] = true;
      awaited.left--;
    }
  }

  #note({ update, left }: Awaited, before: number, arrivalNs: number): void {
    const latencyMs = (arrivalNs - update.ns) / 1e6;
    if (before === update.codeCount) this.latencies.first.push(latencyMs);
    if (left === 0) this.latencies.last.push(latencyMs);
    if (update.counter > (this.newest?.counter ?? 0)) this.newest = update;
  }
}
