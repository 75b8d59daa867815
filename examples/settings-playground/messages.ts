// SPDX-License-Identifier: MPL-2.0
import type { ErrorCode } from "pixelflux-ffi";
import type { ControlValue, LiveSettings } from "./controls.ts";

/** What a page sends: new values by setting, `null` for the default. All are taken, or none. */
export interface ChangeMessage {
  readonly type: "change";
  /** Chosen by the page; the answer to this message carries it too. */
  readonly id: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The settings in force: at first, and after each change to every page. */
export interface SettingsMessage {
  readonly type: "settings";
  /** Of the change that this answers; absent for what another page has changed. */
  readonly id?: number;
  readonly settings: LiveSettings;
}

/** The answer to a change that was not made: a `PixelfluxError`. */
export interface RefusedMessage {
  readonly type: "refused";
  readonly id: number;
  readonly code: ErrorCode;
  /** The setting it is about. */
  readonly field: string;
  readonly message: string;
}

/** Once a second, from `capture.stats()`. Rates are a second's, the rest counts from the start. */
export interface StatsMessage {
  readonly type: "stats";
  readonly fps: number;
  readonly kilobytes: number;
  readonly stripes: number;
  readonly frames: number;
  readonly hashed: number;
  readonly unchanged: number;
  readonly encoders: number;
}

/** What the server sends at `/settings`, as JSON. */
export type PlaygroundMessage = SettingsMessage | RefusedMessage | StatsMessage;

/** A change with values that only their kind has been looked at. */
export type Change = Readonly<Record<string, ControlValue>>;

/**
 * Reads a page's message.
 *
 * @param text - Whatever came over the socket; it need not be well formed.
 * @returns `undefined` where it is no change. Names and values are still to be checked.
 */
export function parseChange(text: unknown): ChangeMessage | undefined {
  if (typeof text !== "string") return undefined;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined; // not JSON, so no change: the caller's business
  }
  if (!isObject(message)) return undefined;
  const { type, id, settings } = message;
  if (type !== "change" || !Number.isSafeInteger(id) || !isObject(settings)) return undefined;
  return { type, id: id as number, settings };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
