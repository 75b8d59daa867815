// SPDX-License-Identifier: MPL-2.0
/** One native frame source behind its handle. */
import { errorOfStatus, type PixelfluxError } from "../errors.ts";
import { Lease } from "./lease.ts";
import { type NativeLibrary, nativeLibrary } from "./library.ts";
import { textOf } from "./struct-buffer.ts";

/** `PF_FRAMES_DAMAGE_COUNT_MAX`: rectangles that one push may name. */
export const FRAMES_DAMAGE_COUNT_MAX = 1024;

/** What goes to `pf_frames_push`, checked. */
export interface NativePush {
  readonly width: number;
  readonly height: number;
  readonly strideBytes: number;
  /** x, y, width and height of each rectangle; null for all of the picture. */
  readonly damage: Uint32Array | null;
}

/** How far the captures are: {@link NativeFrames.takenState}. */
export type TakenState = "taken" | "waiting" | "closed";

/** `PF_STATUS_OK`, `PF_STATUS_TIMEOUT`. */
const STATUS_OK = 0;
const STATUS_TIMEOUT = 1;

const MESSAGE_BYTES_MAX = 512;

/** A rectangle list that is empty still needs an address, or it would mean all of the picture. */
const NO_RECTANGLES = new Uint32Array(4);

/**
 * A native frame source. It ends with {@link close}, or when this is collected, or
 * with its realm. Nothing here blocks.
 */
export class NativeFrames {
  /** Names the frame source to the library, also on other threads and after its end. */
  readonly handle: number;
  readonly library: NativeLibrary;
  readonly #lease: Lease;
  readonly #serial = new Uint32Array(2);

  /** @param width - 0, as `height`, for the size of the first push. @throws {PixelfluxError} */
  constructor(width: number, height: number) {
    const operation = "new FrameSource";
    this.library = nativeLibrary();
    this.#lease = new Lease(this.library, 0, operation);
    const status = this.library.call.pf_frames_create(width, height, this.#lease.framesBytes);
    if (status < 0) {
      this.#lease.end();
      throw this.#error(status, operation);
    }
    this.handle = this.#lease.frames;
  }

  /** Copies the pixels; their number has been checked. @throws {PixelfluxError} */
  push(rgba: Uint8Array | Uint8ClampedArray, sizeBytes: number, push: NativePush): void {
    const { width, height, strideBytes, damage } = push;
    const status = this.library.call.pf_frames_push(
      this.handle,
      rgba,
      sizeBytes,
      width,
      height,
      strideBytes,
      damage?.length === 0 ? NO_RECTANGLES : damage,
      (damage?.length ?? 0) / 4,
      this.#serial,
    );
    if (status < 0) throw this.#error(status, "push");
  }

  /** The number of the newest push, from 1; 0 before. */
  get serial(): number {
    const [low = 0, high = 0] = this.#serial;
    return low + high * 2 ** 32;
  }

  /** Whether every capture that shows the frame source has the push of this serial, or needs it not. */
  takenState(serial: number): TakenState {
    const status = this.library.call.pf_frames_wait(this.handle, serial, 0);
    if (status === STATUS_OK) return "taken";
    return status === STATUS_TIMEOUT ? "waiting" : "closed";
  }

  /** Gives the native side back; captures go on with the last picture. May be repeated. */
  close(): void {
    this.#lease.end();
  }

  #error(status: number, operation: string): PixelfluxError {
    const text = new Uint8Array(MESSAGE_BYTES_MAX);
    this.library.call.pf_last_message(text, text.length);
    return errorOfStatus(status, operation, textOf(text));
  }
}
