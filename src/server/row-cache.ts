// SPDX-License-Identifier: MPL-2.0
/** The newest stripe of each row, for streams whose stripes all decode alone. */
import { parseStripe, writeHeader } from "../wire.ts";
import type { FeedStripe } from "./feed.ts";
import type { Band } from "./rows.ts";

/** One row of the present picture, ready to be sent. */
export interface CachedRow extends Band {
  readonly data: Uint8Array;
}

/**
 * Keeps the newest stripe of each row, in the native memory it came in. What it
 * keeps is its own to release.
 */
export class RowCache {
  /** By first row. */
  readonly #stripes = new Map<number, FeedStripe>();
  #rows: readonly CachedRow[] | undefined;
  #rowsFrameId = -1;

  /** Takes a full-width JPEG over, in place of what it covers. */
  add(stripe: FeedStripe): void {
    const { stripeYStart: y, stripeHeight: height } = stripe;
    for (const [start, older] of this.#stripes) {
      if (start >= y + height || start + older.stripeHeight <= y) continue;
      older.release();
      this.#stripes.delete(start);
    }
    this.#stripes.set(y, stripe);
    this.#rows = undefined;
  }

  /**
   * The whole picture as stripes of the frame `frameId`.
   *
   * @returns `undefined` where rows of it are missing.
   */
  rows(heightPx: number, frameId: number): readonly CachedRow[] | undefined {
    if (this.#rows !== undefined && this.#rowsFrameId === frameId) return this.#rows;
    const stripes = [...this.#stripes.values()];
    const covered = stripes.reduce((sum, { stripeHeight }) => sum + stripeHeight, 0);
    if (covered < heightPx) return undefined;
    this.#rowsFrameId = frameId;
    this.#rows = stripes.map((stripe) => ({
      y: stripe.stripeYStart,
      height: stripe.stripeHeight,
      data: stripe.frameId === frameId ? stripe.data : renumbered(stripe, frameId),
    }));
    return this.#rows;
  }

  clear(): void {
    for (const stripe of this.#stripes.values()) stripe.release();
    this.#stripes.clear();
    this.#rows = undefined;
  }
}

/** A copy that says it is of another frame: viewers draw the stripes of one frame at once. */
function renumbered({ data, stripeYStart: y }: FeedStripe, frameId: number): Uint8Array {
  const copy = data.slice();
  writeHeader(copy, { type: "jpeg", frameId, y });
  return copy;
}

/** Whether a stripe is all that its rows show, whatever was there before. */
export function isComplete(stripe: FeedStripe, widthPx: number): boolean {
  return stripe.keyframe && stripe.x === 0 && stripe.width >= widthPx;
}

/** Where a copy's pixels come from. */
export function copySource({ data, stripeHeight: height }: FeedStripe): Band {
  const copy = parseStripe(data, "extended");
  return { y: copy.type === "copy" ? copy.sourceY : 0, height };
}
