// SPDX-License-Identifier: MPL-2.0
/** Writes of a recording, one after the other. */

/** Writes that may wait before no more pictures are taken. */
const WAITING_COUNT_MAX = 2;

/** Runs tasks in their order; after one that fails, none. */
export class WriteQueue {
  readonly #onFailure: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #waitingCount = 0;
  #hasFailed = false;

  /** @param onFailure - told once, of the first failure. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  push(task: () => Promise<void>): void {
    this.#waitingCount += 1;
    this.#last = this.#last.then(() => this.#run(task));
  }

  /** Runs a last task, after a failure too. */
  end(task: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(() => this.#attempt(task));
    return this.#last;
  }

  /** Resolves when another write may be made without heaping them up. Never rejects. */
  room(): Promise<void> {
    return this.#waitingCount > WAITING_COUNT_MAX ? this.#last : Promise.resolve();
  }

  /** Resolves when all is done that was pushed, or has failed. Never rejects. */
  drained(): Promise<void> {
    return this.#last;
  }

  async #run(task: () => Promise<void>): Promise<void> {
    if (!this.#hasFailed) await this.#attempt(task);
    this.#waitingCount -= 1;
  }

  async #attempt(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      // What fails after a failure, fails because of it.
      if (!this.#hasFailed) this.#onFailure(error);
      this.#hasFailed = true;
    }
  }
}
