// SPDX-License-Identifier: MPL-2.0
/** How much a viewer may say. Pure. */

/** Messages at once, and a second after that. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Of everything but input. */
export const CONTROL_RATE: Rate = { burst: 200, perSecond: 100 };
/** Of input: a movement for each frame of a fast monitor, and more typing than ten fingers do. */
export const INPUT_RATE: Rate = { burst: 600, perSecond: 300 };

/** One that is no message counts as several. */
const NONSENSE_COST = 20;

/** A bucket of tokens that fills with time; each message takes some. */
export class MessageAllowance {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  constructor(nowMs: number, rate = CONTROL_RATE) {
    this.#rate = rate;
    this.#tokens = rate.burst;
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
    const earned = ((nowMs - this.#atMs) * this.#rate.perSecond) / 1000;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
    this.#atMs = nowMs;
    this.#tokens -= makesSense ? 1 : NONSENSE_COST;
    return this.#tokens >= 0;
  }
}
