// SPDX-License-Identifier: MPL-2.0
/** What to capture and how to encode it: the public types, their defaults and their validation. */
import { PixelfluxError } from "./errors.ts";
import { FrameSource } from "./frame-source.ts";
import {
  choice,
  decimal,
  extent,
  flag,
  id,
  integer,
  name,
  optionalName,
  path,
  rows,
  type SettingField,
  switchable,
} from "./settings-field.ts";
import { isArray, show } from "./show.ts";
import { registeredAuthority } from "./x11/authority-registry.ts";
import { parseDisplayName } from "./x11/display-name.ts";

export { show } from "./show.ts";

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
  /**
   * Frames that this program makes itself, in place of a display: one or the other.
   * What `captureX` and the like select is a part of them. They have no pointer.
   * Default: none. Not live.
   */
  source?: FrameSource | undefined;
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
  /**
   * Where the pointer goes: `"blend"` into the pixels, `"stream"` beside them, told of
   * by the event `cursor` for somebody else to draw it, so that its moves cost no
   * stripes and do not wait for any. `true` is `"blend"`, `false` is `"none"`.
   * Default: `"none"`.
   */
  captureCursor?: "blend" | "stream" | "none" | boolean | undefined;
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
  /**
   * File of X cookies, as `$XAUTHORITY` names one, for the display; at most 4095
   * bytes of UTF-8. Looked into whenever the display is opened; one that has no
   * cookie for it is passed over, and `$XAUTHORITY` and `~/.Xauthority` count.
   * Default: that of the `VirtualDisplay` of this name that this thread has
   * started, else `$XAUTHORITY` as `process.env` has it. Not live.
   */
  authorityPath?: string | undefined;
  /**
   * Captures one window, by its X id, instead of the screen: with the windows in it and
   * without its border, wherever it is moved and whatever lies over it. The frame has
   * the window's size, and another when it is resized; while it is not shown, the
   * picture stays as it was. The region and the pointer are relative to it. Fails with
   * `ERR_WINDOW_GONE` when it is destroyed. See {@link listWindows}, and
   * docs/windows-and-monitors.md for X servers without Composite. Default: none. Not
   * live; not together with `monitor`.
   */
  window?: number | undefined;
  /**
   * Captures one monitor, by its RandR name, instead of the screen: `"DP-1"`, or
   * `"primary"` for the one that is marked so, else the first. The frame follows it to
   * another place or size, and is black while it is gone. The region is relative to it.
   * See {@link listMonitors}. 1…127 bytes. Default: none. Not live; not together with
   * `window`.
   */
  monitor?: string | undefined;
}

/** Settings that may be left out of {@link ResolvedSettings}, too, since their default is "none". */
type OpenSetting =
  | "source"
  | "captureWidth"
  | "captureHeight"
  | "watermarkPath"
  | "authorityPath"
  | "window"
  | "monitor";

/** What settings are resolved to where that is not all of what they take. */
interface Narrowed {
  readonly captureCursor: "blend" | "stream" | "none";
}

/** Settings with every default filled in; with a `source`, `display` is its name. Frozen. */
export type ResolvedSettings = Narrowed & {
  // Not by "-?", which would take `undefined` from open settings, too, for those who compile
  // without exactOptionalPropertyTypes.
  readonly [K in Exclude<keyof Required<CaptureSettings>, keyof Narrowed>]: K extends OpenSetting
    ? CaptureSettings[K]
    : Exclude<CaptureSettings[K], undefined>;
};

/** Settings that travel to the native side: `source` does by its name. */
export type TableSetting = Exclude<keyof ResolvedSettings, "source">;

type SettingTable = { readonly [K in TableSetting]: SettingField<ResolvedSettings[K]> };

const EXTENT_MAX_PX = 16384;
const ORIGIN_MAX_PX = 32767;
/** `PF_DISPLAY_BYTES_MAX`, `PF_WATERMARK_PATH_BYTES_MAX` and `PF_AUTHORITY_PATH_BYTES_MAX`, less their NUL. */
const DISPLAY_BYTES_MAX = 255;
const WATERMARK_PATH_BYTES_MAX = 4095;
const AUTHORITY_PATH_BYTES_MAX = 4095;
/** `PF_MONITOR_BYTES_MAX`, less its NUL. */
const MONITOR_BYTES_MAX = 127;

/** The single list of settings but `source`: validation, defaults and packing all read it. */
export const SETTING_FIELDS: SettingTable = {
  display: name("display", DISPLAY_BYTES_MAX, defaultDisplay, "$DISPLAY"),
  captureWidth: extent("capture_width", EXTENT_MAX_PX),
  captureHeight: extent("capture_height", EXTENT_MAX_PX),
  captureX: integer("capture_x", 0, ORIGIN_MAX_PX, 0),
  captureY: integer("capture_y", 0, ORIGIN_MAX_PX, 0),
  targetFps: decimal("target_fps", 1, 240, 60),
  captureCursor: switchable("capture_cursor", ["none", "blend", "stream"], "blend", "none"),
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
  authorityPath: path("authority_path", AUTHORITY_PATH_BYTES_MAX, {
    live: false,
    fallbackText: "$XAUTHORITY",
  }),
  window: id("window"),
  monitor: optionalName("monitor", MONITOR_BYTES_MAX),
};

const SETTING_NAMES = Object.keys(SETTING_FIELDS) as TableSetting[];

