// SPDX-License-Identifier: MPL-2.0
/** The pointer's messages of one stream, whoever gets them. */
import { writeCursorImage, writeCursorPosition } from "../wire.ts";
import type { FeedCursor, FeedCursorImage } from "./feed.ts";

const ID_MAX = 0xffffffff;
/** Before anything is known of the pointer, and when it is not any more. */
const NOWHERE: FeedCursor = { x: 0, y: 0, visible: false, image: undefined };

/** Numbers images, and keeps the message of the one that was asked for last: all viewers get it. */
export class CursorImages {
  readonly #ids = new WeakMap<FeedCursorImage, number>();
  #lastId = 0;
  #image: FeedCursorImage | undefined;
  #message: Uint8Array = new Uint8Array(0);

  /** @throws {WireError} for an image that no capture makes. */
  imageMessage(image: FeedCursorImage): Uint8Array {
    if (image !== this.#image) {
      this.#message = writeCursorImage({ ...image, id: this.#idOf(image) });
      this.#image = image;
    }
    return this.#message;
  }

  positionMessage({ x, y, visible, image }: FeedCursor = NOWHERE): Uint8Array {
    const isShown = visible && image !== undefined;
    const imageId = isShown ? this.#idOf(image) : 0;
    return writeCursorPosition({ visible: isShown, imageId, x: i16(x), y: i16(y) });
  }

  #idOf(image: FeedCursorImage): number {
    const known = this.#ids.get(image);
    if (known !== undefined) return known;
    this.#lastId = this.#lastId === ID_MAX ? 1 : this.#lastId + 1;
    this.#ids.set(image, this.#lastId);
    return this.#lastId;
  }
}

function i16(value: number): number {
  return Math.max(-0x8000, Math.min(0x7fff, Math.round(value)));
}
