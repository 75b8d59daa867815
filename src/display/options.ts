// SPDX-License-Identifier: MPL-2.0
/** The options of a virtual display and their validation. */
import {
  checkInteger,
  checkOptionNames,
  checkSignal,
  invalidOption,
  leaveOut,
} from "../options.ts";

/** Options of {@link VirtualDisplay.start}. All are optional; `undefined` means the default. */
export interface VirtualDisplayOptions {
  /** Width of the screen in px, 1…`maxWidth`. Default: 1280. */
  readonly width?: number | undefined;
  /** Height of the screen in px, 1…`maxHeight`. Default: 720. */
  readonly height?: number | undefined;
  /**
   * How wide `resize()` can make it, in px, 1…32767. Memory is set aside for the
   * largest size: 4 bytes a pixel. Default: 3840, or `width` where that is more.
   */
  readonly maxWidth?: number | undefined;
  /** How high `resize()` can make it, in px, 1…32767. Default: 2160, or `height` where that is more. */
  readonly maxHeight?: number | undefined;
  /** Dots an inch that programs are told, 1…1000: browsers draw larger by it. Default: 96. */
  readonly dpi?: number | undefined;
  /** The program to run: a path, or a name to be found in `PATH`. Default: `"Xvfb"`. */
  readonly program?: string | undefined;
  /** Further arguments of Xvfb, as in `["+iglx"]`. Default: none. */
  readonly args?: readonly string[] | undefined;
  /** How long it may take to be ready, in ms, 1…600000. Default: 30000. */
  readonly timeoutMs?: number | undefined;
  /** Gives the start up; a display that has started is not stopped by it. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with every default filled in. */
export interface ResolvedDisplayOptions {
  readonly width: number;
  readonly height: number;
  readonly maxWidth: number;
  readonly maxHeight: number;
  readonly dpi: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The operation that errors of the start name. */
export const START = "VirtualDisplay.start";

/** The X11 protocol's: sizes are 16 bits, places are signed ones. */
const SIDE_PX_MAX = 32767;
const NAMES = [
  ...["width", "height", "maxWidth", "maxHeight", "dpi"],
  ...["program", "args", "timeoutMs", "signal"],
];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function resolveDisplayOptions(options: VirtualDisplayOptions): ResolvedDisplayOptions {
  checkOptionNames(START, options, NAMES);
  const integer = (field: string, value: number, max: number) =>
    checkInteger(START, field, value, [1, max], leaveOut());
  const { program = "Xvfb", args = [], signal } = options;
  const most = (field: "maxWidth" | "maxHeight") =>
    integer(field, options[field] ?? SIDE_PX_MAX, SIDE_PX_MAX);
  const width = integer(
    "width",
    options.width ?? Math.min(1280, most("maxWidth")),
    most("maxWidth"),
  );
  const height = integer(
    "height",
    options.height ?? Math.min(720, most("maxHeight")),
    most("maxHeight"),
  );
  if (!isText(program) || program === "") {
    throw invalidOption(START, "program", "a program's name or path", program, leaveOut());
  }
  if (!Array.isArray(args) || !args.every(isText)) {
    throw invalidOption(START, "args", "an array of strings without NUL", args, leaveOut());
  }
  return {
    ...{ width, height },
    maxWidth: options.maxWidth ?? Math.max(3840, width),
    maxHeight: options.maxHeight ?? Math.max(2160, height),
    dpi: integer("dpi", options.dpi ?? 96, 1000),
    timeoutMs: integer("timeoutMs", options.timeoutMs ?? 30_000, 600_000),
    ...{ program, args: [...args] },
    signal: checkSignal(START, signal),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}
