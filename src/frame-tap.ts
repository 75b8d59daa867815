// SPDX-License-Identifier: MPL-2.0
/** The screen's own pixels, frame by frame, beside the stripes. */
import { PixelfluxError } from "./errors.ts";
import { releaseStripeBuffer } from "./native/stripe-buffer.ts";
import type { NativeTap, NativeTapFrame } from "./native/tap.ts";
import { checkInteger, checkOptionNames, leaveOut } from "./options.ts";
import type { Region } from "./screenshot.ts";

/** What `tapFrames()` takes. */
export interface TapOptions {
  /**
   * Bytes of pixels that may wait to be read, 65536…1073741824; one frame may be larger. Changes
   * for which there is no room are part of the next frame that has it. Default: 67108864.
   */
  readonly bufferBytes?: number | undefined;
}

/** The pixels that one frame has changed. Disposable: `using frame = …`. */
export class TappedFrame {
  /** Size of the whole frame in px. Where it is another than before, all of it is there. */
  readonly width: number;
  readonly height: number;
  /** When it was grabbed: microseconds of CLOCK_MONOTONIC, as in stripes. */
  readonly timestamp: number;
  /** As that of the stripes which show it. */
  readonly frameId: number;
  /** Frames before this whose changes are part of it, for want of room. */
  readonly merged: number;
  /** Where it may differ from the one before; at most 64, made of tiles of 64×16 px. */
  readonly rectangles: readonly Region[];
  readonly #buffer: ArrayBuffer;
  readonly #pixelsAt: number;
  #released = false;

  /** @internal Frames come from a {@link FrameTap}. */
  constructor(frame: NativeTapFrame) {
    this.width = frame.width;
    this.height = frame.height;
    this.timestamp = frame.timestampUs;
    this.frameId = frame.frameId;
    this.merged = frame.mergedCount;
    this.rectangles = frame.rectangles;
    this.#buffer = frame.buffer;
    this.#pixelsAt = frame.pixelsAt;
  }

  /**
   * The rectangles' pixels one behind the other: RGBA, a byte each, A always 255, rows top-down
   * without gaps. Native memory, seen without a copy. Length 0 after release.
   */
  get data(): Uint8Array<ArrayBuffer> {
    return this.#released ? new Uint8Array(0) : new Uint8Array(this.#buffer, this.#pixelsAt);
  }

  /** Gives the memory back at once. May be repeated. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    releaseStripeBuffer(this.#buffer);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** What a tap holds on to while it is open. */
interface TapOwner {
  /** Stays alive. */
  readonly keeper: object;
  onClose(): void;
}

type FrameResult = IteratorResult<TappedFrame, undefined>;

const DONE: FrameResult = { done: true, value: undefined };
const BUFFER_BYTES_MIN = 65_536;
const BUFFER_BYTES_MAX = 2 ** 30;
const BUFFER_BYTES_DEFAULT = 2 ** 26;

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function checkTapOptions(options: TapOptions): number {
  checkOptionNames("tapFrames", options, ["bufferBytes"]);
  const { bufferBytes = BUFFER_BYTES_DEFAULT } = options;
  const limits = [BUFFER_BYTES_MIN, BUFFER_BYTES_MAX] as const;
  return checkInteger("tapFrames", "bufferBytes", bufferBytes, limits, leaveOut("64 MiB"));
}

/**
 * Every frame that a capture grabs, as the pixels that it has changed; the first one is complete.
 * The pointer and the watermark are not in them. Iterate it; leaving the loop closes it. While
 * it is open its capture is not collected, and runs on.
 *
 * The loop ends when the capture is stopped, and throws what the capture fails of.
 */
export class FrameTap implements AsyncIterableIterator<TappedFrame, undefined>, AsyncDisposable {
  readonly #bufferBytes: number;
  #owner: TapOwner | undefined;
  #native: NativeTap | undefined;
  /** Taken from a capture before it was freed. */
  #leftover: NativeTapFrame[] = [];
  #hasEnded = false;
  #isClosed = false;
  #failure: unknown;
  #wake: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @internal Taps come from `ScreenCapture.tapFrames()`. */
  constructor(bufferBytes: number, owner: TapOwner) {
    this.#bufferBytes = bufferBytes;
    this.#owner = owner;
  }

  /** @internal The native side is there. */
  begin(native: NativeTap): void {
    this.#native = native;
    native.set(this.#bufferBytes);
  }

  /** @internal There may be news. */
  take(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** @internal The capture has failed: keeps what waits still. */
  keep(): void {
    for (let frame = this.#native?.drain(); frame; frame = this.#native?.drain()) {
      this.#leftover.push(frame);
    }
  }

  /** @internal No more frames come. */
  end(failure: unknown): void {
    this.#native = undefined;
    if (!this.#hasEnded) this.#failure = failure;
    this.#hasEnded = true;
    this.take();
  }

  /**
   * The next frame, which is the caller's to release.
   *
   * @throws {PixelfluxError} what the capture has failed of, once.
   */
  next(): Promise<IteratorResult<TappedFrame, undefined>> {
    const result = this.#last.then(() => this.#step());
    // The error is for whoever asked for this step; the next one finds the end.
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** A frame that waits already. Does not wait for one. */
  poll(): TappedFrame | undefined {
    if (this.#isClosed) return undefined;
    const frame = this.#leftover.shift() ?? this.#native?.drain();
    return frame && new TappedFrame(frame);
  }

  /** Ends it behind the frames that wait already. May be repeated. */
  finish(): void {
    this.#hasEnded = true;
    this.take();
  }

  /** Ends it; frames that wait are given back. May be repeated. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { buffer } of this.#leftover) releaseStripeBuffer(buffer);
    this.#leftover = [];
    this.#native?.set(0);
    this.#native = undefined;
    this.#owner?.onClose();
    this.#owner = undefined;
    this.take();
  }

  /** {@link close}, for a loop that is left. */
  async return(): Promise<IteratorResult<TappedFrame, undefined>> {
    this.close();
    return DONE;
  }

  /** Itself: frames are handed out once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #step(): Promise<FrameResult> {
    for (;;) {
      const value = this.poll();
      if (value) return { done: false, value };
      if (this.#isClosed || this.#hasEnded) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined && !this.#isClosed) throw failure;
    return DONE;
  }
}

/** The error where a run has a tap already. */
export function tappedError(): PixelfluxError {
  const text = "tapFrames: this capture is being tapped already. Close that tap first.";
  return new PixelfluxError("ERR_ALREADY_RUNNING", "tapFrames", text);
}
