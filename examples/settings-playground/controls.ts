// SPDX-License-Identifier: MPL-2.0
import type { CaptureSettings } from "pixelflux-ffi";

/** Settings that are fixed when a capture is made, and the one that names a file. */
type WithoutControl =
  | "display"
  | "source"
  | "authorityPath"
  | "window"
  | "monitor"
  | "stripeHeader"
  | "queueFrames"
  | "watermarkPath";

/** A setting that the page has a control for: every live one but the watermark's path. */
export type ControlName = Exclude<keyof CaptureSettings, WithoutControl>;

/** A setting's value as it travels; `null` stands for the default. */
export type ControlValue = boolean | number | string | null;

/** The settings in force; `null` where the default is no value, as in `captureWidth`. */
export type LiveSettings = Readonly<Record<ControlName, ControlValue>>;

interface Labelled {
  readonly group: string;
  readonly label: string;
}

/** One of some words. */
export interface ChoiceControl extends Labelled {
  readonly kind: "choice";
  readonly options: readonly string[];
  readonly default: string;
}

/** On or off. */
export interface FlagControl extends Labelled {
  readonly kind: "flag";
  readonly default: boolean;
}

/** A number; an empty box means the default. */
export interface NumberControl extends Labelled {
  readonly kind: "number";
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly default: number | "auto" | null;
  /** Where the slider ends, if not at `max`: the box takes the rest. */
  readonly sliderMax?: number;
}

/** One row of the table that the page is made from. */
export type Control = ChoiceControl | FlagControl | NumberControl;

/** Every control of the page, in its order. Ranges and defaults are those of `CaptureSettings`. */
export const CONTROLS: Readonly<Record<ControlName, Control>> = {
  outputMode: choice("Codec", "Output mode", ["jpeg", "h264"]),
  targetFps: number("Codec", "Frames a second", 1, 240, 60),
  jpegQuality: number("JPEG", "Quality", 0, 100, 75),
  paintOverJpegQuality: number("JPEG", "Quality at rest", 0, 100, 90),
  jpegFullColor: flag("JPEG", "Full colour (4:4:4)"),
  h264Crf: number("H.264", "CRF", 0, 51, 25),
  h264PaintOverCrf: number("H.264", "CRF at rest", 0, 51, 18),
  h264PaintOver: choice("H.264", "Refresh at rest by", ["idr", "refine"]),
  h264FullColor: flag("H.264", "Full colour (4:4:4)"),
  h264FullFrame: flag("H.264", "One encoder for the whole frame"),
  stripeHeight: { ...number("Stripes", "Rows a stripe", 16, 1024, "auto"), step: 16 },
  captureX: number("Region", "Left", 0, 32767, 0, 3840),
  captureY: number("Region", "Top", 0, 32767, 0, 2160),
  captureWidth: number("Region", "Width", 1, 16384, null, 3840),
  captureHeight: number("Region", "Height", 1, 16384, null, 2160),
  reconnect: flag("Region", "Wait for a lost display"),
  captureCursor: choice("Overlays", "Pointer", ["none", "blend", "stream"]),
  watermarkLocation: choice("Overlays", "Sample watermark", [
    ...["none", "top-left", "top-right", "bottom-left", "bottom-right", "middle", "animated"],
  ]),
  usePaintOverQuality: { ...flag("At rest", "Refresh what has come to rest"), default: true },
  paintOverTriggerFrames: number("At rest", "Frames before the refresh", 1, 1000, 15, 240),
  damageBlockThreshold: number("Busy stripes", "Changes in a row", 0, 1000, 10, 100),
  damageBlockDuration: number("Busy stripes", "Frames it stays busy", 1, 1000, 30, 240),
};

/** The table's names, in its order. */
export const CONTROL_NAMES = Object.keys(CONTROLS) as ControlName[];

/** Whether there is a control of that name: nothing else may be changed from a page. */
export function isControlName(name: string): name is ControlName {
  return Object.hasOwn(CONTROLS, name);
}

function number(
  group: string,
  label: string,
  min: number,
  max: number,
  fallback: NumberControl["default"],
  sliderMax = max,
): NumberControl {
  return { kind: "number", group, label, min, max, step: 1, default: fallback, sliderMax };
}

function flag(group: string, label: string): FlagControl {
  return { kind: "flag", group, label, default: false };
}

/** The first of the words is the default. */
function choice(group: string, label: string, options: readonly string[]): ChoiceControl {
  return { kind: "choice", group, label, options, default: options[0] as string };
}
