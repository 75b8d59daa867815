// SPDX-License-Identifier: MPL-2.0

/** Round trips that are remembered; the shortest of them is believed. */
const SAMPLE_COUNT_MAX = 8;

interface ClockSample {
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

/**
 * Translates the server's clock into the viewer's.
 *
 * Each ping gives one sample: the server read its clock somewhere between
 * sending and receiving, on average in the middle, and wrongly by at most half
 * the round trip. So the sample of the shortest round trip is the best one
 * (RFC 5905, the clock filter). Older samples leave, since clocks drift.
 */
export class ServerClock {
  #samples: ClockSample[] = [];

  /**
   * Takes the answer to a ping.
   *
   * @param sentMs - The viewer's clock when the ping left.
   * @param receivedMs - The viewer's clock when the answer came.
   * @param serverUs - The server's clock in between.
   */
  add(sentMs: number, receivedMs: number, serverUs: number): void {
    const roundTripMs = receivedMs - sentMs;
    if (roundTripMs < 0) return;
    this.#samples.push({ roundTripMs, offsetMs: serverUs / 1000 - (sentMs + receivedMs) / 2 });
    if (this.#samples.length > SAMPLE_COUNT_MAX) this.#samples.shift();
  }

  /** The shortest known round trip in ms, `undefined` before the first answer. */
  get roundTripMs(): number | undefined {
    return this.#best?.roundTripMs;
  }

  /**
   * How long ago a moment of the server's clock was.
   *
   * @param serverUs - The moment, in µs of the server's clock.
   * @param nowMs - The viewer's clock.
   * @returns ms, never negative; `undefined` before the first answer.
   */
  ageMs(serverUs: number, nowMs: number): number | undefined {
    const best = this.#best;
    if (best === undefined) return undefined;
    return Math.max(0, nowMs + best.offsetMs - serverUs / 1000);
  }

  get #best(): ClockSample | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) {
      if (best === undefined || sample.roundTripMs < best.roundTripMs) best = sample;
    }
    return best;
  }
}
