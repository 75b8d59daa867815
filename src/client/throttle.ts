// SPDX-License-Identifier: MPL-2.0

/**
 * Runs a task when asked for, but at most once in an interval: at once where the
 * last time is long enough ago, else at the interval's end, however often it was
 * asked for. So the task always runs after the last time it was asked for.
 */
export class Throttle {
  readonly #run: () => void;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = false;

  constructor(intervalMs: number, run: () => void) {
    this.#intervalMs = intervalMs;
    this.#run = run;
  }

  ask(): void {
    if (this.#timer !== undefined) {
      this.#due = true;
      return;
    }
    this.#timer = setTimeout(() => this.#end(), this.#intervalMs);
    this.#run();
  }

  /** Calls off what was asked for, and ends the interval. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
  }

  #end(): void {
    this.#timer = undefined;
    if (!this.#due) return;
    this.#due = false;
    this.ask();
  }
}
