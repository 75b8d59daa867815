// SPDX-License-Identifier: MPL-2.0
/** Many requests for the same thing as few. */

/**
 * Serves the first request at once, and those that follow within an interval
 * together at its end.
 */
export class RequestMerger {
  readonly #intervalMs: number;
  readonly #serve: () => void;
  #servedMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(intervalMs: number, serve: () => void) {
    this.#intervalMs = intervalMs;
    this.#serve = serve;
  }

  request(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#servedMs + this.#intervalMs - performance.now();
    if (waitMs <= 0) this.#now();
    else this.#timer = setTimeout(() => this.#now(), waitMs);
  }

  /** Drops what waits; the next request is served at once. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#servedMs = Number.NEGATIVE_INFINITY;
  }

  #now(): void {
    this.#timer = undefined;
    this.#servedMs = performance.now();
    this.#serve();
  }
}
