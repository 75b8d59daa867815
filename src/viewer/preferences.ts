// SPDX-License-Identifier: MPL-2.0

/** How large the picture is: all of it in the window, filling the window, or its true pixels. */
export type Scale = "fit" | "fill" | "actual";

/** What is remembered from visit to visit, in this browser. */
export interface Preferences {
  readonly scale: Scale;
  /** The statistics are shown. */
  readonly statistics: boolean;
}

const KEY = "pixelflux-ffi.viewer";
const DEFAULTS: Preferences = { scale: "fit", statistics: false };

/** Whether a value, of whatever origin, is a {@link Scale}. */
export function isScale(value: unknown): value is Scale {
  return value === "fit" || value === "fill" || value === "actual";
}

/** What was remembered; the defaults for what was not, or is broken. */
export function loadPreferences(): Preferences {
  try {
    const { scale, statistics } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return {
      scale: isScale(scale) ? scale : DEFAULTS.scale,
      statistics: typeof statistics === "boolean" ? statistics : DEFAULTS.statistics,
    };
  } catch {
    return DEFAULTS; // not ours, or the browser allows no storage: nothing to remember
  }
}

/** Remembers some of them. */
export function savePreferences(changed: Partial<Preferences>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...loadPreferences(), ...changed }));
  } catch {
    // The browser allows no storage, or it is full: the page works without.
  }
}
