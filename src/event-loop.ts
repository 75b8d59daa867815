// SPDX-License-Identifier: MPL-2.0
/** Sharing the event loop with timers and sockets while stripes never run out. */

/** How long an iterator may go on finding stripes before it yields: half a frame at 60 fps. */
const TURN_MS_MAX = 8;

/**
 * Runs a step when asked to, at most once in a turn of the event loop: Bun
 * handles messages that arrive during a slow step before any timer, so with
 * one step a message everything else would starve.
 */
export class TurnPump {
  readonly #step: () => boolean;
  #isDue = false;
  #hasRun = false;

  /** @param step - returns whether there is more to do, in another turn. Must not throw. */
  constructor(step: () => boolean) {
    this.#step = step;
  }

  /** Runs the step now, or in the next turn where it has run in this one. */
  request(): void {
    this.#isDue = true;
    this.#run();
  }

  #run(): void {
    if (!this.#isDue || this.#hasRun) return;
    this.#hasRun = true;
    setImmediate(() => {
      this.#hasRun = false;
      this.#run();
    });
    this.#isDue = this.#step();
  }
}

/** Lets other things have their turn in a loop of promises that may never wait for anything. */
export class TurnBudget {
  /** When the first step of the present turn began. */
  #turnStartMs: number | undefined;

  /** Resolves at once while the present turn of the event loop is short, else in the next one. */
  async yieldIfSpent(): Promise<void> {
    if (this.#turnStartMs === undefined) {
      this.#turnStartMs = performance.now();
      // Only a turn that is really over counts: a message that ends a wait may not be one.
      setImmediate(() => {
        this.#turnStartMs = undefined;
      });
    } else if (performance.now() - this.#turnStartMs > TURN_MS_MAX) {
      await new Promise(setImmediate);
    }
  }
}
