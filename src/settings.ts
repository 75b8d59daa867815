// SPDX-License-Identifier: MPL-2.0
/** The table of capture settings: their ranges, their defaults, their validation. */
import type { CaptureSettings, ResolvedSettings } from "./capture-settings.ts";
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

export type { CaptureSettings, ResolvedSettings } from "./capture-settings.ts";
export { show } from "./show.ts";

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
