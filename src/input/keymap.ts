// SPDX-License-Identifier: MPL-2.0
/** What the keys of a keyboard mean at present (X11 protocol, GetKeyboardMapping). Pure. */
import { KEYSYM } from "./keysyms.ts";

/** How a keysym is got: a key, and the modifiers that choose its level. */
export interface Stroke {
  readonly keycode: number;
  readonly shift: boolean;
  /** AltGr on most keyboards. */
  readonly level3: boolean;
}

/**
 * Columns of the core protocol's table by group and level, as XKB fills it
 * (kbproto, "Core Keyboard Mapping to XKB"): levels 1 and 2 of groups 1 and 2, then
 * levels 3 and 4 of both.
 */
const COLUMNS = [
  [0, 1, 4, 5],
  [2, 3, 6, 7],
] as const;

/** One reading of the table. */
export class Keymap {
  readonly #firstKeycode: number;
  readonly #width: number;
  readonly #keysyms: Uint32Array;
  readonly #strokes = new Map<number, Stroke>();

  /**
   * @param reply - the answer to GetKeyboardMapping.
   * @param group - the present one, from 0; in one that the table has not got, no key is found.
   */
  constructor(firstKeycode: number, reply: Buffer, group: number) {
    this.#firstKeycode = firstKeycode;
    this.#width = reply.readUInt8(1);
    const count = Math.floor((reply.length - 32) / 4);
    this.#keysyms = Uint32Array.from({ length: count }, (_, at) => reply.readUInt32LE(32 + at * 4));
    for (const [level, column] of (COLUMNS[group] ?? []).entries()) this.#index(level, column);
  }

  /** The quickest way to a keysym; `undefined` where no key means it. */
  find(keysym: number): Stroke | undefined {
    return this.#strokes.get(keysym);
  }

  /** What a key means without modifiers in the first group; 0 for nothing. */
  meaning(keycode: number): number {
    return this.#keysyms[(keycode - this.#firstKeycode) * this.#width] ?? 0;
  }

  /** Keys that mean nothing at all. */
  spareKeycodes(): number[] {
    if (this.#width === 0) return [];
    const count = Math.floor(this.#keysyms.length / this.#width);
    const keycodes = Array.from({ length: count }, (_, index) => this.#firstKeycode + index);
    return keycodes.filter((keycode) => {
      const at = (keycode - this.#firstKeycode) * this.#width;
      return this.#keysyms.subarray(at, at + this.#width).every((keysym) => keysym === 0);
    });
  }

  #index(level: number, column: number): void {
    if (column >= this.#width) return;
    const usesLevel3 = level >= 2;
    if (usesLevel3 && this.find(KEYSYM.ISO_Level3_Shift) === undefined) return;
    for (let at = column, index = 0; at < this.#keysyms.length; at += this.#width, index++) {
      const keysym = this.#keysyms[at] ?? 0;
      if (keysym === 0 || this.#strokes.has(keysym)) continue;
      const keycode = this.#firstKeycode + index;
      this.#strokes.set(keysym, { keycode, shift: level % 2 === 1, level3: usesLevel3 });
    }
  }
}
