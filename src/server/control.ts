// SPDX-License-Identifier: MPL-2.0
/** How much a viewer may say. Pure. */

/** Messages at once, and a second after that. One that is no message counts as several. */
const BURST = 200;
const PER_SECOND = 100;
const NONSENSE_COST = 20;

/** A bucket of tokens that fills with time; each message takes some. */
export class MessageAllowance {
  #tokens = BURST;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /**
   * Takes a message into account.
   *
   * @param nowMs - any clock that does not go back.
   * @param makesSense - it is one of the protocol.
   * @returns false where the viewer has said too much.
   */
  spend(nowMs: number, makesSense: boolean): boolean {
    const earned = ((nowMs - this.#atMs) * PER_SECOND) / 1000;
    this.#tokens = Math.min(BURST, this.#tokens + earned);
    this.#atMs = nowMs;
    this.#tokens -= makesSense ? 1 : NONSENSE_COST;
    return this.#tokens >= 0;
  }
}
