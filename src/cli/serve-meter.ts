// SPDX-License-Identifier: MPL-2.0
/** What `serve` says each second, and at the end. */
import type { Fanout, FanoutStats } from "../server/index.ts";

/** One second of serving. */
export interface ServeStatus {
  readonly type: "status";
  /** Since it serves. */
  readonly seconds: number;
  /** Of the second that has passed, over both codecs. */
  readonly frames: number;
  readonly stripes: number;
  readonly bytes: number;
  /** Connected now. */
  readonly viewers: number;
  /** Held back from viewers that are slow, in that second. */
  readonly framesHeld: number;
  /** The median over the viewers of the time from a frame's grab to its being shown; `null` where none tells. */
  readonly latencyMs: number | null;
}

/** All of it. */
export interface ServeSummary {
  readonly type: "end";
  readonly seconds: number;
  readonly frames: number;
  readonly stripes: number;
  readonly bytes: number;
  /** The most at once, as seen once a second. */
  readonly viewersMax: number;
}

const NOTHING = { frames: 0, stripes: 0, bytes: 0 };

/** Reads a fan-out's counters once a second. */
export class ServeMeter {
  readonly #screen: Fanout;
  readonly #startMs = performance.now();
  /** What had come when the serving began, to look at the display. */
  readonly #first: typeof NOTHING;
  #before: typeof NOTHING;
  #heldBefore = new Map<number, number>();
  #viewersMax = 0;

  constructor(screen: Fanout) {
    this.#screen = screen;
    this.#first = totalsOf(screen.stats());
    this.#before = this.#first;
  }

  /** What has come since the last call. */
  read(): ServeStatus {
    const stats = this.#screen.stats();
    const totals = totalsOf(stats);
    const viewers = stats.viewers.length;
    this.#viewersMax = Math.max(this.#viewersMax, viewers);
    const status = {
      type: "status",
      seconds: this.#seconds(),
      ...difference(totals, this.#before),
      viewers,
      framesHeld: this.#heldSinceBefore(stats),
      latencyMs: medianLatencyMs(stats),
    } as const;
    this.#before = totals;
    return status;
  }

  summary(): ServeSummary {
    const stats = this.#screen.stats();
    const viewersMax = Math.max(this.#viewersMax, stats.viewers.length);
    const counts = difference(totalsOf(stats), this.#first);
    return { type: "end", seconds: this.#seconds(), ...counts, viewersMax };
  }

  #seconds(): number {
    return Math.round((performance.now() - this.#startMs) / 10) / 100;
  }

  #heldSinceBefore({ viewers }: FanoutStats): number {
    const held = new Map(viewers.map(({ id, framesHeld }) => [id, framesHeld]));
    let count = 0;
    for (const [id, framesHeld] of held) count += framesHeld - (this.#heldBefore.get(id) ?? 0);
    this.#heldBefore = held;
    return count;
  }
}

/** A status for people. */
export function statusLine({ frames, stripes, bytes, viewers, latencyMs }: ServeStatus): string {
  const parts = [
    `${frames} fps`,
    `${stripes} stripes`,
    `${Math.round(bytes / 1000)} kB/s`,
    `${viewers} ${viewers === 1 ? "viewer" : "viewers"}`,
    `latency ${latencyMs === null ? "–" : latencyMs.toFixed(1)} ms`,
  ];
  return parts.map((part) => part.padStart(12)).join("  ");
}

function totalsOf({ channels }: FanoutStats): typeof NOTHING {
  return channels.reduce(
    (sum, { frames, stripes, bytes }) => ({
      frames: sum.frames + frames,
      stripes: sum.stripes + stripes,
      bytes: sum.bytes + bytes,
    }),
    NOTHING,
  );
}

function difference(after: typeof NOTHING, before: typeof NOTHING): typeof NOTHING {
  return {
    frames: after.frames - before.frames,
    stripes: after.stripes - before.stripes,
    bytes: after.bytes - before.bytes,
  };
}

function medianLatencyMs({ viewers }: FanoutStats): number | null {
  const latencies = viewers.map(({ latencyMs }) => latencyMs).filter((ms) => ms !== undefined);
  const median = latencies.sort((a, b) => a - b)[latencies.length >> 1];
  return median === undefined ? null : Math.round(median * 10) / 10;
}
