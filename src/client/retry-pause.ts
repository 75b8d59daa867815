// SPDX-License-Identifier: MPL-2.0

const FIRST_MS = 500;
const LAST_MS = 10_000;
/** As much of a pause is left to chance, or all viewers of a server would come back at once. */
const JITTER = 0.25;

/** Pauses between attempts to connect: each twice the one before, up to ten seconds. */
export class RetryPause {
  #ms = FIRST_MS;

  /**
   * The next pause in ms.
   *
   * @param chance - 0 to 1, of which a larger one shortens the pause.
   */
  next(chance = Math.random()): number {
    const pauseMs = this.#ms * (1 - JITTER * chance);
    this.#ms = Math.min(this.#ms * 2, LAST_MS);
    return Math.round(pauseMs);
  }

  /** Connecting has been worth it: begins with the shortest pause again. */
  reset(): void {
    this.#ms = FIRST_MS;
  }
}
