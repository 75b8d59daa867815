// SPDX-License-Identifier: MPL-2.0
/** The clock of the publisher's machine, as a gateway knows it. */
import type { NatsConnection } from "@nats-io/transport-node";
import { ServerClock } from "../client/clock.ts";

/** An answer that takes longer says little. */
const ANSWER_TIMEOUT_MS = 1000;
const TIME_US = /^\d{1,16}$/;

/**
 * Tells the present time on the publisher's clock. Until it has answered, a
 * stripe that comes in counts as having been grabbed just now.
 */
export class RemoteClock {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  #clock = new ServerClock();
  /** By how much the publisher's clock is ahead, at least, in µs. */
  #aheadUs: number | undefined;
  #isAsking = false;

  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
  }

  /** µs; of this machine's own clock while nothing is known. */
  nowUs(): number {
    const nowMs = performance.now();
    const serverMs = this.#clock.ageMs(0, nowMs); // since 0 µs of its clock
    return (serverMs ?? nowMs) * 1000 + (serverMs === undefined ? (this.#aheadUs ?? 0) : 0);
  }

  /** Takes the time of a stripe that has just come in. */
  saw(timestampUs: number): void {
    if (this.#clock.roundTripMs !== undefined) return;
    const aheadUs = timestampUs - performance.now() * 1000;
    this.#aheadUs = Math.max(this.#aheadUs ?? aheadUs, aheadUs);
  }

  /** Another publisher, maybe on another machine: nothing is known. */
  reset(): void {
    this.#clock = new ServerClock();
    this.#aheadUs = undefined;
  }

  /** Asks once; an answer that does not come is left for the next time. */
  async ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const clock = this.#clock;
    const sentMs = performance.now();
    try {
      const options = { timeout: ANSWER_TIMEOUT_MS };
      const answer = await this.#connection.request(this.#subject, "", options);
      const text = answer.data.length <= 16 ? answer.string() : "";
      if (TIME_US.test(text)) clock.add(sentMs, performance.now(), Number(text));
    } catch {
      // nobody answers, or no server is there: the present offset stays good for a while
    } finally {
      this.#isAsking = false;
    }
  }
}
