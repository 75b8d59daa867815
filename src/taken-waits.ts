// SPDX-License-Identifier: MPL-2.0
/** Promises for the moment when captures have taken a push. */
import { PixelfluxError } from "./errors.ts";
import type { NativeFrames } from "./native/frames.ts";
import { type PollListener, PollWorker } from "./poll-worker.ts";

interface Wait {
  readonly serial: number;
  readonly settle: PromiseWithResolvers<void>;
}

/**
 * The waits on one frame source, oldest first. While there are any, one poll worker
 * waits for the first of them, which is the first to be over.
 */
export class TakenWaits implements PollListener {
  readonly #native: NativeFrames;
  #waits: Wait[] = [];
  #watched = false;

  constructor(native: NativeFrames) {
    this.#native = native;
  }

  /** @throws the signal's reason, by rejection; what ends the frame source. */
  async add(serial: number, signal: AbortSignal | undefined): Promise<void> {
    const wait = { serial, settle: Promise.withResolvers<void>() };
    const abort = () => {
      this.#waits = this.#waits.filter((other) => other !== wait);
      wait.settle.reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#waits.push(wait);
    this.#watch();
    try {
      await wait.settle.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Ends all waits: the frame source is closed. */
  close(): void {
    const text = "taken: the frame source was closed before every capture had taken the picture";
    this.#fail(new PixelfluxError("ERR_ABORTED", "taken", text));
  }

  onNews(): void {
    // A wait for a push has no news but its end.
  }

  onEnded(): void {
    this.#watched = false;
    for (let first = this.#waits[0]; first !== undefined; first = this.#waits[0]) {
      const state = this.#native.takenState(first.serial);
      if (state === "closed") this.close();
      if (state !== "taken") break;
      this.#waits.shift();
      first.settle.resolve();
    }
    this.#watch();
  }

  onFailed(message: string): void {
    this.#watched = false;
    const text = `taken: the worker that waits for the captures failed: ${message}. Look at the limits of memory and threads.`;
    this.#fail(new PixelfluxError("ERR_NO_RESOURCE", "taken", text));
  }

  #fail(error: unknown): void {
    const waits = this.#waits;
    this.#waits = [];
    for (const { settle } of waits) settle.reject(error);
  }

  #watch(): void {
    const [first] = this.#waits;
    if (first === undefined || this.#watched) return;
    this.#watched = true;
    const { library, handle } = this.#native;
    const request = { libraryPath: library.path, handle, serial: first.serial };
    PollWorker.acquire().watch(request, this);
  }
}
