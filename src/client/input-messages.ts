// SPDX-License-Identifier: MPL-2.0
/** What a viewer sends that may point and type, and how it is read. */

/** The server lets this viewer point and type. Told after each connection, where it does. */
export interface InputAllowedMessage {
  readonly type: "input";
}

/** Buttons of a mouse. */
export type PointerButton = "left" | "middle" | "right" | "back" | "forward";

/** The pointer is here now: whole px of the picture. */
export interface PointerMessage {
  readonly type: "pointer";
  /** In px of the picture. */
  readonly x: number;
  readonly y: number;
}

/** A button of the pointer has been pressed or released, here. */
export interface ButtonMessage {
  readonly type: "button";
  /** Which one. */
  readonly button: PointerButton;
  /** Pressed, or released. */
  readonly down: boolean;
  /** In px of the picture. */
  readonly x: number;
  readonly y: number;
}

/** The wheel has been turned, here. */
export interface WheelMessage {
  readonly type: "wheel";
  /** Notches to the right and down, -20…20. */
  readonly dx: number;
  readonly dy: number;
  /** In px of the picture. */
  readonly x: number;
  readonly y: number;
}

/** A key has been pressed or released. Repetitions are the other keyboard's, and not sent. */
export interface KeyMessage {
  readonly type: "key";
  /** Which key, as `KeyboardEvent.code`; empty where that is not known. At most 32 letters and digits. */
  readonly code: string;
  /** What it means, as `KeyboardEvent.key`: a character, or a name. 1…32 UTF-16 units. */
  readonly key: string;
  /** Pressed, or released. */
  readonly down: boolean;
}

/** A text has been put in: by an input method, a paste, or a keyboard on a screen. */
export interface TextMessage {
  readonly type: "text";
  /** 1…128 UTF-16 units. */
  readonly text: string;
}

/** Nothing is held any more: the picture has lost the focus. */
export interface ReleaseMessage {
  readonly type: "release";
}

/** What a viewer sends that may point and type. */
export type InputMessage =
  | PointerMessage
  | ButtonMessage
  | WheelMessage
  | KeyMessage
  | TextMessage
  | ReleaseMessage;

/** Of a text in one message; longer ones are sent in parts. */
export const TEXT_LENGTH_MAX = 128;
/** Of a wheel in one message, either way. */
export const NOTCHES_MAX = 20;

const NAME_LENGTH_MAX = 32;
/** As large as a picture may be. */
const EDGE_PX_MAX = 16384;
const BUTTONS: readonly unknown[] = ["left", "middle", "right", "back", "forward"];

const TYPES: readonly string[] = ["pointer", "button", "wheel", "key", "text", "release"];

/** Whether a viewer's message is one of these. */
export function isInputMessage(message: { readonly type: string }): message is InputMessage {
  return TYPES.includes(message.type);
}

/** Reads the fields of a message; `undefined` where it is none of these, or not right. */
export function parseInputMessage(message: Record<string, unknown>): InputMessage | undefined {
  const { type, x, y, text } = message;
  switch (type) {
    case "pointer":
      return isPlace(x, y) ? ({ type, x, y } as PointerMessage) : undefined;
    case "button":
      return parseButton(message);
    case "wheel":
      return parseWheel(message);
    case "key":
      return parseKey(message);
    case "text":
      return isText(text, TEXT_LENGTH_MAX) ? { type, text } : undefined;
    case "release":
      return { type };
    default:
      return undefined;
  }
}

function parseButton({ button, down, x, y }: Record<string, unknown>): InputMessage | undefined {
  if (!BUTTONS.includes(button) || typeof down !== "boolean" || !isPlace(x, y)) return undefined;
  return { type: "button", button, down, x, y } as ButtonMessage;
}

function parseWheel({ dx, dy, x, y }: Record<string, unknown>): InputMessage | undefined {
  const isRight =
    isWithin(dx, -NOTCHES_MAX, NOTCHES_MAX) && isWithin(dy, -NOTCHES_MAX, NOTCHES_MAX);
  return isRight && isPlace(x, y) ? ({ type: "wheel", dx, dy, x, y } as WheelMessage) : undefined;
}

function parseKey({ code, key, down }: Record<string, unknown>): InputMessage | undefined {
  if (typeof code !== "string" || !/^[A-Za-z0-9]{0,32}$/.test(code)) return undefined;
  if (!isText(key, NAME_LENGTH_MAX) || typeof down !== "boolean") return undefined;
  return { type: "key", code, key, down };
}

function isPlace(x: unknown, y: unknown): boolean {
  return isWithin(x, 0, EDGE_PX_MAX - 1) && isWithin(y, 0, EDGE_PX_MAX - 1);
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

function isText(value: unknown, lengthMax: number): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > lengthMax) return false;
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value);
}
