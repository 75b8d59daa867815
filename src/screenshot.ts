// SPDX-License-Identifier: MPL-2.0
/** One picture of a capture's frame, and what is asked for by it. */
import { type NativeScreenshotRequest, SCREENSHOT_FORMATS } from "./native/screenshots.ts";
import { releaseStripeBuffer } from "./native/stripe-buffer.ts";
import { checkOptionNames, checkSignal, invalidOption, leaveOut } from "./options.ts";
import { checkRegion } from "./region.ts";
import { choice, integer, type SettingField } from "./settings-field.ts";

/** What the bytes of a screenshot are replaced by when it is released. */
const NO_BYTES = new Uint8Array(0);

/** What a screenshot's bytes are; see {@link ScreenshotOptions.format}. */
export type ScreenshotFormat = (typeof SCREENSHOT_FORMATS)[number];

/** A rectangle of a capture's frame, in px: (0, 0) is the capture's own top left corner. */
export interface Region {
  /** First column, from 0. */
  readonly x: number;
  /** First row, from 0. */
  readonly y: number;
  /** 1 or more. */
  readonly width: number;
  readonly height: number;
}

/** What `screenshot()` is asked for. */
export interface ScreenshotOptions {
  /** A part of the frame, within it. Default: all of it. */
  readonly region?: Region | undefined;
  /**
   * - `"png"`, the default: lossless, 8-bit RGB, made to be quick rather than small
   * - `"jpeg"`: 4:2:0, or 4:4:4 with the capture's `jpegFullColor`
   * - `"raw"`: RGBA, a byte each, A always 255; rows top-down without padding
   */
  readonly format?: ScreenshotFormat | undefined;
  /** Quality of a JPEG, 0…100. Default 90. The other formats are lossless. */
  readonly quality?: number | undefined;
  /** Gives up when aborted: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What comes out of {@link Screenshot}'s constructor. */
export interface ScreenshotParts {
  readonly buffer: ArrayBuffer;
  readonly format: ScreenshotFormat;
  readonly width: number;
  readonly height: number;
  readonly timestamp: number;
}

/**
 * One picture. `data` is native memory, seen without a copy, and lives as a
 * stripe's does: until {@link release}, or until nothing can see it any more.
 *
 * Disposable: `using shot = await capture.screenshot()`.
 */
export class Screenshot {
  /** In px. */
  readonly width: number;
  readonly height: number;
  /** As it was asked for. */
  readonly format: ScreenshotFormat;
  /** When the pixels were up to date: microseconds of CLOCK_MONOTONIC, as a stripe's. */
  readonly timestamp: number;
  #data: Uint8Array<ArrayBuffer>;

  /** @internal Screenshots come from a {@link ScreenCapture}. */
  constructor({ buffer, format, width, height, timestamp }: ScreenshotParts) {
    this.width = width;
    this.height = height;
    this.format = format;
    this.timestamp = timestamp;
    this.#data = new Uint8Array(buffer);
  }

  /** The file, or the pixels where the format is `"raw"`. Length 0 after release. */
  get data(): Uint8Array<ArrayBuffer> {
    return this.#data;
  }

  /** Gives the memory back at once; every view of it has length 0 from here on. May be repeated. */
  release(): void {
    if (this.#data === NO_BYTES) return;
    const { buffer } = this.#data;
    this.#data = NO_BYTES;
    releaseStripeBuffer(buffer);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** Options that have been checked. */
export interface CheckedScreenshotOptions {
  readonly request: NativeScreenshotRequest;
  readonly format: ScreenshotFormat;
  readonly signal: AbortSignal | undefined;
}

const OPTION_NAMES = ["region", "format", "quality", "signal"];

const FORMAT = choice("format", SCREENSHOT_FORMATS);
const QUALITY = integer("quality", 0, 100, 90);

/**
 * Checks what a caller gave.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`.
 */
export function checkScreenshotOptions(options: ScreenshotOptions): CheckedScreenshotOptions {
  checkOptionNames("screenshot", options, OPTION_NAMES);
  const signal = checkSignal("screenshot", options.signal);
  const format = checked("format", FORMAT, options.format);
  const region = checkRegion("screenshot", "region", options.region);
  const quality = checked("quality", QUALITY, options.quality);
  return {
    request: { format: SCREENSHOT_FORMATS.indexOf(format), quality, ...region },
    format,
    signal,
  };
}

function checked<T>(name: string, field: SettingField<T>, value: unknown): T {
  if (value === undefined) return field.fallback();
  if (field.accepts(value)) return value;
  throw invalidOption("screenshot", name, field.expected, value, leaveOut(field.fallbackText));
}
