// SPDX-License-Identifier: MPL-2.0
import type { PlayerEvents, PlayerListener } from "./player-types.ts";

type Listeners = { [E in keyof PlayerEvents]: readonly PlayerListener<E>[] };

/**
 * Listeners by event. Emitting calls those that were there when it began, in
 * the order they were added; what one throws is reported as an uncaught error
 * and keeps neither the others nor the player from going on.
 */
export class PlayerEmitter {
  readonly #listeners: Listeners = { state: [], screen: [], input: [], stats: [], error: [] };

  add<E extends keyof PlayerEvents>(event: E, listener: PlayerListener<E>): void {
    this.#set(event, [...this.#of(event), listener]);
  }

  /** Takes away one registration of the listener; nothing happens where there is none. */
  remove<E extends keyof PlayerEvents>(event: E, listener: PlayerListener<E>): void {
    const index = this.#of(event).indexOf(listener);
    if (index >= 0) this.#set(event, this.#of(event).toSpliced(index, 1));
  }

  emit<E extends keyof PlayerEvents>(event: E, ...args: PlayerEvents[E]): void {
    for (const listener of this.#of(event)) {
      try {
        listener(...args);
      } catch (error) {
        reportError(error);
      }
    }
  }

  /** Forgets every listener. */
  clear(): void {
    for (const event of ["state", "screen", "input", "stats", "error"] as const) {
      this.#set(event, []);
    }
  }

  #of<E extends keyof PlayerEvents>(event: E): readonly PlayerListener<E>[] {
    return this.#listeners[event];
  }

  #set<E extends keyof PlayerEvents>(event: E, listeners: readonly PlayerListener<E>[]): void {
    (this.#listeners as { [F in E]: readonly PlayerListener<F>[] })[event] = listeners;
  }
}
