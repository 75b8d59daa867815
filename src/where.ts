// SPDX-License-Identifier: MPL-2.0
/** What there is to capture on a display. Needs no native library, and no capture. */
import { PixelfluxError } from "./errors.ts";
import { invalidOption, leaveOut } from "./options.ts";
import { SETTING_FIELDS, show } from "./settings.ts";
import { ServerError } from "./x11/connection.ts";
import { type DisplayName, parseDisplayName } from "./x11/display-name.ts";
import type { Monitor } from "./x11/monitors.ts";
import { describeMonitors, describeWindows } from "./x11/server-description.ts";
import type { WindowDescription } from "./x11/windows.ts";

export type { Monitor } from "./x11/monitors.ts";
export type { WindowDescription } from "./x11/windows.ts";

/** A server that takes longer is as good as none. */
const TIMEOUT_MS = 3000;

/**
 * Lists the monitors of an X screen, the primary one first, as the server has them at
 * this moment. Empty where the server's RandR is older than 1.5, which knows none; at
 * most 64.
 *
 * @param display - as in the capture's settings, `":0"` or `"host:1.0"`. Default:
 *   `$DISPLAY`, else `":0"`.
 * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` for what is no X display's
 *   name; `ERR_DISPLAY_OPEN` where nothing answers there within 3 seconds, refuses this
 *   user, or speaks no proper X11.
 */
export function listMonitors(display?: string): Promise<Monitor[]> {
  return look("listMonitors", display, describeMonitors);
}

/**
 * Lists the windows of an X screen's programs, the topmost first. Where a window manager
 * keeps a list of them (EWMH) it is that, without menus and the like and without the
 * frames around them. Where none does, it is the windows that lie directly on the screen,
 * menus too, or the one in each that a window manager has marked as a program's. At most
 * 1024, the topmost.
 *
 * It is a look at one moment after the other: a window that moves or goes away meanwhile
 * may be where it was, or be missing.
 *
 * @param display - as for {@link listMonitors}.
 * @throws {PixelfluxError} by rejection, as {@link listMonitors}.
 */
export function listWindows(display?: string): Promise<WindowDescription[]> {
  return look("listWindows", display, describeWindows);
}

async function look<T>(
  operation: string,
  display: string | undefined,
  describe: (name: DisplayName, timeoutMs: number) => Promise<T>,
): Promise<T> {
  const text: unknown = display === undefined ? SETTING_FIELDS.display.fallback() : display;
  const name = SETTING_FIELDS.display.accepts(text) ? parseDisplayName(text) : undefined;
  if (name === undefined) {
    const expected = 'the name of an X display, as ":0" or "host:1.0"';
    throw invalidOption(operation, "display", expected, text, leaveOut("$DISPLAY"));
  }
  try {
    return await describe(name, TIMEOUT_MS);
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    const words = `${operation}: display ${show(text)}: ${cause.message}. Check DISPLAY and XAUTHORITY.`;
    throw new PixelfluxError("ERR_DISPLAY_OPEN", operation, words, { field: "display", cause });
  }
}
