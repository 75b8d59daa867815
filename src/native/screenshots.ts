// SPDX-License-Identifier: MPL-2.0
/** Single pictures of a native capture's frame. */
import { errorOfStatus } from "../errors.ts";
import type { Lease } from "./lease.ts";
import type { NativeLibrary } from "./library.ts";
import { adoptBytes } from "./stripe-buffer.ts";
import { sizedStruct } from "./struct-buffer.ts";

/** `pf_screenshot_format`. */
export const SCREENSHOT_FORMATS = ["png", "jpeg", "raw"] as const;

/** `PF_SCREENSHOT_COUNT_MAX`: screenshots that may be asked for and not drained. */
export const SCREENSHOT_COUNT_MAX = 4;

const STATUS_OK = 0;

/** `pf_screenshot_request` without its size and id. */
export interface NativeScreenshotRequest {
  /** Index into {@link SCREENSHOT_FORMATS}. */
  readonly format: number;
  readonly quality: number;
  readonly x: number;
  readonly y: number;
  /** 0: as far as the frame goes; `height`, too. */
  readonly width: number;
  readonly height: number;
}

/** `pf_screenshot`: what has become of a request. */
export interface NativeScreenshot {
  readonly id: number;
  /** The bytes, which belong to it now; `undefined` where the status is an error. */
  readonly buffer: ArrayBuffer | undefined;
  readonly status: number;
  readonly timestampUs: number;
  /** Its size in px, or the frame's where the rectangle does not lie in that. */
  readonly width: number;
  readonly height: number;
}

/** Nothing here blocks. */
export class NativeScreenshots {
  readonly #library: NativeLibrary;
  readonly #lease: Lease;
  readonly #count = new Uint32Array(1);

  constructor(library: NativeLibrary, lease: Lease) {
    this.#library = library;
    this.#lease = lease;
  }

  /**
   * Asks for a screenshot, of which {@link drain} tells later.
   *
   * @param id - the caller's own, 32 bits.
   * @returns false where no answer will come: too many are under way, or the capture has ended.
   * @throws {PixelfluxError}
   */
  request(id: number, request: NativeScreenshotRequest): boolean {
    const { call, layout } = this.#library;
    const packed = sizedStruct("pf_screenshot_request", layout.pf_screenshot_request);
    packed.set("id", id);
    packed.set("format", request.format);
    packed.set("quality", request.quality);
    packed.set("x", request.x);
    packed.set("y", request.y);
    packed.set("width", request.width);
    packed.set("height", request.height);
    const status = call.pf_capture_request_screenshot(this.#lease.handle, packed.bytes);
    this.#check(status);
    return status === STATUS_OK;
  }

  /** The next screenshot that is ready, which belongs to the caller now. @throws {PixelfluxError} */
  drain(): NativeScreenshot | undefined {
    const { handle, screenshot } = this.#lease;
    const { call } = this.#library;
    this.#check(call.pf_capture_drain_screenshots(handle, screenshot.bytes, 1, this.#count));
    if (this.#count[0] === 0) return undefined;
    const isThere = screenshot.number("context") !== 0;
    return {
      id: screenshot.number("id"),
      buffer: isThere ? adoptBytes(this.#library, screenshot, 0) : undefined,
      status: screenshot.number("status"),
      timestampUs: screenshot.number("timestamp_us"),
      width: screenshot.number("width"),
      height: screenshot.number("height"),
    };
  }

  #check(status: number): void {
    if (status < 0) throw errorOfStatus(status, "screenshot", "");
  }
}
