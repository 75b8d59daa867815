// SPDX-License-Identifier: MPL-2.0
/** `list`: the displays there are, and what is on them. */

import { localDisplays, parseDisplayName } from "../x11/display-name.ts";
import type { Monitor } from "../x11/monitors.ts";
import {
  type DescribedScreen,
  describeServer,
  type ServerDescription,
} from "../x11/server-description.ts";
import type { WindowDescription } from "../x11/windows.ts";
import { defineCommand } from "./command.ts";
import { flagOption } from "./option.ts";
import { tell, writeJson, writeResult } from "./output.ts";

const TIMEOUT_MS = 3000;

/** A display, with what is known of it or why that is nothing. */
type ListedDisplay = {
  readonly display: string;
  /** Whether it is the one that `$DISPLAY` names. */
  readonly isDefault: boolean;
} & (ServerDescription | { readonly error: string });

export const list = defineCommand({
  name: "list",
  summary: "Lists the displays with their screens, monitors and windows.",
  notes: `Looks at every display that has a socket in /tmp/.X11-unix, and at that of $DISPLAY.
A screen that is not "capturable" has pixels other than 32-bit BGRX. Windows are those of
programs, the topmost first, with the id that --window takes.
`,
  options: {
    windows: flagOption("the windows of each screen, too"),
    json: flagOption("a JSON list of displays"),
  },
  settings: { includes: () => false },
  async run({ values }) {
    const displays = await Promise.all(displayNames().map((name) => look(name, values.windows)));
    if (values.json) await writeJson(displays);
    else await writeResult(displays.map(displayText).join(""));
    if (displays.length === 0) tell("list: there is no display: no X server runs on this machine");
    return 0;
  },
});

function displayNames(): string[] {
  const { DISPLAY = "" } = process.env;
  const local = localDisplays();
  const isListed = DISPLAY === "" || local.some((name) => isSame(name, DISPLAY));
  return isListed ? local : [...local, DISPLAY];
}

/** Whether two names are of one server, whichever screen they name. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [parseDisplayName(a), parseDisplayName(b)];
  return one !== undefined && one.host === other?.host && one.number === other.number;
}

async function look(display: string, windows: boolean): Promise<ListedDisplay> {
  const { DISPLAY = "" } = process.env;
  const listed = { display, isDefault: display === DISPLAY || isSame(display, DISPLAY) };
  const name = parseDisplayName(display);
  if (name === undefined) return { ...listed, error: "this is no display name" };
  try {
    return { ...listed, ...(await describeServer(name, { windows, timeoutMs: TIMEOUT_MS })) };
  } catch (error) {
    return { ...listed, error: error instanceof Error ? error.message : String(error) };
  }
}

function displayText(display: ListedDisplay): string {
  const name = `${display.display}${display.isDefault ? "  $DISPLAY" : ""}`;
  if ("error" in display) return `${name}  ${display.error}\n`;
  const extensions = Object.entries(display.extensions)
    .map(([extension, version]) => `${extension} ${version}`.trim())
    .join(", ");
  return [
    `${name}  ${display.vendor}`,
    ...display.screens.flatMap(screenLines),
    `  extensions: ${extensions || "none of those that a capture uses"}`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function screenLines(screen: DescribedScreen): string[] {
  const { index, width, height, depth, capturable, monitors, windows = [] } = screen;
  const note = capturable ? "" : "  not capturable";
  return [
    `  screen ${index}: ${width}x${height}, depth ${depth}${note}`,
    ...monitors.map(
      (monitor) =>
        `    monitor ${monitor.name}: ${geometryText(monitor)}${monitor.primary ? ", primary" : ""}`,
    ),
    ...windows.map(windowLine),
  ];
}

function windowLine(window: WindowDescription): string {
  const { id, className, title, viewable } = window;
  const name = [className, title && JSON.stringify(title)].filter(Boolean).join(" ");
  return `    window ${id}: ${geometryText(window)}${viewable ? "" : ", not shown"}  ${name}`.trimEnd();
}

/** As X programs write geometries: the offsets have a sign of their own. */
function geometryText({ x, y, width, height }: Monitor | WindowDescription): string {
  return `${width}x${height}+${x}+${y}`;
}
