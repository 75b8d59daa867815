// SPDX-License-Identifier: MPL-2.0
import { badField } from "./errors.ts";

/** A place on a screenshot, in px. */
export type Coordinate = readonly [x: number, y: number];

/** What can be asked for: the actions and fields of models' computer-use tools. */
export type Action =
  | { readonly action: "screenshot" }
  | { readonly action: "cursor_position" }
  | { readonly action: "left_mouse_down" }
  | { readonly action: "left_mouse_up" }
  | { readonly action: "zoom"; readonly region: readonly [number, number, number, number] }
  | { readonly action: "mouse_move"; readonly coordinate: Coordinate }
  | { readonly action: ClickName; readonly coordinate?: Coordinate; readonly text?: string }
  | {
      readonly action: "left_click_drag";
      readonly start_coordinate: Coordinate;
      readonly coordinate: Coordinate;
    }
  | {
      readonly action: "scroll";
      readonly scroll_direction: Direction;
      readonly scroll_amount: number;
      readonly coordinate?: Coordinate;
    }
  | { readonly action: "type" | "key"; readonly text: string }
  | { readonly action: "hold_key"; readonly text: string; readonly duration: number }
  | { readonly action: "wait"; readonly duration: number }
  | {
      readonly action: "wait";
      readonly until: "stable" | "change";
      readonly quiet_ms?: number;
      readonly timeout_ms?: number;
    };

export type ClickName =
  | "left_click"
  | "right_click"
  | "middle_click"
  | "double_click"
  | "triple_click";

export type Direction = "up" | "down" | "left" | "right";

/** An action, and the longer side of the screenshots that its coordinates are of. */
export interface Request {
  readonly action: Action;
  readonly maxSidePx: number | undefined;
}

const SIDE_PX_MIN = 64;
const SIDE_PX_MAX = 16384;
const TEXT_LENGTH_MAX = 10_000;
const NOTCHES_MAX = 100;
const DURATION_S_MAX = 60;
const WAIT_MS_MAX = 60_000;

/** Reads each action's fields. */
const READERS: Readonly<Record<Action["action"], (fields: Fields) => Action>> = {
  screenshot: () => ({ action: "screenshot" }),
  cursor_position: () => ({ action: "cursor_position" }),
  left_mouse_down: () => ({ action: "left_mouse_down" }),
  left_mouse_up: () => ({ action: "left_mouse_up" }),
  zoom: (fields) => ({ action: "zoom", region: fields.integers("region", 4) }),
  mouse_move: (fields) => ({ action: "mouse_move", coordinate: fields.coordinate("coordinate") }),
  left_click: (fields) => click("left_click", fields),
  right_click: (fields) => click("right_click", fields),
  middle_click: (fields) => click("middle_click", fields),
  double_click: (fields) => click("double_click", fields),
  triple_click: (fields) => click("triple_click", fields),
  left_click_drag: (fields) => ({
    action: "left_click_drag",
    start_coordinate: fields.coordinate("start_coordinate"),
    coordinate: fields.coordinate("coordinate"),
  }),
  scroll: (fields) => ({
    action: "scroll",
    scroll_direction: fields.word("scroll_direction", ["up", "down", "left", "right"]),
    scroll_amount: fields.number("scroll_amount", 0, NOTCHES_MAX, Number.isInteger),
    ...fields.optional("coordinate", () => ({ coordinate: fields.coordinate("coordinate") })),
  }),
  type: (fields) => ({ action: "type", text: fields.text("text") }),
  key: (fields) => ({ action: "key", text: fields.text("text") }),
  hold_key: (fields) => ({
    action: "hold_key",
    text: fields.text("text"),
    duration: fields.number("duration", 0, DURATION_S_MAX),
  }),
  wait,
};

function click(action: ClickName, fields: Fields): Action {
  return {
    action,
    ...fields.optional("coordinate", () => ({ coordinate: fields.coordinate("coordinate") })),
    ...fields.optional("text", () => ({ text: fields.text("text") })),
  };
}

function wait(fields: Fields): Action {
  if (!fields.has("until")) {
    return { action: "wait", duration: fields.number("duration", 0, DURATION_S_MAX) };
  }
  return {
    action: "wait",
    until: fields.word("until", ["stable", "change"]),
    ...fields.optional("quiet_ms", () => ({ quiet_ms: fields.number("quiet_ms", 1, WAIT_MS_MAX) })),
    ...fields.optional("timeout_ms", () => ({
      timeout_ms: fields.number("timeout_ms", 1, WAIT_MS_MAX),
    })),
  };
}

/**
 * Reads what a caller has sent.
 *
 * @throws {ActionError} 400 for whatever is not an action, with the field.
 */
export function readRequest(json: unknown): Request {
  const fields = new Fields(json);
  const names = Object.keys(READERS) as Action["action"][];
  const name = fields.word("action", names);
  const action = READERS[name](fields);
  const maxSidePx = fields.has("max_side")
    ? fields.number("max_side", SIDE_PX_MIN, SIDE_PX_MAX, Number.isInteger)
    : undefined;
  fields.end(name);
  return { action, maxSidePx };
}

/** The names of all actions. */
export const ACTION_NAMES = Object.keys(READERS);

/** An object from outside, whose fields are taken one by one. */
class Fields {
  readonly #values: Map<string, unknown>;

  constructor(json: unknown) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw badField("body", "has to be a JSON object");
    }
    this.#values = new Map(Object.entries(json));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  optional<T extends object>(name: string, read: () => T): T | object {
    return this.has(name) ? read() : {};
  }

  word<const W extends string>(name: string, words: readonly W[]): W {
    const value = this.#take(name);
    if (words.includes(value as W)) return value as W;
    throw badField(name, `has to be one of ${words.join(", ")}`);
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value === "string" && value !== "" && value.length <= TEXT_LENGTH_MAX) return value;
    throw badField(name, `has to be a string of 1 to ${TEXT_LENGTH_MAX} characters`);
  }

  number(
    name: string,
    min: number,
    max: number,
    isLegal: (value: unknown) => boolean = Number.isFinite,
  ): number {
    const value = this.#take(name);
    if (typeof value === "number" && isLegal(value) && value >= min && value <= max) return value;
    const kind = isLegal === Number.isInteger ? "an integer" : "a number";
    throw badField(name, `has to be ${kind} from ${min} to ${max}`);
  }

  coordinate(name: string): Coordinate {
    return this.integers(name, 2);
  }

  integers<N extends 2 | 4>(name: string, count: N): Integers[N] {
    const value = this.#take(name);
    if (Array.isArray(value) && value.length === count && value.every(Number.isSafeInteger)) {
      return value as unknown as Integers[N];
    }
    throw badField(name, `has to be an array of ${count} integers`);
  }

  /** Whatever has not been taken is not one of the action's. */
  end(action: string): void {
    const [name] = this.#values.keys();
    if (name !== undefined) throw badField(name.slice(0, 80), `is no field of ${action}`);
  }

  #take(name: string): unknown {
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value;
  }
}

interface Integers {
  2: readonly [number, number];
  4: readonly [number, number, number, number];
}
