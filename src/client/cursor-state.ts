// SPDX-License-Identifier: MPL-2.0
import { parseCursor, type WireCursorImage } from "../wire.ts";

/** An image of the pointer, for a page to draw. */
export type CursorPicture = Omit<WireCursorImage, "type">;

/** The pointer as it is now, for a page to draw. */
export interface CursorView {
  /** The hot spot in px of the screen. */
  readonly x: number;
  readonly y: number;
  /** What to draw there; 0 for nothing. */
  readonly imageId: number;
  /** The image, where that is another than before. */
  readonly image?: CursorPicture;
}

/** As many as a server counts on (docs/wire-format.md). */
const IMAGE_COUNT_MAX = 64;

/** Reads a connection's messages of the pointer. */
export class CursorReader {
  /** By id, in the order in which they came. */
  readonly #images = new Map<number, CursorPicture>();
  #shownId = 0;

  /**
   * Takes a message.
   *
   * @returns what is to be shown from here on; `undefined` where that does not change.
   * @throws {WireError} for a message that is none; what was known stays.
   */
  take(message: Uint8Array): CursorView | undefined {
    const cursor = parseCursor(message);
    if (cursor.type === "cursor-image") {
      this.#keep(cursor);
      return undefined;
    }
    const { x, y } = cursor;
    // One that never came cannot be shown; the next that is another will be.
    const image = this.#images.get(cursor.imageId);
    const imageId = image?.id ?? 0;
    const isOther = imageId !== this.#shownId;
    this.#shownId = imageId;
    return { x, y, imageId, ...(image && isOther ? { image } : {}) };
  }

  /** The connection is another. @returns as `take`. */
  reset(): CursorView {
    this.#images.clear();
    this.#shownId = 0;
    return { x: 0, y: 0, imageId: 0 };
  }

  #keep({ id, width, height, hotX, hotY, pixels }: WireCursorImage): void {
    this.#images.delete(id);
    if (id === this.#shownId) this.#shownId = 0;
    // The message's memory is all of its own.
    this.#images.set(id, { id, width, height, hotX, hotY, pixels });
    const [oldest] = this.#images.keys();
    if (this.#images.size > IMAGE_COUNT_MAX && oldest !== undefined) this.#images.delete(oldest);
  }
}
