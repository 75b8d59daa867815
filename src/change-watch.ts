// SPDX-License-Identifier: MPL-2.0
/** Those who wait for changes, or for their end, on one run of a capture. */
import {
  type Change,
  type Changes,
  type CheckedChangeWait,
  type CheckedStableWait,
  type CheckedWait,
  changesOf,
  type Stability,
} from "./changes.ts";
import { PixelfluxError } from "./errors.ts";
import type {
  NativeChangeLog,
  NativeChangeQuery,
  NativeChanges,
  NativeWatch,
} from "./native/changes.ts";
import { monotonicUs } from "./native/clock.ts";

/** `PF_WATCH_NOTHING`, `PF_WATCH_KEEP`, `PF_WATCH_EXACT`, `PF_WATCH_TELL`. */
const [NOTHING, KEEP, EXACT, TELL] = [0, 1, 2, 3] as const;

/** A wait as its watch knows it. */
interface Waiter {
  readonly operation: string;
  /** What the native side has to do for it. */
  readonly watch: NativeWatch;
  /** Kept from the collector while there is something to wait for. */
  readonly keeper: object;
  /** Looks whether it is over, and ends it then. @throws what it is to end with. */
  readonly check: (log: NativeChangeLog) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The waits of a run. The native side is asked for news of changes, or to look at the screen
 * while nobody reads its stripes, only while somebody waits or may come back with a token.
 */
export class ChangeWatch {
  readonly #waiters = new Set<Waiter>();
  /** Tokens are out. */
  #keeps = false;
  #watchesExactly = false;
  #watch: NativeWatch = NOTHING;
  #log: NativeChangeLog | undefined;

  /** The native side is there. @throws {PixelfluxError} */
  begin(log: NativeChangeLog): void {
    this.#log = log;
    this.#ask();
    this.take();
  }

  /** Begins or ends to know changes exactly, whoever waits for them. @throws {PixelfluxError} */
  watchExactly(on: boolean): void {
    this.#watchesExactly = on;
    this.#ask();
  }

