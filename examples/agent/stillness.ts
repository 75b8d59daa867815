// SPDX-License-Identifier: MPL-2.0
import { setTimeout as pause } from "node:timers/promises";
import type { ScreenCapture } from "pixelflux-ffi";

/** When a screen changed last, by the stripes of its capture. */
export class Stillness {
  /** Stripes are to be cheap, and none to come without a change. */
  static readonly settings = {
    outputMode: "jpeg",
    jpegQuality: 10,
    paintOverJpegQuality: 10,
    usePaintOverQuality: false,
    targetFps: 20,
  } as const;

  #changedMs = performance.now();
  #onChange = Promise.withResolvers<void>();

  /** Starts a capture, and watches it. */
  static async watch(capture: ScreenCapture): Promise<Stillness> {
    const stillness = new Stillness();
    await capture.start((stripe) => {
      stripe.release();
      stillness.#changedMs = performance.now();
      stillness.#onChange.resolve();
      stillness.#onChange = Promise.withResolvers();
    });
    return stillness;
  }

  /** @throws the signal's reason. */
  async pause(durationMs: number, signal: AbortSignal): Promise<void> {
    await pause(durationMs, undefined, { signal });
  }

  /**
   * Waits until nothing has changed for so long, counted from now.
   *
   * @returns false where the time was over first.
   * @throws the signal's reason.
   */
  async reached(quietMs: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const startMs = performance.now();
    for (;;) {
      const nowMs = performance.now();
      const restMs = quietMs - (nowMs - Math.max(this.#changedMs, startMs));
      if (restMs <= 0) return true;
      const leftMs = timeoutMs - (nowMs - startMs);
      if (leftMs <= 0) return false;
      await pause(Math.min(restMs, leftMs), undefined, { signal });
    }
  }

  /** Waits for the next change; as {@link reached}. */
  async ended(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    const changed = this.#onChange.promise.then(() => true);
    const late = pause(timeoutMs, false, { signal: AbortSignal.any([signal, over.signal]) });
    try {
      return await Promise.race([changed, late]);
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
  }
}
