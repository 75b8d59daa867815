// SPDX-License-Identifier: MPL-2.0
/** What to capture and how to encode it: the public types, their defaults and their validation. */
import { PixelfluxError } from "./errors.ts";
import {
  choice,
  decimal,
  extent,
  flag,
  integer,
  name,
  path,
  rows,
  type SettingField,
} from "./settings-field.ts";

/**
 * Settings of a {@link ScreenCapture}. All are optional; `undefined` means the
 * default. Fields are live (`update()` changes them from the next frame on)
 * unless they say otherwise.
 */
export interface CaptureSettings {
  /**
   * X display, as in `":0"` or `"host:1.0"`; or the built-in test source, as in
   * `"synthetic://640x480@60"` (size in px, changes a second). 1…255 bytes of
   * UTF-8. Default: `$DISPLAY`, else `":0"`. Not live.
   */
  display?: string | undefined;
  /** Width of the region in px, 1…16384, odd ones too. Default: the rest of the screen. */
  captureWidth?: number | undefined;
  /** Height of the region in px, 1…16384, odd ones too. Default: the rest of the screen. */
  captureHeight?: number | undefined;
  /** Left edge of the region in px, 0…32767. Default: 0. */
  captureX?: number | undefined;
  /** Top edge of the region in px, 0…32767. Default: 0. */
  captureY?: number | undefined;
  /** Upper bound of the frame rate in frames a second, 1…240, fractions too. Default: 60. */
  targetFps?: number | undefined;
  /** Blend the pointer's image into the pixels. Default: false. */
  captureCursor?: boolean | undefined;
  /** Codec of the stripes. Default: `"jpeg"`. */
  outputMode?: "jpeg" | "h264" | undefined;
  /**
   * JPEG quality of changes in motion, 0…100, higher is better: the first change
   * of a row has `paintOverJpegQuality`, each further one 1 less, down to this.
   * Default: 75.
   */
  jpegQuality?: number | undefined;
  /** JPEG quality of stripes that have come to rest, 0…100. Default: 90. */
  paintOverJpegQuality?: number | undefined;
  /** JPEG in 4:4:4 instead of 4:2:0. Default: false. */
  jpegFullColor?: boolean | undefined;
  /**
   * H.264 quality of changes on x264's scale of CRF, 0…51, lower is better. It
   * is kept picture by picture: changes are coded with this quantiser, and with
   * one 3 higher while a stripe is busy, as video is at this CRF. Default: 25.
   */
  h264Crf?: number | undefined;
  /**
   * Quantiser of the refresh at rest, 0…51. Where it is not lower than
   * `h264Crf` there is no refresh. Default: 18.
   */
  h264PaintOverCrf?: number | undefined;
  /**
   * The H.264 refresh at rest: `"idr"` sends the stripe complete, `"refine"` a
   * P-frame at the lower quantiser that costs only what changed. Default: `"idr"`.
   */
  h264PaintOver?: "idr" | "refine" | undefined;
  /** H.264 in 4:4:4 instead of 4:2:0. Default: false. */
  h264FullColor?: boolean | undefined;
  /** One H.264 encoder for the whole frame instead of one a stripe. Default: false. */
  h264FullFrame?: boolean | undefined;
  /** Rows a stripe: a multiple of 16 from 16 to 1024, or `"auto"`. Default: `"auto"`. */
  stripeHeight?: "auto" | number | undefined;
  /** Refresh stripes that have come to rest; false: never, in either codec. Default: true. */
  usePaintOverQuality?: boolean | undefined;
  /** Frame times without a change before the refresh, 1…1000. Default: 15. */
  paintOverTriggerFrames?: number | undefined;
  /** Changes in a row before a stripe counts as busy, 0…1000; 0 = never. Default: 10. */
  damageBlockThreshold?: number | undefined;
  /** Frames a stripe stays busy, 1…1000. Default: 30. */
  damageBlockDuration?: number | undefined;
  /** PNG file to draw over the frame, at most 4095 bytes of UTF-8. Default: none. */
  watermarkPath?: string | undefined;
  /** Where the watermark goes. Default: `"none"`. */
  watermarkLocation?:
    | "none"
    | "top-left"
    | "top-right"
    | "bottom-left"
    | "bottom-right"
    | "middle"
    | "animated"
    | undefined;
  /**
   * Bytes in front of each stripe: those of today's web clients, of pixelflux
   * 1.2, or none; `pixelflux-ffi/wire` reads them. With `"extended"` they tell
   * the rectangle that a stripe covers, and only then a JPEG may be narrower
   * than the region, and pixels that have moved are told of by a stripe of type
   * `"copy"` instead of being sent. Default: `"pixelflux"`. Not live.
   */
  stripeHeader?: "pixelflux" | "legacy" | "none" | "extended" | undefined;
  /**
   * Frames that may wait for the reader, 1…16, before the capture holds back.
   * Default: 3. Not live.
   */
  queueFrames?: number | undefined;
  /**
   * Whether a display that is lost while the capture runs is waited for, and
   * captured again when it is back, instead of failing the capture; see the
   * events `disconnect` and `reconnect`. Default: false.
   */
  reconnect?: boolean | undefined;
}

