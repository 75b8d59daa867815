// SPDX-License-Identifier: MPL-2.0

/** A request is not repeated sooner: a keyframe takes its time, and all viewers pay for it. */
const INTERVAL_MS = 1000;

/**
 * Requests for every stripe, complete: at most one a second. One that comes too
 * soon is put off to a later tick, unless the picture has been mended by then.
 */
export class KeyframeRequests {
  readonly #send: () => boolean;
  #sentMs = Number.NEGATIVE_INFINITY;
  #isDue = false;

  /** @param send - Returns false while there is no connection. */
  constructor(send: () => boolean) {
    this.#send = send;
  }

  request(): void {
    const nowMs = performance.now();
    this.#isDue = nowMs - this.#sentMs < INTERVAL_MS;
    if (this.#isDue) return;
    if (this.#send()) this.#sentMs = nowMs;
  }

  /** Requests at once: what was sent for the last request has been thrown away. */
  repeat(): void {
    this.reset();
    this.request();
  }

  /** The picture is complete: what was put off is not needed any more. */
  mended(): void {
    this.#isDue = false;
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#isDue) this.request();
  }

  /** Forgets what was requested: of a connection that has ended. */
  reset(): void {
    this.#sentMs = Number.NEGATIVE_INFINITY;
    this.#isDue = false;
  }
}
