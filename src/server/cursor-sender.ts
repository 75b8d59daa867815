// SPDX-License-Identifier: MPL-2.0
/** What one viewer is told of the pointer. */
import type { CursorImages } from "./cursor-images.ts";
import type { FeedCursor, FeedCursorImage } from "./feed.ts";

/** As many images as a viewer keeps (docs/wire-format.md). */
const IMAGE_COUNT_MAX = 64;

/** The socket, as its viewer sees it. */
export interface CursorOutlet {
  /** False where nothing was sent. */
  send(data: Uint8Array): boolean;
  /** Bytes handed to the socket so far, and how many of them wait there. */
  sentBytes(): number;
  bufferedBytes(): number;
  /** Nobody looks. */
  isPaused(): boolean;
}

/**
 * Sends the newest state, and never a second one while the last still waits in the
 * socket: so a slow viewer's stripes hold no more of them up than that one, and they
 * take no room from those. Silent until the viewer has asked for it.
 */
export class CursorSender {
  readonly #outlet: CursorOutlet;
  readonly #images: CursorImages;
  /** That it has, the oldest first. */
  readonly #known: FeedCursorImage[] = [];
  #wanted = false;
  #state: FeedCursor | undefined;
  /** The state is not what the viewer has been told. */
  #isNews = false;
  /** Where in all that was handed to the socket the last message ends. */
  #endBytes = 0;
  #count = 0;

  constructor(outlet: CursorOutlet, images: CursorImages) {
    this.#outlet = outlet;
    this.#images = images;
  }

  /** Messages sent: images and positions. */
  get count(): number {
    return this.#count;
  }

  /** The viewer draws the pointer, and wants to be told of it from here on. */
  want(): void {
    this.#wanted = true;
    this.flush();
  }

  /** @param state - `undefined` where nothing is known of the pointer. */
  show(state: FeedCursor | undefined): void {
    this.#isNews ||= state !== this.#state;
    this.#state = state;
    this.flush();
  }

  /** To be called whenever there may be room. */
  flush(): void {
    if (!this.#wanted || !this.#isNews || this.#outlet.isPaused() || this.#waits) return;
    const image = this.#state?.visible ? this.#state.image : undefined;
    if (image !== undefined && !this.#sendImage(image)) return;
    if (this.#send(this.#images.positionMessage(this.#state))) this.#isNews = false;
  }

  /**
   * The last message has not left the socket. What is buffered counts headers of the
   * WebSocket's own, too: rather later than sooner.
   */
  get #waits(): boolean {
    return this.#endBytes > this.#outlet.sentBytes() - this.#outlet.bufferedBytes();
  }

  #sendImage(image: FeedCursorImage): boolean {
    if (this.#known.includes(image)) return true;
    if (!this.#send(this.#images.imageMessage(image))) return false;
    this.#known.push(image);
    if (this.#known.length > IMAGE_COUNT_MAX) this.#known.shift();
    return true;
  }

  #send(data: Uint8Array): boolean {
    if (!this.#outlet.send(data)) return false;
    this.#endBytes = this.#outlet.sentBytes();
    this.#count += 1;
    return true;
  }
}
