// SPDX-License-Identifier: MPL-2.0
/** Which rows of its picture a viewer has as the sender believes. Pure. */

/** Rows `y` to `y + height`, in px. */
export interface Band {
  readonly y: number;
  readonly height: number;
}

/**
 * The rows of one viewer's picture that are broken: something of them has been
 * held back, so that nothing which builds on them may be sent before something
 * complete has covered them. All of them are at first.
 */
export class BrokenRows {
  /** By row: 1 where it is broken. */
  #rows: Uint8Array;
  #count: number;

  constructor(heightPx: number) {
    this.#rows = new Uint8Array(heightPx).fill(1);
    this.#count = heightPx;
  }

  /** Whether any row is. */
  get any(): boolean {
    return this.#count > 0;
  }

  touches({ y, height }: Band): boolean {
    return this.#count > 0 && this.#rows.subarray(y, y + height).includes(1);
  }

  break(band: Band): void {
    this.#set(band, 1);
  }

  mend(band: Band): void {
    if (this.#count > 0) this.#set(band, 0);
  }

  breakAll(): void {
    this.#rows.fill(1);
    this.#count = this.#rows.length;
  }

  #set({ y, height }: Band, value: 0 | 1): void {
    const end = Math.min(y + height, this.#rows.length);
    for (let row = y; row < end; row++) {
      if (this.#rows[row] === value) continue;
      this.#rows[row] = value;
      this.#count += value === 1 ? 1 : -1;
    }
  }
}
