// SPDX-License-Identifier: MPL-2.0
/** The monitors of a screen, by RandR 1.5 (randrproto.txt, RRGetMonitors). */

import type { XConnection } from "./connection.ts";
import { printable } from "./printable.ts";

/** A monitor: a rectangle of the screen that belongs together. */
export interface Monitor {
  /** Such as `"DP-1"`. */
  readonly name: string;
  /** In px of the screen. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly primary: boolean;
}

const MINOR_GET_MONITORS = 42;
const MONITOR_BYTES = 24;
/** GetAtomName of the core protocol. */
const GET_ATOM_NAME = 17;

/** Empty where the server's RandR is older than monitors are. */
export async function readMonitors(
  connection: XConnection,
  opcode: number,
  root: number,
): Promise<Monitor[]> {
  const request = Buffer.alloc(12);
  request.set([opcode, MINOR_GET_MONITORS, 3, 0]);
  request.writeUInt32LE(root, 4);
  request[8] = 1; // the active ones only
  const answer = await connection.ask(request);
  if (answer === undefined) return [];
  const monitors: Monitor[] = [];
  let at = 32;
  for (let count = answer.readUInt32LE(12); count > 0; count--) {
    const name = await atomName(connection, answer.readUInt32LE(at));
    monitors.push({ name, ...readMonitor(answer, at) });
    at += MONITOR_BYTES + answer.readUInt16LE(at + 6) * 4; // behind it, its outputs
  }
  return monitors;
}

function readMonitor(answer: Buffer, at: number): Omit<Monitor, "name"> {
  return {
    x: answer.readInt16LE(at + 8),
    y: answer.readInt16LE(at + 10),
    width: answer.readUInt16LE(at + 12),
    height: answer.readUInt16LE(at + 14),
    primary: answer.readUInt8(at + 4) === 1,
  };
}

async function atomName(connection: XConnection, atom: number): Promise<string> {
  const request = Buffer.alloc(8);
  request.set([GET_ATOM_NAME, 0, 2, 0]);
  request.writeUInt32LE(atom, 4);
  const answer = await connection.ask(request);
  return answer ? printable(answer.toString("latin1", 32, 32 + answer.readUInt16LE(8))) : "";
}