/**
 * Checks settings and fills in the defaults.
 *
 * @param operation - named in the error.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`,
 *   with `field`.
 */
export function resolveSettings(settings: CaptureSettings, operation: string): ResolvedSettings {
  const values = given(settings, operation);
  const source = sourceIn(values, operation);
  return freeze(values, source, operation, (key) => fallbackOf(key, source));
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
  const { source } = present;
  if (values.has("source") && sourceIn(values, operation) !== source) {
    const text = `${operation}: source is fixed when the capture is made and cannot become another one. Make a new ScreenCapture for that.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "source" });
  }
  const merged = freeze(values, source, operation, (key) =>
    values.has(key) ? fallbackOf(key, source) : present[key],
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
  const entry = <K extends TableSetting>(key: K): [string, number | string] => {
    const field: SettingField<ResolvedSettings[K]> = SETTING_FIELDS[key];
    return [field.native, field.toNative(settings[key])];
  };
  return {
    ...Object.fromEntries(SETTING_NAMES.map(entry)),
    authority_path: settings.authorityPath ?? knownAuthorityPath(settings.display),
  };
}

/** Looked up as late as possible: settings may be older than their display. */
function knownAuthorityPath(display: string): string {
  const { XAUTHORITY } = process.env;
  const path = registeredAuthority(parseDisplayName(display)) ?? XAUTHORITY ?? "";
  return SETTING_FIELDS.authorityPath.accepts(path) ? path : ""; // there can be no such file
}

/** The caller's own entries, read once each, under names that exist. */
function given(settings: CaptureSettings, operation: string): Map<string, unknown> {
  if (typeof settings !== "object" || settings === null || isArray(settings)) {
    const text = `${operation}: settings have to be an object, but are ${show(settings)}. Leave them out for the defaults.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "settings" });
  }
  const entries = readEntries(settings, operation);
  for (const [key] of entries) {
    if (key !== "source" && !Object.hasOwn(SETTING_FIELDS, key)) {
      throw unknownSetting(key, operation);
    }
  }
  return new Map(entries);
}

/** The source among the values. A display that is given, too, has to be the source's own name. */
function sourceIn(
  values: ReadonlyMap<string, unknown>,
  operation: string,
): FrameSource | undefined {
  const source = values.get("source");
  if (source === undefined) return undefined;
  if (!FrameSource.isOne(source)) {
    const text = `${operation}: source has to be a FrameSource, but is ${show(source)}. Leave it out to capture a display.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "source" });
  }
  const display = values.get("display");
  if (display === undefined || display === source.display) return source;
  const text = `${operation}: source and display cannot both be given, but display is ${show(display)}. Leave out one of them.`;
  throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "display" });
}

function fallbackOf(key: TableSetting, source: FrameSource | undefined): unknown {
  return key === "display" && source ? source.display : SETTING_FIELDS[key].fallback();
}

function freeze(
  values: ReadonlyMap<string, unknown>,
  source: FrameSource | undefined,
  operation: string,
  otherwise: (key: TableSetting) => unknown,
): ResolvedSettings {
  const entries = SETTING_NAMES.map((key) => {
    const value = values.get(key);
    if (value !== undefined) return [key, checked(key, value, operation)];
    return [key, otherwise(key)];
  });
  const resolved: ResolvedSettings = Object.freeze({ ...Object.fromEntries(entries), source });
  checkTarget(resolved, operation);
  return resolved;
}

/** A capture is of one thing. */
function checkTarget({ window, monitor, display }: ResolvedSettings, operation: string): void {
  const given = window === undefined ? monitor : window;
  if (given === undefined) return;
  const field = window === undefined ? "monitor" : "window";
  const refuse = (words: string) => {
    const text = `${operation}: ${field} (${show(given)}) ${words}`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field });
  };
  if (window !== undefined && monitor !== undefined) {
    refuse(`and monitor (${show(monitor)}) cannot both be captured. Leave one of them out.`);
  }
  if (/^(synthetic|frames):\/\//.test(display)) {
    refuse(`is not on ${show(display)}, which is no X display. Leave it out, or name one.`);
  }
}

function checked(key: TableSetting, value: unknown, operation: string): unknown {
  const field = SETTING_FIELDS[key];
  const meant = field.synonyms?.has(value) ? field.synonyms.get(value) : value;
  if (field.accepts(meant)) return meant;
  const text = `${operation}: ${key} has to be ${field.expected}, but is ${show(value)}. Leave it out for the default: ${field.fallbackText}.`;
  throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: key });
}

function unknownSetting(key: string, operation: string): PixelfluxError {
  // The Python package's names are these in snake_case.
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase();
  const names = ["source", ...SETTING_NAMES];
  const near = names.find((candidate) => plain(candidate) === plain(key));
  const remedy = near ? `Did you mean ${near}?` : `The settings are: ${names.join(", ")}.`;
  const text = `${operation}: there is no setting ${show(key)}. ${remedy}`;
  return new PixelfluxError("ERR_UNKNOWN_SETTING", operation, text, { field: key });
}

function defaultDisplay(): string {
  const { DISPLAY } = process.env;
  return checked("display", DISPLAY || ":0", "$DISPLAY") as string;
}

function readEntries(settings: CaptureSettings, operation: string): [string, unknown][] {
  try {
    return Object.entries(settings);
  } catch (cause) {
    const text = `${operation}: settings cannot be read: the object's own code failed. Give a plain object.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "settings", cause });
  }
}
