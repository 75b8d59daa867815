// SPDX-License-Identifier: MPL-2.0
/** When a command ends that would go on for ever. */

/** What a shell says of a process that a signal has ended: 128 and its number. */
const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Waits for the end of a command: a signal, the end of its time, or a failure. While it
 * exists, signals end nothing by themselves. The first reason counts.
 */
export class Ending implements Disposable {
  /** The exit code; rejects where the command has failed. */
  readonly code: Promise<number>;
  readonly #settle = Promise.withResolvers<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.code = this.#settle.promise;
    this.code.catch(() => undefined); // it may come before anybody waits, and is kept
    for (const name of SIGNALS) process.on(name, this.#hear);
  }

  /** @param seconds - from now; `undefined` where only a signal ends it. */
  endAfter(seconds: number | undefined): void {
    clearTimeout(this.#timer);
    if (seconds !== undefined) this.#timer = setTimeout(() => this.end(0), seconds * 1000);
  }

  end(code: number): void {
    this.#settle.resolve(code);
  }

  fail(error: unknown): void {
    this.#settle.reject(error);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const name of SIGNALS) process.off(name, this.#hear);
  }

  readonly #hear = (name: keyof typeof SIGNAL_CODES) => this.end(SIGNAL_CODES[name]);
}

const SIGNALS = Object.keys(SIGNAL_CODES) as (keyof typeof SIGNAL_CODES)[];
