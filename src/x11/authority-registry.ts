// SPDX-License-Identifier: MPL-2.0
/**
 * Which file of cookies goes with which display that this thread has started, so
 * that the display's name is all that is needed to connect to it.
 */
import type { DisplayName } from "./display-name.ts";

/** Outlives a module that `bun --hot` evaluates anew, as the displays do. */
const KEY = Symbol.for("pixelflux-ffi.authorities");

/** By the display's number. */
function registry(): Map<number, string> {
  const home = globalThis as { [KEY]?: Map<number, string> };
  home[KEY] ??= new Map();
  return home[KEY];
}

/** Has connections to a display of this machine use the cookies of a file. */
export function registerAuthority(number: number, path: string): void {
  registry().set(number, path);
}

/** Undoes {@link registerAuthority}, unless the number has gone to another display since. */
export function unregisterAuthority(number: number, path: string): void {
  if (registry().get(number) === path) registry().delete(number);
}

/** The file for a display; `undefined` where none is known. */
export function registeredAuthority(display: DisplayName | undefined): string | undefined {
  return display?.host === "" ? registry().get(display.number) : undefined;
}
