// SPDX-License-Identifier: MPL-2.0
/** Which rows of a picture are known well enough for the next stripe to build on them. Pure. */
import type { StripePlace } from "./message.ts";

/**
 * Lets through what a reader can use after messages were missed: of each row's
 * H.264 stream nothing before its next keyframe, and no copies before complete
 * stripes have covered the whole picture.
 */
export class RowSync {
  /** Height by first row, of the H.264 streams that go on. */
  readonly #streams = new Map<number, number>();
  /** By row: 1 where something complete has covered it. */
  #covered = new Uint8Array(0);
  #missing = 0;
  #width = 0;

  /** Complete stripes have covered every row since the last {@link reset}. */
  get isComplete(): boolean {
    return this.#missing === 0 && this.#covered.length > 0;
  }

  /** Nothing of the picture is known; it has this size in px from here on. */
  reset(width: number, height: number): void {
    this.#streams.clear();
    this.#covered = new Uint8Array(height);
    this.#missing = height;
    this.#width = width;
  }

  /** Whether a stripe can be used; where it can it is taken as handed out. */
  admit(stripe: StripePlace): boolean {
    const { type, keyframe, stripeYStart: y, stripeHeight } = stripe;
    if (type === "copy") return this.isComplete;
    if (!keyframe) return this.#streams.get(y) === stripeHeight;
    if (type === "h264") this.#streams.set(y, stripeHeight);
    if (this.#missing > 0 && stripe.x === 0 && stripe.width >= this.#width) {
      this.#cover(y, y + stripeHeight);
    }
    return true;
  }

  #cover(start: number, end: number): void {
    for (let row = start; row < end; row++) {
      if (this.#covered[row] !== 0) continue;
      this.#covered[row] = 1;
      this.#missing -= 1;
    }
  }
}
