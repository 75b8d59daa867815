// SPDX-License-Identifier: MPL-2.0
/** What the operations of an input are asked for, and the checks of it. */
import { PixelfluxError } from "../errors.ts";
import { copyOptions, invalidOption, readable } from "../options.ts";
import { checkEdges } from "../region.ts";
import type { Region } from "../screenshot.ts";
import { SETTING_FIELDS } from "../settings.ts";
import { parseCombination } from "./key-names.ts";
import { isModifier, keysymOfCharacter } from "./keysyms.ts";

/** What a `ScreenCapture` tells of where it looks; its present settings count at each operation. */
export interface CaptureRegion {
  /** The part of a capture's settings that counts. */
  readonly settings: {
    /** The display. */
    readonly display: string;
    /** Left edge of the region in the screen, px. */
    readonly captureX: number;
    /** Top edge of the region in the screen, px. */
    readonly captureY: number;
    /** Width of the region, px; the rest of the screen where it is left out. */
    readonly captureWidth?: number | undefined;
    /** Height of the region, px; likewise. */
    readonly captureHeight?: number | undefined;
    /** The window that is captured. */
    readonly window?: number | undefined;
    /** The monitor that is captured. */
    readonly monitor?: string | undefined;
    /** The file of the display's cookie. */
    readonly authorityPath?: string | undefined;
  };
}

/** Options of `Input.open`. All are optional. */
export interface InputOptions {
  /** X display, as in `":0"` or `"host:1.0"`. Default: that of `region` where it is a capture, else `$DISPLAY`, else `":0"`. */
  readonly display?: string | undefined;
  /**
   * What coordinates count from and have to lie in: a rectangle of the screen in px,
   * or a `ScreenCapture`, whose region is followed when `update()`, its window or its
   * monitor moves it. Default: the whole screen.
   */
  readonly region?: Region | CaptureRegion | undefined;
}

/** A place in px: (0, 0) is the top left corner of the region. */
export interface Point {
  /** Column, from 0. */
  readonly x: number;
  /** Row, from 0. */
  readonly y: number;
}

/** Buttons of a mouse. */
export type MouseButton = "left" | "middle" | "right" | "back" | "forward";

/** What can be held: a key by its name, or a button. */
export type HoldTarget =
  | string
  | {
      /** The button. */
      readonly button: MouseButton;
    };

/** How to hold. */
export interface HoldOptions {
  /**
   * Whether a character arrives as what it is even where Shift or AltGr are held and
   * would make another of it; they are released for the moment. Default: false.
   */
  readonly exactly?: boolean | undefined;
  /**
   * Where the pointer is moved to first; where that cannot be, nothing is held. Default: where
   * it is.
   */
  readonly at?: Point | undefined;
}

/** How to click. */
export interface ClickOptions {
  /** Default: `"left"`. */
  readonly button?: MouseButton | undefined;
  /** 2 is a double click, 1…10. Default: 1. */
  readonly count?: number | undefined;
  /** Held meanwhile, such as `["ctrl", "shift"]`. Default: none. */
  readonly modifiers?: readonly string[] | undefined;
}

/** How to drag. */
export interface DragOptions {
  /** Default: `"left"`. */
  readonly button?: MouseButton | undefined;
  /** Held meanwhile. Default: none. */
  readonly modifiers?: readonly string[] | undefined;
  /** From the press to the release, in ms, 0…60000. Default: 200. */
  readonly durationMs?: number | undefined;
}

