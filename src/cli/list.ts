// SPDX-License-Identifier: MPL-2.0
/** `list`: the displays there are, and what is on them. */

import { localDisplays, parseDisplayName } from "../x11/display-name.ts";
import { describeServer, type ServerDescription } from "../x11/server-description.ts";
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
  summary: "Lists the displays with their screens and monitors.",
  notes: `Looks at every display that has a socket in /tmp/.X11-unix, and at that of $DISPLAY.
A screen that is not "capturable" has pixels other than 32-bit BGRX.
`,
  options: { json: flagOption("a JSON list of displays") },
  settings: { includes: () => false },
  async run({ values }) {
    const displays = await Promise.all(displayNames().map(look));
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

async function look(display: string): Promise<ListedDisplay> {
  const { DISPLAY = "" } = process.env;
  const listed = { display, isDefault: display === DISPLAY || isSame(display, DISPLAY) };
  const name = parseDisplayName(display);
  if (name === undefined) return { ...listed, error: "this is no display name" };
  try {
    return { ...listed, ...(await describeServer(name, TIMEOUT_MS)) };
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

function screenLines(screen: ServerDescription["screens"][number]): string[] {
  const { index, width, height, depth, capturable, monitors } = screen;
  const note = capturable ? "" : "  not capturable";
  return [
    `  screen ${index}: ${width}x${height}, depth ${depth}${note}`,
    ...monitors.map(
      (monitor) =>
        `    monitor ${monitor.name}: ${monitor.width}x${monitor.height}+${monitor.x}+${monitor.y}${monitor.primary ? ", primary" : ""}`,
    ),
  ];
}
