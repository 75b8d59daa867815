// SPDX-License-Identifier: MPL-2.0
/** What changes on a captured screen: the public shapes, and the checks of what is asked. */
import { PixelfluxError } from "./errors.ts";
import {
  CHANGE_RECTANGLE_COUNT_MAX,
  type NativeChangeQuery,
  type NativeChanges,
} from "./native/changes.ts";
import { checkOptionNames, checkSignal, invalidOption, leaveOut, TIMER_MS_MAX } from "./options.ts";
import { checkRegion } from "./region.ts";
import type { Region } from "./screenshot.ts";

/** Which part of the frame is looked at for changes. */
export interface ChangeOptions {
  /** The part that counts, within the frame. Default: all of it. */
  readonly region?: Region | undefined;
  /**
   * At most 64 rectangles that do not count, such as a blinking caret or a clock; of any place
   * and size. Each grows to whole tiles of 64×16 px, counted from the frame's top left corner.
   */
  readonly ignore?: readonly Region[] | undefined;
}

/** What every wait takes. */
export interface WaitOptions extends ChangeOptions {
  /** Gives up after so long with `ERR_TIMEOUT`; 0…2147483647. Default: never. */
  readonly timeoutMs?: number | undefined;
  /** Gives up when aborted: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What `waitForChange()` takes. */
export interface WaitForChangeOptions extends WaitOptions {
  /**
   * A token: a change since that counts, also one from before the call. Default: what the
   * capture has not seen yet when it is called.
   */
  readonly since?: number | undefined;
}

/** What `waitForStable()` takes. */
export interface WaitForStableOptions extends WaitOptions {
  /**
   * How long nothing that counts may have changed, 0…2147483647. 0 resolves as soon as the
   * capture has looked at the screen as it is at the call.
   */
  readonly quietMs: number;
}

/** What has changed since a token. */
export interface Changes {
  /**
   * Where: at most 64 rectangles of the frame, made of tiles of 64×16 px, cut to the region that
   * was asked for. Where there would be more, some cover unchanged pixels too. Empty: nothing.
   */
  readonly rectangles: readonly Region[];
  /** The frame whose stripes show the last of these changes; as `stripe.frameId`. */
  readonly frameId: number | undefined;
  /** When the last of these was grabbed: microseconds of CLOCK_MONOTONIC, as in stripes. */
  readonly timestamp: number | undefined;
  /** For `changedSince()` and `waitForChange({ since })`: all of this has been told. */
  readonly token: number;
}

/** At least one change. */
export interface Change extends Changes {
  readonly frameId: number;
  readonly timestamp: number;
}

/** A screen that has come to rest. */
export interface Stability {
  /** How long it had been quiet, in ms; `Infinity` where all of the region is ignored. */
  readonly quietMs: number;
  /** The frame that shows the last change, which may be older than the call. */
  readonly frameId: number | undefined;
  /** When that was grabbed: microseconds of CLOCK_MONOTONIC. */
  readonly timestamp: number | undefined;
  /** Where something that counts has changed since the call; as {@link Changes.rectangles}. */
  readonly rectangles: readonly Region[];
  /** For `changedSince()` and `waitForChange({ since })`. */
  readonly token: number;
}

/** Options of a wait that have been checked. */
export interface CheckedWait {
  readonly operation: string;
  readonly query: NativeChangeQuery;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Options of `waitForChange()` that have been checked. */
export interface CheckedChangeWait extends CheckedWait {
  readonly since: number | undefined;
}

/** Options of `waitForStable()` that have been checked. */
export interface CheckedStableWait extends CheckedWait {
  readonly quietMs: number;
}

const CHANGE_NAMES = ["region", "ignore"];
const WAIT_NAMES = [...CHANGE_NAMES, "timeoutMs", "signal"];

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`, with `field`. */
export function checkChangeOptions(operation: string, options: ChangeOptions): NativeChangeQuery {
  checkOptionNames(operation, options, CHANGE_NAMES);
  return checkQuery(operation, options);
}

/** @throws {PixelfluxError} as {@link checkChangeOptions}. */
export function checkChangeWait(options: WaitForChangeOptions): CheckedChangeWait {
  const operation = "waitForChange";
  checkOptionNames(operation, options, [...WAIT_NAMES, "since"]);
  const { since } = options;
  return {
    ...checkWait(operation, options),
    since: since === undefined ? undefined : checkToken(operation, "since", since),
  };
}

/** @throws {PixelfluxError} as {@link checkChangeOptions}. */
export function checkStableWait(options: WaitForStableOptions): CheckedStableWait {
  const operation = "waitForStable";
  checkOptionNames(operation, options, [...WAIT_NAMES, "quietMs"]);
  return {
    ...checkWait(operation, options),
    quietMs: checkMs(operation, "quietMs", options.quietMs),
  };
}

/** @throws {PixelfluxError} `ERR_INVALID_SETTING` for what cannot be a token. */
export function checkToken(operation: string, field: string, token: unknown): number {
  if (typeof token === "number" && Number.isSafeInteger(token) && token >= 0) return token;
  const expected = "a token, as changeToken() and the results of waits have one";
  throw invalidOption(operation, field, expected, token);
}

/** What is public of what is known natively. */
export function changesOf({ rectangles, changedUs, frameId, tokenUs }: NativeChanges): Changes {
  const any = rectangles.length > 0;
  return {
    rectangles,
    frameId: any ? frameId : undefined,
    timestamp: any ? changedUs : undefined,
    token: tokenUs,
  };
}

function checkWait(operation: string, options: WaitOptions): CheckedWait {
  const { timeoutMs } = options;
  return {
    operation,
    query: checkQuery(operation, options),
    timeoutMs: timeoutMs === undefined ? undefined : checkMs(operation, "timeoutMs", timeoutMs),
    signal: checkSignal(operation, options.signal),
  };
}

function checkQuery(operation: string, { region, ignore = [] }: ChangeOptions): NativeChangeQuery {
  const isList: boolean = Array.isArray(ignore);
  if (!isList || ignore.length > CHANGE_RECTANGLE_COUNT_MAX) {
    const expected = `an array of at most ${CHANGE_RECTANGLE_COUNT_MAX} regions`;
    if (!isList) throw invalidOption(operation, "ignore", expected, ignore, leaveOut("none"));
    const text = `${operation}: ignore has to be ${expected}, but has ${ignore.length}. Give fewer that cover them.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, text, { field: "ignore" });
  }
  return {
    region: checkRegion(operation, "region", region),
    ignore: ignore.map((each: unknown, index) => {
      if (typeof each !== "object" || each === null) {
        throw invalidOption(operation, `ignore[${index}]`, "{ x, y, width, height }", each);
      }
      return checkRegion(operation, `ignore[${index}]`, each);
    }),
  };
}

function checkMs(operation: string, field: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= TIMER_MS_MAX) return value;
  throw invalidOption(operation, field, `a number from 0 to ${TIMER_MS_MAX}`, value);
}
