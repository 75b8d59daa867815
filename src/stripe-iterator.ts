// SPDX-License-Identifier: MPL-2.0
/** `for await (const stripe of capture)`. */
import { stopWithReader } from "./capture-registry.ts";
import type { CaptureRun } from "./capture-run.ts";
import type { Stripe } from "./stripe.ts";

type StripeResult = IteratorResult<Stripe, undefined>;

const DONE: StripeResult = { done: true, value: undefined };

/**
 * Takes a capture's stripes one by one. Starts the capture with the first
 * step; leaving the loop, by whatever way, stops it. Steps asked for at the
 * same time are answered one after the other.
 */
export class StripeIterator implements AsyncIterableIterator<Stripe, undefined> {
  readonly #claim: () => CaptureRun;
  #run: CaptureRun | undefined;
  #isDone = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @param claim - makes or takes over the run to iterate; throws where that is not possible. */
  constructor(claim: () => CaptureRun) {
    this.#claim = claim;
  }

  /**
   * The next stripe, which is the caller's to release.
   *
   * @throws {PixelfluxError} `ERR_ALREADY_RUNNING` where somebody else takes
   *   the stripes; the failure that ended the capture.
   */
  next(): Promise<StripeResult> {
    const result = this.#last.then(() => this.#step());
    // The error is for whoever asked for this step; the next one finds the end.
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Stops the capture; resolves when it has ended. A step under way finds the end. */
  async return(): Promise<StripeResult> {
    this.#isDone = true;
    this.#run?.requestStop();
    await this.#run?.finished;
    return DONE;
  }

  /** As {@link return}, and rejects with `error` then. */
  async throw(error: unknown): Promise<StripeResult> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** {@link return}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #begin(): CaptureRun {
    const run = this.#claim();
    stopWithReader(this, run);
    return run;
  }

  async #step(): Promise<StripeResult> {
    if (this.#isDone) return DONE;
    try {
      this.#run ??= this.#begin();
      const stripe = await this.#run.next();
      if (stripe && !this.#isDone) return { done: false, value: stripe };
      stripe?.release();
      // So that the end of a loop means the same whoever stopped the capture.
      await this.#run.finished;
    } catch (error) {
      this.#isDone = true;
      throw error;
    }
    this.#isDone = true;
    return DONE;
  }
}
