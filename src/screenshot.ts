// SPDX-License-Identifier: MPL-2.0
/** One picture of a capture's frame, and what is asked for by it. */
import { PixelfluxError } from "./errors.ts";
import { type NativeScreenshotRequest, SCREENSHOT_FORMATS } from "./native/capture.ts";
import { releaseStripeBuffer } from "./native/stripe-buffer.ts";
import { show } from "./settings.ts";
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
const REGION_NAMES = ["x", "y", "width", "height"] as const;

const FORMAT = choice("format", SCREENSHOT_FORMATS);
const QUALITY = integer("quality", 0, 100, 90);

/** Sides of a frame end here; a larger number could not be right. */
const EDGE_PX_MAX = 16384;

/**
 * Checks what a caller gave.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`.
 */
export function checkScreenshotOptions(options: ScreenshotOptions): CheckedScreenshotOptions {
  if (typeof options !== "object" || options === null) {
    throw invalid("options", "an object", options, "the defaults");
  }
  for (const name of Object.keys(options)) {
    if (OPTION_NAMES.includes(name)) continue;
    const text = `screenshot: there is no option ${show(name)}. The options are: ${OPTION_NAMES.join(", ")}.`;
    throw new PixelfluxError("ERR_UNKNOWN_SETTING", "screenshot", text, { field: name });
  }
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid("signal", "an AbortSignal", signal, "none");
  }
  const format = checked("format", FORMAT, options.format);
  const region = checkRegion(options.region);
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
  throw invalid(name, field.expected, value, field.fallbackText);
}

function checkRegion(region: Region | undefined): Region {
  if (region === undefined) return { x: 0, y: 0, width: 0, height: 0 };
  if (typeof region !== "object" || region === null) {
    throw invalid("region", "{ x, y, width, height }", region, "all of the frame");
  }
  const edge = (name: keyof Region): number => {
    const min = name === "x" || name === "y" ? 0 : 1;
    const value: unknown = region[name];
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= EDGE_PX_MAX) {
      return Number(value);
    }
    throw invalid(`region.${name}`, `an integer from ${min} to ${EDGE_PX_MAX}`, value);
  };
  const [x = 0, y = 0, width = 0, height = 0] = REGION_NAMES.map(edge);
  return { x, y, width, height };
}

function invalid(field: string, expected: string, value: unknown, fallback?: string) {
  const remedy = fallback === undefined ? "" : ` Leave it out for the default: ${fallback}.`;
  const text = `screenshot: ${field} has to be ${expected}, but is ${show(value)}.${remedy}`;
  return new PixelfluxError("ERR_INVALID_SETTING", "screenshot", text, { field });
}
