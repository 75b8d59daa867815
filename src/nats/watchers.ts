// SPDX-License-Identifier: MPL-2.0
/** The gateways that watch one codec. Pure. */

/** A gateway that is silent for so long has gone. */
export const SILENCE_MS = 3000;
/** Ids that are remembered at most: they come from outside. */
const WATCHER_COUNT_MAX = 10_000;

/** Who watches, as their heartbeats tell. */
export class Watchers {
  /** When each was heard last, by id. */
  readonly #heardMs = new Map<string, number>();
  #emptySinceMs = 0;

  get count(): number {
    return this.#heardMs.size;
  }

  /** @returns false where there are too many already. */
  heard(id: string, nowMs: number): boolean {
    if (this.#heardMs.size >= WATCHER_COUNT_MAX && !this.#heardMs.has(id)) return false;
    this.#heardMs.set(id, nowMs);
    return true;
  }

  left(id: string, nowMs: number): void {
    if (this.#heardMs.delete(id)) this.#emptySinceMs = nowMs;
  }

  /** Forgets those that have been silent. */
  sweep(nowMs: number): void {
    for (const [id, heardMs] of this.#heardMs) {
      if (nowMs - heardMs > SILENCE_MS) this.left(id, nowMs);
    }
  }

  clear(nowMs: number): void {
    this.#heardMs.clear();
    this.#emptySinceMs = nowMs;
  }

  /** How long nobody has watched, in ms; 0 while somebody does. */
  idleMs(nowMs: number): number {
    return this.#heardMs.size > 0 ? 0 : nowMs - this.#emptySinceMs;
  }
}
