// SPDX-License-Identifier: MPL-2.0
import type { ScreenCapture } from "pixelflux-ffi";

/** Stripes are to be cheap, and none to come without a change. */
export const WATCH_SETTINGS = {
  outputMode: "jpeg",
  jpegQuality: 10,
  paintOverJpegQuality: 10,
  usePaintOverQuality: false,
} as const;

/** Tells of changes of a screen, by the stripes of its capture. */
export class Changes {
  /** Something has changed since the last {@link next}. */
  #isChanged = false;
  #wake: () => void = () => undefined;

  /** Starts the capture; its first frame counts as a change. */
  static async watch(capture: ScreenCapture): Promise<Changes> {
    const changes = new Changes();
    capture.on("frame", () => changes.#wake());
    await capture.start((stripe) => {
      changes.#isChanged = true;
      stripe.release();
    });
    return changes;
  }

  /**
   * Waits for a frame with a change, unless there has been one since the last call.
   * Costs nothing while the screen stands still.
   *
   * @returns false where the signal is aborted first.
   */
  async next(signal: AbortSignal): Promise<boolean> {
    while (!this.#isChanged && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#isChanged = false;
    return !signal.aborted;
  }
}
