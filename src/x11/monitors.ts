// SPDX-License-Identifier: MPL-2.0
/** The monitors of a screen, by RandR 1.5 (randrproto.txt, RRGetMonitors). */

import type { XConnection } from "./connection.ts";
import { printable } from "./printable.ts";
import { ATOM, getAtomName, getProperty, readProperty, wordRequest } from "./requests.ts";

/** A monitor: a rectangle of the screen that belongs together. */
export interface Monitor {
  /** Such as `"DP-1"`: what `monitor` of the capture's settings takes. */
  readonly name: string;
  /** Its left edge in px of the screen. */
  readonly x: number;
  /** Its top edge in px of the screen. */
  readonly y: number;
  /** In px. */
  readonly width: number;
  /** In px. */
  readonly height: number;
  /** Whether it is the one that panels and dialogs go to. At most one is. */
  readonly primary: boolean;
  /** As it says of itself, which need not be true; 0 where it does not. */
  readonly widthMm: number;
  /** As it says of itself, which need not be true; 0 where it does not. */
  readonly heightMm: number;
  /**
   * How much larger than at 96 dots an inch programs draw: `Xft.dpi / 96` of the
   * screen's resources, as desktops set it for all of its monitors alike. `undefined`
   * where none is set; programs then draw as at 1, unless told so otherwise. It is not
   * made from the size in mm, since nothing draws by that.
   */
  readonly scale: number | undefined;
}

const MINOR_GET_MONITORS = 42;
const MONITOR_BYTES = 24;
/** More than the outputs that any server has. */
const MONITOR_COUNT_MAX = 64;
const RESOURCES_BYTES_MAX = 0x20000;
const DEFAULT_DPI = 96;

/**
 * Empty where the server's RandR is older than monitors are.
 *
 * @param scale - of all monitors of that server; see {@link readScale}.
 */
export async function readMonitors(
  connection: Pick<XConnection, "ask">,
  opcode: number,
  root: number,
  scale: number | undefined,
): Promise<Monitor[]> {
  const activeOnly = 1;
  const answer = await connection.ask(wordRequest(opcode, MINOR_GET_MONITORS, root, activeOnly));
  if (answer === undefined) return [];
  const monitors: Monitor[] = [];
  const count = Math.min(answer.readUInt32LE(12), MONITOR_COUNT_MAX);
  let at = 32;
  while (monitors.length < count) {
    const name = await atomName(connection, answer.readUInt32LE(at));
    monitors.push({ name, ...readMonitor(answer, at), scale });
    at += MONITOR_BYTES + answer.readUInt16LE(at + 6) * 4; // behind it, its outputs
  }
  return monitors;
}

/** What `Xft.dpi` of the resources says, which are the first screen's. */
export async function readScale(
  connection: XConnection,
  firstRoot: number,
): Promise<number | undefined> {
  const { any, resourceManager } = ATOM;
  const request = getProperty(firstRoot, resourceManager, any, RESOURCES_BYTES_MAX);
  const text = readProperty(await connection.ask(request)).value.toString("latin1");
  const dpi = Number(/^Xft[.*]dpi:[ \t]*(\d{1,5}(?:\.\d{1,9})?)[ \t]*$/m.exec(text)?.[1]);
  return dpi > 0 ? dpi / DEFAULT_DPI : undefined;
}

function readMonitor(answer: Buffer, at: number): Omit<Monitor, "name" | "scale"> {
  return {
    x: answer.readInt16LE(at + 8),
    y: answer.readInt16LE(at + 10),
    width: answer.readUInt16LE(at + 12),
    height: answer.readUInt16LE(at + 14),
    primary: answer.readUInt8(at + 4) === 1,
    widthMm: answer.readUInt32LE(at + 16),
    heightMm: answer.readUInt32LE(at + 20),
  };
}

async function atomName(connection: Pick<XConnection, "ask">, atom: number): Promise<string> {
  const answer = await connection.ask(getAtomName(atom));
  return answer ? printable(answer.toString("latin1", 32, 32 + answer.readUInt16LE(8))) : "";
}
