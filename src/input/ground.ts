// SPDX-License-Identifier: MPL-2.0
/** What a region is a part of, and where that is on the screen at present. */
import { PixelfluxError } from "../errors.ts";
import { show } from "../settings.ts";
import { readMonitors } from "../x11/monitors.ts";
import { getGeometry, queryRandr, translateOrigin } from "../x11/requests.ts";
import { RequestError } from "../x11/session.ts";
import type { InputServer } from "./open.ts";
import type { CurrentRegion } from "./options.ts";

/** A rectangle of the screen in px. */
export interface Ground {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The screen at present: RandR may have changed it. */
export async function readScreen({ session, root }: InputServer): Promise<Ground> {
  const answer = await session.ask(getGeometry(root));
  return { x: 0, y: 0, width: answer.readUInt16LE(16), height: answer.readUInt16LE(18) };
}

/**
 * The window or monitor that a capture is of, or else the screen.
 *
 * @throws {PixelfluxError} by rejection: `ERR_WINDOW_GONE`, `ERR_MONITOR_NOT_FOUND`.
 */
export function readGround(
  operation: string,
  server: InputServer,
  { window, monitor }: CurrentRegion,
): Promise<Ground> {
  if (window !== undefined) return windowGround(operation, server, window);
  if (monitor !== undefined) return monitorGround(operation, server, monitor);
  return readScreen(server);
}

async function windowGround(
  operation: string,
  { session, root }: InputServer,
  window: number,
): Promise<Ground> {
  try {
    const [geometry, place] = await Promise.all([
      session.ask(getGeometry(window)),
      session.ask(translateOrigin(window, root)),
    ]);
    return {
      x: place.readInt16LE(12),
      y: place.readInt16LE(14),
      width: geometry.readUInt16LE(16),
      height: geometry.readUInt16LE(18),
    };
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause;
    const text = `${operation}: there is no window ${window} any more, which the capture is of. Open an input for another.`;
    throw new PixelfluxError("ERR_WINDOW_GONE", operation, text, { field: "window", cause });
  }
}

async function monitorGround(
  operation: string,
  { session, root }: InputServer,
  name: string,
): Promise<Ground> {
  const opcode = await session.extension("RANDR");
  if (opcode !== undefined) await session.ask(queryRandr(opcode));
  const monitors = opcode === undefined ? [] : await readMonitors(session, opcode, root, undefined);
  const primary = monitors.find((monitor) => monitor.primary) ?? monitors[0];
  const found = name === "primary" ? primary : monitors.find((monitor) => monitor.name === name);
  if (found) return found;
  const names = monitors.map((monitor) => show(monitor.name)).join(", ") || "none";
  const text = `${operation}: there is no monitor ${show(name)}, which the capture is of. Those there are: ${names}.`;
  throw new PixelfluxError("ERR_MONITOR_NOT_FOUND", operation, text, { field: "monitor" });
}
