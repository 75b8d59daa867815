// SPDX-License-Identifier: MPL-2.0
/** What a message's place in its stream says about those that did not come. Pure. */
import type { Position } from "./message.ts";

/**
 * `"next"`: nothing is missing. `"first"`: nothing came before, so nothing is
 * known to be. `"gap"`: messages are missing, or the publisher's feed has been
 * started anew. `"late"`: older than what has been taken already.
 */
export type Order = "first" | "next" | "gap" | "late";

/** Epochs that are over and remembered. */
const RETIRED_COUNT_MAX = 16;
/**
 * A publisher that lives sends something four times a second. So when only old
 * messages have come for this long, they are the stream, and what made them look
 * old was none of it.
 */
const STALL_MS = 2000;

/** Follows one stream of messages through the publisher's epochs. */
export class SequenceTracker {
  #epoch: string | undefined;
  #sequence = 0;
  #takenMs = 0;
  #retired: readonly string[] = [];

  /** The present epoch; `undefined` before the first message. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** Takes a message's position, unless it is late. */
  take({ epoch, sequence }: Position, nowMs: number): Order {
    const order = this.#orderOf(epoch, sequence);
    if (order === "late" && nowMs - this.#takenMs < STALL_MS) return order;
    if (epoch !== this.#epoch) this.#enter(epoch);
    this.#sequence = sequence;
    this.#takenMs = nowMs;
    return order === "late" ? "gap" : order;
  }

  #orderOf(epoch: string, sequence: number): Order {
    if (this.#epoch === undefined) return "first";
    if (epoch !== this.#epoch) return this.#retired.includes(epoch) ? "late" : "gap";
    if (sequence <= this.#sequence) return "late";
    return sequence === this.#sequence + 1 ? "next" : "gap";
  }

  #enter(epoch: string): void {
    const others = this.#retired.filter((retired) => retired !== epoch);
    const present = this.#epoch === undefined ? [] : [this.#epoch];
    this.#retired = [...others, ...present].slice(-RETIRED_COUNT_MAX);
    this.#epoch = epoch;
  }
}