/** Settings that may be left out of {@link ResolvedSettings}, too, since their default is "none". */
type OpenSetting = "captureWidth" | "captureHeight" | "watermarkPath";

/** Settings with every default filled in. Frozen. */
export type ResolvedSettings = {
  readonly [K in keyof CaptureSettings]-?: K extends OpenSetting
    ? CaptureSettings[K]
    : Exclude<CaptureSettings[K], undefined>;
};

type SettingTable = { readonly [K in keyof ResolvedSettings]: SettingField<ResolvedSettings[K]> };

const EXTENT_MAX_PX = 16384;
const ORIGIN_MAX_PX = 32767;
/** `PF_DISPLAY_BYTES_MAX` and `PF_WATERMARK_PATH_BYTES_MAX`, less their NUL. */
const DISPLAY_BYTES_MAX = 255;
const WATERMARK_PATH_BYTES_MAX = 4095;

/** The single list of settings: validation, defaults and packing all read it. */
export const SETTING_FIELDS: SettingTable = {
  display: name("display", DISPLAY_BYTES_MAX, defaultDisplay, "$DISPLAY"),
  captureWidth: extent("capture_width", EXTENT_MAX_PX),
  captureHeight: extent("capture_height", EXTENT_MAX_PX),
  captureX: integer("capture_x", 0, ORIGIN_MAX_PX, 0),
  captureY: integer("capture_y", 0, ORIGIN_MAX_PX, 0),
  targetFps: decimal("target_fps", 1, 240, 60),
  captureCursor: flag("capture_cursor", false),
  outputMode: choice("output_mode", ["jpeg", "h264"]),
  jpegQuality: integer("jpeg_quality", 0, 100, 75),
  paintOverJpegQuality: integer("paint_over_jpeg_quality", 0, 100, 90),
  jpegFullColor: flag("jpeg_full_color", false),
  h264Crf: integer("h264_crf", 0, 51, 25),
  h264PaintOverCrf: integer("h264_paint_over_crf", 0, 51, 18),
  h264PaintOver: choice("h264_paint_over", ["idr", "refine"]),
  h264FullColor: flag("h264_full_color", false),
  h264FullFrame: flag("h264_full_frame", false),
  stripeHeight: rows("stripe_height", 16, 1024),
  usePaintOverQuality: flag("use_paint_over_quality", true),
  paintOverTriggerFrames: integer("paint_over_trigger_frames", 1, 1000, 15),
  damageBlockThreshold: integer("damage_block_threshold", 0, 1000, 10),
  damageBlockDuration: integer("damage_block_duration", 1, 1000, 30),
  watermarkPath: path("watermark_path", WATERMARK_PATH_BYTES_MAX),
  watermarkLocation: choice("watermark_location", [
    "none",
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right",
    "middle",
    "animated",
  ]),
  stripeHeader: choice("stripe_header", ["pixelflux", "legacy", "none", "extended"], {
    live: false,
  }),
  queueFrames: integer("queue_frames", 1, 16, 3, { live: false }),
  reconnect: flag("reconnect", false),
};

const SETTING_NAMES = Object.keys(SETTING_FIELDS) as (keyof ResolvedSettings)[];

/**
 * Checks settings and fills in the defaults.
 *
 * @param operation - named in the error.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`,
 *   with `field`.
 */
export function resolveSettings(settings: CaptureSettings, operation: string): ResolvedSettings {
  return freeze(given(settings, operation), operation, (key) => SETTING_FIELDS[key].fallback());
}

