// SPDX-License-Identifier: MPL-2.0

/** How H.264 is decoded; `"image"` is not at all: JPEG is asked for instead. */
export type DecoderStep = "no-preference" | "prefer-software" | "image";

/** Failures of one row within so long are not chance. */
const REPEATED_MS = 5000;

/**
 * Steps down from whatever decoder the browser takes, mostly hardware, to
 * software and then to images, when decoding fails again and again. One failure
 * may be the stream's: a stripe that was not complete, say.
 */
export class DecoderLadder {
  #step: DecoderStep = "no-preference";
  /** When a row last failed, in ms. */
  readonly #failedMs = new Map<number, number>();

  get step(): DecoderStep {
    return this.#step;
  }

  /**
   * A row's decoder has failed.
   *
   * @param row - Where the row begins, or anything that tells it from others.
   * @param isFinal - Trying again would change nothing.
   * @param hasImages - JPEG may be asked for.
   * @returns Whether there is another step now.
   */
  fail(row: number, nowMs: number, isFinal: boolean, hasImages: boolean): boolean {
    const beforeMs = this.#failedMs.get(row) ?? Number.NEGATIVE_INFINITY;
    this.#failedMs.set(row, nowMs);
    if (!isFinal && nowMs - beforeMs > REPEATED_MS) return false;
    const next = this.#step === "no-preference" ? "prefer-software" : "image";
    if (this.#step === next || (next === "image" && !hasImages)) return false;
    this.#step = next;
    this.#failedMs.clear();
    return true;
  }

  /** Takes the last step at once. */
  useImages(): void {
    this.#step = "image";
  }

  /** Begins at the top again. */
  reset(): void {
    this.#step = "no-preference";
    this.#failedMs.clear();
  }
}
