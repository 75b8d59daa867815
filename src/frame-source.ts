// SPDX-License-Identifier: MPL-2.0
/** Frames that JavaScript makes, as the screen of captures. */
import { PixelfluxError } from "./errors.ts";
import {
  checkFrameSize,
  checkPixels,
  checkPushedFrame,
  checkTakenSignal,
  type FrameSize,
  type PushedFrame,
  type TakenOptions,
} from "./frame-push.ts";
import { NativeFrames } from "./native/frames.ts";
import { TakenWaits } from "./taken-waits.ts";

/**
 * A screen whose pixels are pushed: the `source` of any number of captures.
 *
 * Each capture takes the newest picture when its frame rate and its reader let it,
 * so a slow one misses pictures and none holds up {@link push}. They may start
 * before the first push or after it, and end in any order, before or after the
 * source.
 *
 * An object belongs to the thread that made it, and ends with that. `using` closes
 * it at the end of the block; one that is forgotten is closed when it is collected,
 * which it is not while a capture of it runs.
 */
export class FrameSource implements Disposable {
  /** The name by which captures open it, as their `settings.display` shows it. */
  readonly display: string;
  readonly #native: NativeFrames;
  readonly #waits: TakenWaits;
  #width: number;
  #height: number;
  #closed = false;

  /**
   * Makes a source. With a size it is black until the first push, and captures start
   * with that; without one they wait for the first push, and `start()` with them.
   * Loads the native library on first use.
   *
   * @throws {PixelfluxError} `ERR_INVALID_SETTING`, `ERR_UNKNOWN_SETTING`,
   *   `ERR_OUT_OF_MEMORY`, `ERR_NO_RESOURCE` where 1024 are open already,
   *   `ERR_LIBRARY_NOT_FOUND` or `ERR_ABI_MISMATCH`.
   */
  constructor(size?: FrameSize) {
    const { width, height } =
      size === undefined ? { width: 0, height: 0 } : checkFrameSize(size, "new FrameSource");
    this.#native = new NativeFrames(width, height);
    this.#waits = new TakenWaits(this.#native);
    this.#width = width;
    this.#height = height;
    this.display = `frames://${this.#native.handle}`;
  }

  /** @internal Whether it is one, whatever it claims to be; runs none of its code. */
  static isOne(value: unknown): value is FrameSource {
    return typeof value === "object" && value !== null && #native in value;
  }

  /** Width in px of the newest picture; 0 before the first one. */
  get width(): number {
    return this.#width;
  }

  /** Height in px of the newest picture; 0 before the first one. */
  get height(): number {
    return this.#height;
  }

  /** True from {@link close} on. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Makes this the picture that captures see. Copies what it needs before it
   * returns, so that the array may be drawn into again at once. Never waits for a
   * capture.
   *
   * Another size than before is another size of the screen, and all of the picture
   * is taken then. Damage that leaves out a change is no error: what has changed
   * there shows when a later push names it.
   *
   * @param rgba - red, green, blue and alpha, a byte each, rows top-down; a
   *   `Buffer` or the `data` of an ImageData, too, and over any kind of buffer. Alpha
   *   is not looked at: colours are taken as they are. While another thread writes
   *   to a shared one, what is copied is a mixture.
   * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING` with
   *   `field`, `ERR_OUT_OF_MEMORY`, and `ERR_RELEASED` after {@link close}; the
   *   picture before stays then.
   */
  push(rgba: Uint8Array | Uint8ClampedArray, frame: PushedFrame): void {
    this.#requireOpen("push");
    const push = checkPushedFrame(frame);
    const sizeBytes = checkPixels(rgba, push);
    this.#native.push(rgba, sizeBytes, push);
    this.#width = push.width;
    this.#height = push.height;
  }

  /**
   * Waits until every capture that shows this source has taken the newest picture,
   * or one pushed after it; what it shows is in its next stripes. A capture of a
   * region in which nothing was pushed has nothing to take. Resolves at once where
   * no capture runs; one counts from the moment `start()` has resolved, or before.
   *
   * Who pushes only then loses no picture, and keeps to the frame rate of the
   * slowest capture: one whose stripes nobody reads takes none, and this waits until
   * somebody does. Nothing is polled for it.
   *
   * @throws {PixelfluxError} by rejection: `ERR_RELEASED` after {@link close},
   *   `ERR_ABORTED` where that comes meanwhile, `ERR_INVALID_SETTING` or
   *   `ERR_UNKNOWN_SETTING`, `ERR_NO_RESOURCE`. The signal's reason where that is aborted.
   */
  async taken(options: TakenOptions = {}): Promise<void> {
    this.#requireOpen("taken");
    const signal = checkTakenSignal(options);
    signal?.throwIfAborted();
    const { serial } = this.#native;
    if (this.#native.takenState(serial) === "taken") return;
    await this.#waits.add(serial, signal);
  }

  /**
   * Ends the source. Captures that show it go on with the last picture until they
   * are stopped, and get it still where they have not; those that wait for a first
   * one, or start later, fail with `ERR_DISPLAY_OPEN`. May be repeated.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.close();
    this.#waits.close();
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(operation: string): void {
    if (!this.#closed) return;
    const text = `${operation}: the frame source has been closed. Make a new FrameSource.`;
    throw new PixelfluxError("ERR_RELEASED", operation, text);
  }
}
