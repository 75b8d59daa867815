// SPDX-License-Identifier: MPL-2.0
import { ServerClock } from "./clock.ts";
import type { PlayerStats, PlayerTotals } from "./player-types.ts";

/** What a meter knows of the last second. */
export type Measured = Omit<PlayerStats, "decoder" | "inWorker">;

/** Frames whose grab time is remembered until they are shown. */
const TIMESTAMP_COUNT_MAX = 256;

/** Counts, and measures the way from grabbed pixels to shown ones. */
export class Meter {
  readonly #counts = { frames: 0, stripes: 0, bytes: 0, decodeErrors: 0, reconnects: 0 };
  readonly #timestamps = new Map<number, number>();
  #clock = new ServerClock();
  #connections = 0;
  #latencies: number[] = [];
  #before: PlayerTotals = { ...this.#counts };

  /** Counters since the start; a copy. */
  get totals(): PlayerTotals {
    return { ...this.#counts };
  }

  /** A connection was made, maybe to another machine with another clock. */
  connected(): void {
    this.#connections += 1;
    this.#counts.reconnects = this.#connections - 1;
    this.#clock = new ServerClock();
    this.#timestamps.clear();
  }

  received(bytes: number): void {
    this.#counts.stripes += 1;
    this.#counts.bytes += bytes;
  }

  failed(): void {
    this.#counts.decodeErrors += 1;
  }

  /** A ping was answered; see {@link ServerClock.add}. */
  answered(sentMs: number, serverUs: number): void {
    this.#clock.add(sentMs, performance.now(), serverUs);
  }

  /** @param serverUs - When the frame's pixels were grabbed. */
  began(frameId: number, serverUs: number): void {
    this.#timestamps.delete(frameId);
    this.#timestamps.set(frameId, serverUs);
    if (this.#timestamps.size <= TIMESTAMP_COUNT_MAX) return;
    for (const oldest of this.#timestamps.keys()) {
      this.#timestamps.delete(oldest);
      return;
    }
  }

  shown(frameId: number): void {
    this.#counts.frames += 1;
    const timestamp = this.#timestamps.get(frameId);
    if (timestamp === undefined) return;
    const ageMs = this.#clock.ageMs(timestamp, performance.now());
    if (ageMs !== undefined) this.#latencies.push(ageMs);
  }

  /** What was measured since the last call. */
  lap(): Measured {
    const { frames, stripes, bytes } = this.#counts;
    this.#latencies.sort((a, b) => a - b);
    const measured = {
      fps: frames - this.#before.frames,
      stripes: stripes - this.#before.stripes,
      bytes: bytes - this.#before.bytes,
      latencyMs: this.#latencies[this.#latencies.length >> 1],
      roundTripMs: this.#clock.roundTripMs,
    };
    this.#before = this.totals;
    this.#latencies = [];
    return measured;
  }
}
