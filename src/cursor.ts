// SPDX-License-Identifier: MPL-2.0
/** The pointer of a capture whose setting `captureCursor` is `"stream"`. */
import type { NativeCapture } from "./native/capture.ts";

/** An image of the pointer. Frozen; its pixels are plain memory, with nothing to release. */
export interface CursorImage {
  /** Another number for each image of this process's captures, 1…4294967295. */
  readonly id: number;
  /** In px, 1…256. */
  readonly width: number;
  readonly height: number;
  /** The hot spot, from the image's top left corner, in px; it lies in the image. */
  readonly hotX: number;
  readonly hotY: number;
  /**
   * RGBA, a byte each, not premultiplied: what an `ImageData` holds. Rows top-down,
   * `width * height * 4` bytes. Not to be written to: others see the same memory.
   */
  readonly pixels: Uint8Array;
}

/** Where the pointer is, and how it looks. */
export interface CursorState {
  /**
   * The hot spot in px of the region. It may lie outside while a part of the image
   * lies inside; where the pointer is not visible, it is where it last was.
   */
  readonly x: number;
  readonly y: number;
  /**
   * Whether any of it is to be seen in the region: false where it is outside, where
   * the server or a program has hidden it by an empty image, and where an image is
   * larger than 256 px.
   */
  readonly visible: boolean;
  /** Its image; `undefined` where it is not visible. */
  readonly image: CursorImage | undefined;
}

/** The pointer has moved, looks different, has come or gone. */
export interface CursorEvent {
  /** As in {@link CursorState}. */
  readonly x: number;
  readonly y: number;
  /** As in {@link CursorState}. */
  readonly visible: boolean;
  /** {@link CursorImage.id} of its image; 0 where it is not visible. */
  readonly imageId: number;
  /**
   * The image where it is a new one. Each comes once, but one that has not been shown
   * for long may come again, under another id: keep the last {@link CURSOR_IMAGE_COUNT_MAX}.
   */
  readonly image?: CursorImage;
}

/** `PF_CURSOR_IMAGE_COUNT_MAX`: images that may be referred to again; of older ones a new copy comes. */
export const CURSOR_IMAGE_COUNT_MAX = 64;

/** `PF_CURSOR_SIDE_PX_MAX`: the largest image, in px a side. */
export const CURSOR_SIDE_PX_MAX = 256;

const ID_MAX = 0xffffffff;
let lastId = 0;

/** Ids are this process's, not the capture's, so that images of two captures can be told apart. */
function nextId(): number {
  lastId = lastId === ID_MAX ? 1 : lastId + 1;
  return lastId;
}

/** Keeps what a run's native side has told of the pointer. */
export class CursorTracker {
  /** By native id, in the order in which they came. */
  readonly #images = new Map<number, CursorImage>();
  #state: CursorState | undefined;

  /** As it was told last; `undefined` before that. */
  get state(): CursorState | undefined {
    return this.#state;
  }

  /** Reads what is new. @throws {PixelfluxError} */
  take(native: NativeCapture): CursorEvent | undefined {
    const cursor = native.cursor.drain();
    if (cursor === undefined) return undefined;
    const { x, y, visible, imageId, pixels } = cursor;
    const isNew = pixels !== undefined;
    if (isNew) {
      const { width, height, hotX, hotY } = cursor;
      this.#add(imageId, Object.freeze({ id: nextId(), width, height, hotX, hotY, pixels }));
    }
    const image = this.#images.get(imageId);
    this.#state = Object.freeze({ x, y, visible, image });
    const event = { x, y, visible, imageId: image?.id ?? 0 };
    return isNew && image ? { ...event, image } : event;
  }

  #add(nativeId: number, image: CursorImage): void {
    this.#images.set(nativeId, image);
    const [oldest] = this.#images.keys();
    if (this.#images.size > CURSOR_IMAGE_COUNT_MAX && oldest !== undefined) {
      this.#images.delete(oldest);
    }
  }
}