  /** There may be news. */
  take(): void {
    for (const waiter of this.#waiters) this.#check(waiter);
  }

  /** Nothing is to be learned any more: ends every wait with its error. */
  fail(errorOf: (operation: string) => unknown): void {
    this.#log = undefined;
    for (const waiter of this.#waiters) waiter.reject(errorOf(waiter.operation));
  }

  /** What has changed since a token. @throws {PixelfluxError} */
  read(sinceUs: number, query: NativeChangeQuery, operation: string): Changes {
    this.#keeps = true;
    this.#ask();
    const none = { rectangles: [], frameId: undefined, timestamp: undefined, token: sinceUs };
    return this.#log ? changesOf(this.#log.read(sinceUs, query, operation)) : none;
  }

  /** The present token. @throws {PixelfluxError} */
  token(): number {
    this.#keeps = true;
    this.#ask();
    return this.#log?.tokenUs() ?? 0;
  }

  /** Resolves with the next change. @param keeper - stays alive until the promise is settled. */
  change(options: CheckedChangeWait, keeper: object): Promise<Change> {
    const { query, operation, since: sinceUs = this.#log?.tokenUs() ?? 0 } = options;
    const wait = new Wait<Change>(options);
    const check = (log: NativeChangeLog) => {
      const read = log.read(sinceUs, query, operation);
      if (read.rectangles.length === 0) return;
      const { frameId, changedUs: timestamp } = read;
      wait.resolve({ ...changesOf(read), frameId, timestamp });
    };
    return this.#add(wait, { operation, watch: TELL, keeper, check, reject: wait.reject });
  }

  /** Resolves when nothing has changed for a while. @param keeper - as that of {@link change}. */
  stable(options: CheckedStableWait, keeper: object): Promise<Stability> {
    const { operation } = options;
    const wait = new Wait<Stability>(options);
    const quiet = new QuietCheck(options, this.#log?.tokenUs() ?? 0, wait, () => this.take());
    const check = (log: NativeChangeLog) => quiet.check(log);
    return this.#add(wait, { operation, watch: EXACT, keeper, check, reject: wait.reject });
  }

  #add<T extends { readonly token: number }>(wait: Wait<T>, waiter: Waiter): Promise<T> {
    if (wait.isOver) return wait.promise;
    this.#waiters.add(waiter);
    wait.whenOver((result) => {
      this.#waiters.delete(waiter);
      this.#keeps ||= result !== undefined;
      this.#ask();
    });
    this.#ask();
    this.#check(waiter);
    return wait.promise;
  }

  #check(waiter: Waiter): void {
    try {
      if (this.#log) waiter.check(this.#log);
    } catch (error) {
      waiter.reject(error);
    }
  }

  /** Has the native side do what all together need. */
  #ask(): void {
    const wanted = [...this.#waiters].map(({ watch }) => watch);
    const standing = this.#watchesExactly ? EXACT : this.#keeps ? KEEP : NOTHING;
    const watch = Math.max(standing, ...wanted) as NativeWatch;
    if (watch === this.#watch || !this.#log) return;
    this.#watch = watch;
    this.#log.watch(watch);
  }
}

/** One wait's promise, which ends once: by its result, its time or its signal. */
class Wait<T> {
  readonly promise: Promise<T>;
  isOver = false;
  readonly #settle = Promise.withResolvers<T>();
  readonly #whenOver: ((result: T | undefined) => void)[] = [];

  constructor({ operation, signal, timeoutMs }: CheckedWait) {
    this.promise = this.#settle.promise;
    if (signal?.aborted) {
      this.reject(signal.reason);
      return;
    }
    if (timeoutMs !== undefined) {
      const timer = setTimeout(() => this.reject(timeoutError(operation, timeoutMs)), timeoutMs);
      this.whenOver(() => clearTimeout(timer));
    }
    if (signal) {
      const abort = () => this.reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.whenOver(() => signal.removeEventListener("abort", abort));
    }
  }

  /** @param step - called once, before the promise is settled; with the result, where it has one. */
  whenOver(step: (result: T | undefined) => void): void {
    this.#whenOver.push(step);
  }

  readonly resolve = (result: T): void => {
    this.#end(result);
    this.#settle.resolve(result);
  };

  readonly reject = (error: unknown): void => {
    this.#end(undefined);
    this.#settle.reject(error);
  };

  #end(result: T | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const step of this.#whenOver) step(result);
  }
}

/**
 * Looks whether a screen has been quiet for long enough. The native side is asked to look at the
 * screen at the beginning, and when the rest of the time has passed: in between there is one timer.
 */
class QuietCheck {
  readonly #options: CheckedStableWait;
  readonly #beginUs: number;
  readonly #wait: Wait<Stability>;
  readonly #again: () => void;
  /** What `lookedUs` has to reach; `undefined` where nobody has been asked to look. */
  #wantedUs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isFirst = true;

  /** @param again - has {@link check} called. */
  constructor(
    options: CheckedStableWait,
    beginUs: number,
    wait: Wait<Stability>,
    again: () => void,
  ) {
    this.#options = options;
    this.#beginUs = beginUs;
    this.#wait = wait;
    this.#again = again;
    wait.whenOver(() => clearTimeout(this.#timer));
  }

  /** @throws {PixelfluxError} */
  check(log: NativeChangeLog): void {
    if (this.#timer !== undefined) return;
    const { query, operation, quietMs } = this.#options;
    const read = log.read(this.#beginUs, query, operation);
    const leftMs = quietMs - (monotonicUs() - read.changedUs) / 1000;
    if (leftMs > 0 && !this.#isFirst) {
      this.#sleep(leftMs);
    } else if (this.#wantedUs === undefined) {
      this.#wantedUs = log.look();
    } else if (read.lookedUs >= this.#wantedUs) {
      this.#judge(read, leftMs);
    }
  }

  /** All that had been drawn up to `lookedUs` is known. */
  #judge(read: NativeChanges, leftMs: number): void {
    const { changedUs, lookedUs, rectangles, frameId, tokenUs: token } = read;
    const quietMs = changedUs === 0 ? Infinity : Math.max(0, (lookedUs - changedUs) / 1000);
    this.#isFirst = false;
    this.#wantedUs = undefined;
    if (quietMs < this.#options.quietMs) {
      this.#sleep(leftMs);
      return;
    }
    const last =
      changedUs === 0
        ? { frameId: undefined, timestamp: undefined }
        : { frameId, timestamp: changedUs };
    this.#wait.resolve({ quietMs, ...last, rectangles, token });
  }

  #sleep(leftMs: number): void {
    this.#wantedUs = undefined;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#again();
      },
      Math.max(1, Math.ceil(leftMs)),
    );
  }
}

function timeoutError(operation: string, timeoutMs: number): PixelfluxError {
  const what =
    operation === "waitForStable" ? "the screen did not come to rest" : "nothing changed";
  const text = `${operation}: ${what} within ${timeoutMs} ms. Where that is too short, raise timeoutMs; where the wrong part is watched, look at region and ignore.`;
  return new PixelfluxError("ERR_TIMEOUT", operation, text, { field: "timeoutMs" });
}
