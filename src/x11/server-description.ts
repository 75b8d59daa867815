// SPDX-License-Identifier: MPL-2.0
/** What an X server has: screens, monitors, and the extensions that a capture uses. */

import { type Authorization, authorizationFor } from "./authority.ts";
import { NO_X11, padded, ServerError, XConnection } from "./connection.ts";
import type { DisplayName } from "./display-name.ts";
import { type Monitor, readMonitors } from "./monitors.ts";
import { printable } from "./printable.ts";
import { type Screen, screensOf, vendorOf } from "./setup.ts";

/** Names of the extensions as the protocol has them. */
export const EXTENSION_NAMES = ["MIT-SHM", "DAMAGE", "XFIXES", "RANDR", "XInputExtension"] as const;
export type ExtensionName = (typeof EXTENSION_NAMES)[number];

/** An X server, looked at. */
export interface ServerDescription {
  readonly vendor: string;
  readonly screens: readonly (Screen & { readonly monitors: readonly Monitor[] })[];
  /**
   * Those that are there: the version as in `"1.2"`, empty where none is asked for,
   * since any will do.
   */
  readonly extensions: Partial<Record<ExtensionName, string>>;
}

/**
 * Looks at a server.
 *
 * @param timeoutMs - for all of it.
 * @throws {ServerError} by rejection: it cannot be reached, refuses us, hangs, or makes no sense.
 */
export async function describeServer(
  display: DisplayName,
  timeoutMs: number,
): Promise<ServerDescription> {
  try {
    using connection = await XConnection.open(display, cookieFor(display), timeoutMs);
    return await describe(connection);
  } catch (error) {
    if (error instanceof RangeError) throw new ServerError(NO_X11); // a length that leads out of the answer
    throw error;
  }
}

/** A file that is not there, or cannot be read, is as one without a cookie, as it is for libXau. */
export function cookieFor(display: DisplayName): Authorization | undefined {
  try {
    return authorizationFor(display);
  } catch {
    return undefined;
  }
}

async function describe(connection: XConnection): Promise<ServerDescription> {
  const opcodes = new Map<ExtensionName, number>();
  for (const name of EXTENSION_NAMES) {
    const opcode = await opcodeOf(connection, name);
    if (opcode !== undefined) opcodes.set(name, opcode);
  }
  const extensions: Partial<Record<ExtensionName, string>> = {};
  for (const [name, opcode] of opcodes) {
    extensions[name] = await versionOf(connection, name, opcode);
  }
  const screens = [];
  for (const screen of screensOf(connection.setup)) {
    const opcode = opcodes.get("RANDR");
    const monitors =
      opcode === undefined ? [] : await readMonitors(connection, opcode, screen.root);
    screens.push({ ...screen, monitors });
  }
  return { vendor: printable(vendorOf(connection.setup)), screens, extensions };
}

/** QueryExtension; `undefined` where the server has not got it. */
async function opcodeOf(connection: XConnection, name: string): Promise<number | undefined> {
  const request = Buffer.alloc(8 + padded(name.length));
  request[0] = 98;
  request.writeUInt16LE(request.length / 4, 2);
  request.writeUInt16LE(name.length, 4);
  request.write(name, 8, "latin1");
  const answer = await connection.ask(request);
  return answer?.[8] === 1 ? answer[9] : undefined;
}

/** MIT-SHM can pass files since 1.2, and RandR knows monitors since 1.5. */
async function versionOf(
  connection: XConnection,
  name: ExtensionName,
  opcode: number,
): Promise<string> {
  if (name === "MIT-SHM") {
    const answer = await connection.ask(Buffer.from([opcode, 0, 1, 0]));
    return answer ? `${answer.readUInt16LE(8)}.${answer.readUInt16LE(10)}` : "";
  }
  if (name !== "RANDR") return "";
  const request = Buffer.from([opcode, 0, 3, 0, 1, 0, 0, 0, 5, 0, 0, 0]); // we speak 1.5
  const answer = await connection.ask(request);
  return answer ? `${answer.readUInt32LE(8)}.${answer.readUInt32LE(12)}` : "";
}