/**
 * Checks a change and returns the settings as they are after it; `present` is
 * left alone. A field given as `undefined` returns to its default.
 *
 * @throws {PixelfluxError} as {@link resolveSettings}, and
 *   `ERR_INVALID_SETTING` where a field that is not live would change.
 */
export function mergeSettings(
  present: ResolvedSettings,
  change: CaptureSettings,
  operation: string,
): ResolvedSettings {
  const values = given(change, operation);
  const merged = freeze(values, operation, (key) =>
    values.has(key) ? SETTING_FIELDS[key].fallback() : present[key],
  );
  for (const key of SETTING_NAMES) {
    if (SETTING_FIELDS[key].live || merged[key] === present[key]) continue;
    const text = `${operation}: ${key} is fixed when the capture is made (${show(present[key])}) and cannot become ${show(merged[key])}. Make a new ScreenCapture for that.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: key });
  }
  return merged;
}

/** The fields of `pf_settings` by their native names, `size_bytes` apart. */
export function nativeSettings(settings: ResolvedSettings): Record<string, number | string> {
  const entry = <K extends keyof ResolvedSettings>(key: K): [string, number | string] => {
    const field: SettingField<ResolvedSettings[K]> = SETTING_FIELDS[key];
    return [field.native, field.toNative(settings[key])];
  };
  return Object.fromEntries(SETTING_NAMES.map(entry));
}

/** The caller's own entries, read once each, under names that exist. */
function given(settings: CaptureSettings, operation: string): Map<string, unknown> {
  if (typeof settings !== "object" || settings === null || isArray(settings)) {
    const text = `${operation}: settings have to be an object, but are ${show(settings)}. Leave them out for the defaults.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "settings" });
  }
  const entries = readEntries(settings, operation);
  for (const [key] of entries) {
    if (!Object.hasOwn(SETTING_FIELDS, key)) throw unknownSetting(key, operation);
  }
  return new Map(entries);
}

function freeze(
  values: ReadonlyMap<string, unknown>,
  operation: string,
  otherwise: (key: keyof ResolvedSettings) => unknown,
): ResolvedSettings {
  const entries = SETTING_NAMES.map((key) => {
    const value = values.get(key);
    if (value !== undefined) return [key, checked(key, value, operation)];
    return [key, otherwise(key)];
  });
  return Object.freeze(Object.fromEntries(entries));
}

function checked(key: keyof ResolvedSettings, value: unknown, operation: string): unknown {
  const field = SETTING_FIELDS[key];
  if (field.accepts(value)) return value;
  const text = `${operation}: ${key} has to be ${field.expected}, but is ${show(value)}. Leave it out for the default: ${field.fallbackText}.`;
  throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: key });
}

function unknownSetting(key: string, operation: string): PixelfluxError {
  // The Python package's names are these in snake_case.
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase();
  const near = SETTING_NAMES.find((candidate) => plain(candidate) === plain(key));
  const remedy = near ? `Did you mean ${near}?` : `The settings are: ${SETTING_NAMES.join(", ")}.`;
  const text = `${operation}: there is no setting ${show(key)}. ${remedy}`;
  return new PixelfluxError("ERR_UNKNOWN_SETTING", operation, text, { field: key });
}

function defaultDisplay(): string {
  const { DISPLAY } = process.env;
  return checked("display", DISPLAY || ":0", "$DISPLAY") as string;
}

const SHOWN_LENGTH_MAX = 80;

function readEntries(settings: CaptureSettings, operation: string): [string, unknown][] {
  try {
    return Object.entries(settings);
  } catch (cause) {
    const text = `${operation}: settings cannot be read: the object's own code failed. Give a plain object.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "settings", cause });
  }
}

/** As Array.isArray, which throws for a revoked proxy. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false; // whatever it is, it is no array any more
  }
}

/** A value as an error message shows it; runs none of the caller's code. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const cut = value.length > SHOWN_LENGTH_MAX;
      const text = JSON.stringify(cut ? value.slice(0, SHOWN_LENGTH_MAX) : value);
      return cut ? `${text}… (${value.length} characters)` : text;
    }
    case "bigint":
      return "a bigint";
    case "object":
      return value === null ? "null" : isArray(value) ? "an array" : "an object";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}