/** How to type. */
export interface TypeOptions {
  /** Pause after each character, in ms, 0…10000. Default: 0. */
  readonly delayMs?: number | undefined;
  /** Ends the typing after the characters that are on their way: the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Numbers of the buttons in X; 4 to 7 are the wheels'. */
const BUTTONS: Readonly<Record<MouseButton, number>> = {
  left: 1,
  middle: 2,
  right: 3,
  back: 8,
  forward: 9,
};

const COORDINATE_MAX = 32767;
const TEXT_LENGTH_MAX = 1_000_000;

/** A place, whose limits are looked at when the operation's turn comes. */
export function checkPoint(operation: string, x: unknown, y: unknown, prefix = ""): Point {
  const isWhole = (value: unknown): value is number => Number.isInteger(value);
  if (!isWhole(x)) throw invalidOption(operation, `${prefix}x`, "a whole number of px", x);
  if (!isWhole(y)) throw invalidOption(operation, `${prefix}y`, "a whole number of px", y);
  return { x, y };
}

/** As {@link checkPoint}, of an object. */
export function checkPlace(operation: string, field: string, value: unknown): Point {
  if (typeof value !== "object" || value === null) {
    throw invalidOption(operation, field, "{ x, y } in px", value);
  }
  const { x, y } = readable(operation, field, () => ({ ...(value as Point) }));
  return checkPoint(operation, x, y, `${field}.`);
}

/** The number of a button. */
export function checkButton(operation: string, value: unknown): number {
  if (value === undefined) return BUTTONS.left;
  if (typeof value === "string" && Object.hasOwn(BUTTONS, value)) {
    return BUTTONS[value as MouseButton];
  }
  const names = Object.keys(BUTTONS).map((name) => `"${name}"`);
  throw invalidOption(operation, "button", `one of ${names.join(", ")}`, value);
}

/** The keysyms of modifiers by their names. */
export function checkModifiers(operation: string, value: unknown): number[] {
  if (value === undefined) return [];
  const expected = 'a list of modifiers such as ["ctrl", "shift"]';
  const names = readable(operation, "modifiers", () =>
    Array.isArray(value) ? Array.from<unknown>(value) : undefined,
  );
  if (names === undefined) throw invalidOption(operation, "modifiers", expected, value);
  return names.flatMap((name) => {
    const { modifiers, key } = parseCombination(name, operation, "modifiers");
    if (!isModifier(key)) throw invalidOption(operation, "modifiers", expected, name);
    return [...modifiers, key];
  });
}

/** The keysyms of a text's characters; CR LF is one line's end. */
export function checkText(operation: string, value: unknown): number[] {
  if (typeof value !== "string") throw invalidOption(operation, "text", "a string", value);
  if (value.length > TEXT_LENGTH_MAX) {
    const expected = `at most ${TEXT_LENGTH_MAX} UTF-16 units long`;
    throw invalidOption(operation, "text", expected, value);
  }
  return Array.from(value.replaceAll("\r\n", "\n"), (character, index) => {
    const codePoint = character.codePointAt(0) ?? 0;
    const keysym = keysymOfCharacter(codePoint);
    if (keysym !== undefined) return keysym;
    const name = `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
    const text = `${operation}: text has to be characters that a keyboard can have, but has ${name} at character ${index}. Leave it out, or press a combination by key(), such as "ctrl+c" for U+0003.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "text" });
  });
}

/** A rectangle of a window, a monitor or else the screen; sides that are left out reach to its edge. */
export interface CurrentRegion {
  readonly x: number;
  readonly y: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly window?: number | undefined;
  readonly monitor?: string | undefined;
}

/** What coordinates are of at present. */
export type RegionReader = () => CurrentRegion;

/** The display and the region that are asked for. */
export function checkInputOptions(options: InputOptions): {
  display: string;
  authorityPath: string | undefined;
  region: RegionReader;
} {
  const operation = "Input.open";
  const { region, ...given } = copyOptions(operation, options, ["display", "region"]);
  const capture = isCapture(region) ? region : undefined;
  const display = given.display ?? capture?.settings.display ?? SETTING_FIELDS.display.fallback();
  if (!SETTING_FIELDS.display.accepts(display)) {
    throw invalidOption(operation, "display", SETTING_FIELDS.display.expected, display);
  }
  if (capture) {
    const { authorityPath } = capture.settings;
    return { display, authorityPath, region: () => regionOf(capture) };
  }
  const fixed = region === undefined ? { x: 0, y: 0 } : checkRegion(operation, region);
  return { display, authorityPath: undefined, region: () => fixed };
}

function isCapture(region: unknown): region is CaptureRegion {
  if (typeof region !== "object" || region === null) return false;
  const settings = readable("Input.open", "region", () => {
    return (region as Partial<CaptureRegion>).settings;
  });
  return typeof settings === "object" && settings !== null;
}

function regionOf({ settings }: CaptureRegion): CurrentRegion {
  const { captureX: x, captureY: y, captureWidth: width, captureHeight: height } = settings;
  return { x, y, width, height, window: settings.window, monitor: settings.monitor };
}

function checkRegion(operation: string, region: unknown): Region {
  if (typeof region !== "object" || region === null) {
    throw invalidOption(
      operation,
      "region",
      "{ x, y, width, height } in px, or a ScreenCapture",
      region,
    );
  }
  return checkEdges(operation, "region", region as Region, COORDINATE_MAX);
}
