// SPDX-License-Identifier: MPL-2.0
/** The time of a recording: that of the pictures' clock, less its pauses. */

/** All times in µs. Values in, values out: it reads no clock. */
export class Timeline {
  /** What the clock shows at the recording's zero; moves on by each pause. */
  #originUs: number | undefined;
  /** Where the recording stands while its clock does not run. */
  #restUs = 0;
  #lastUs = -1;

  /** Between the first picture and a pause, and from a picture after it on. */
  get isRunning(): boolean {
    return this.#originUs !== undefined;
  }

  /** The recording's time of a picture, later than that of the one before; sets the clock going. */
  take(timestampUs: number): number {
    this.#originUs ??= timestampUs - this.#restUs;
    this.#lastUs = Math.max(timestampUs - this.#originUs, this.#lastUs + 1);
    return this.#lastUs;
  }

  /** The recording's time, never earlier than its last picture. */
  at(clockUs: number): number {
    if (this.#originUs === undefined) return this.#restUs;
    return Math.max(clockUs - this.#originUs, this.#lastUs);
  }

  /** Stops the clock; the next picture sets it going again without a gap. */
  pause(clockUs: number): void {
    this.#restUs = this.at(clockUs);
    this.#originUs = undefined;
  }
}
