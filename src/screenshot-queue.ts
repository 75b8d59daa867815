// SPDX-License-Identifier: MPL-2.0
/** The screenshots that a run of a capture has been asked for. */
import { errorOfStatus, PixelfluxError } from "./errors.ts";
import type { NativeCapture } from "./native/capture.ts";
import { type NativeScreenshot, SCREENSHOT_COUNT_MAX } from "./native/screenshots.ts";
import { releaseStripeBuffer } from "./native/stripe-buffer.ts";
import { type CheckedScreenshotOptions, Screenshot } from "./screenshot.ts";

/** `PF_STATUS_REGION_OFF_SCREEN`. */
const STATUS_REGION_OFF_SCREEN = -9;

const ID_COUNT = 2 ** 32;

/** Somebody who waits for a screenshot. */
interface Waiter {
  readonly options: CheckedScreenshotOptions;
  /** Kept from the collector while there is something to wait for. */
  readonly keeper: object;
  readonly resolve: (screenshot: Screenshot) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks the native side for as many at a time as it takes, oldest first, and hands
 * out the answers. Requests may come before there is a native side.
 */
export class ScreenshotQueue {
  #waiting: Waiter[] = [];
  readonly #asked = new Map<number, Waiter>();
  #nextId = 0;

  /** @param keeper - what has to stay alive until the promise is settled. */
  add(options: CheckedScreenshotOptions, keeper: object): Promise<Screenshot> {
    const { promise, resolve, reject } = Promise.withResolvers<Screenshot>();
    const { signal } = options;
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const waiter: Waiter = { options, keeper, resolve, reject };
    this.#waiting.push(waiter);
    if (!signal) return promise;
    const abort = () => this.#giveUp(waiter);
    signal.addEventListener("abort", abort, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** Asks for what waits, as far as the native side takes it. @throws {PixelfluxError} */
  ask(native: NativeCapture): void {
    while (this.#asked.size < SCREENSHOT_COUNT_MAX) {
      const [waiter] = this.#waiting;
      if (!waiter || !native.screenshots.request(this.#nextId, waiter.options.request)) return;
      this.#asked.set(this.#nextId, waiter);
      this.#nextId = (this.#nextId + 1) % ID_COUNT;
      this.#waiting.shift();
    }
  }

  /** Hands out what is ready, and asks for more. @throws {PixelfluxError} */
  take(native: NativeCapture): void {
    if (this.#asked.size === 0) return;
    const { screenshots } = native;
    for (let answer = screenshots.drain(); answer; answer = screenshots.drain()) {
      const waiter = this.#asked.get(answer.id);
      this.#asked.delete(answer.id);
      settle(waiter, answer);
    }
    this.ask(native);
  }

  /** Rejects whoever still waits. */
  fail(error: unknown): void {
    const waiters = [...this.#asked.values(), ...this.#waiting];
    this.#asked.clear();
    this.#waiting = [];
    for (const { reject } of waiters) reject(error);
  }

  /** The native answer to one that was asked for already comes all the same, and is given back. */
  #giveUp(waiter: Waiter): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    waiter.reject(waiter.options.signal?.reason);
  }
}

function settle(waiter: Waiter | undefined, answer: NativeScreenshot): void {
  const { buffer } = answer;
  if (waiter === undefined || waiter.options.signal?.aborted) {
    if (buffer) releaseStripeBuffer(buffer);
  } else if (buffer) {
    const { width, height, timestampUs: timestamp } = answer;
    const { format } = waiter.options;
    waiter.resolve(new Screenshot({ buffer, format, width, height, timestamp }));
  } else {
    waiter.reject(errorOf(answer, waiter));
  }
}

function errorOf({ status, width, height }: NativeScreenshot, { options }: Waiter): PixelfluxError {
  if (status !== STATUS_REGION_OFF_SCREEN) return errorOfStatus(status, "screenshot", "");
  const { request } = options;
  const asked = `${request.width}x${request.height}+${request.x}+${request.y}`;
  const text = `screenshot: region: ${asked} does not lie within the frame, which is ${width}x${height} px`;
  return new PixelfluxError("ERR_REGION_OFF_SCREEN", "screenshot", text, { field: "region" });
}
