// SPDX-License-Identifier: MPL-2.0
/** What an X server has: screens, monitors, and the extensions that a capture uses. */

import { type Authorization, authorizationFor } from "./authority.ts";
import { NO_X11, ServerError, XConnection } from "./connection.ts";
import type { DisplayName } from "./display-name.ts";
import { type Monitor, readMonitors, readScale } from "./monitors.ts";
import { printable } from "./printable.ts";
import { queryExtension, queryRandr } from "./requests.ts";
import { type Screen, screensOf, vendorOf } from "./setup.ts";
import { readWindows, type WindowDescription } from "./windows.ts";

/** Names of the extensions as the protocol has them. */
export const EXTENSION_NAMES = ["MIT-SHM", "DAMAGE", "XFIXES", "RANDR", "XInputExtension"] as const;
export type ExtensionName = (typeof EXTENSION_NAMES)[number];

/** A screen, and what is on it. */
export interface DescribedScreen extends Screen {
  readonly monitors: readonly Monitor[];
  /** From the topmost to the lowest; only where they were asked for. */
  readonly windows?: readonly WindowDescription[];
}

/** An X server, looked at. */
export interface ServerDescription {
  readonly vendor: string;
  readonly screens: readonly DescribedScreen[];
  /**
   * Those that are there: the version as in `"1.2"`, empty where none is asked for,
   * since any will do.
   */
  readonly extensions: Partial<Record<ExtensionName, string>>;
}

/**
 * Looks at a server.
 *
 * @param options.windows - at its windows, too.
 * @param options.timeoutMs - for all of it.
 * @throws {ServerError} by rejection, as {@link lookAt}.
 */
export async function describeServer(
  display: DisplayName,
  options: { readonly windows: boolean; readonly timeoutMs: number },
): Promise<ServerDescription> {
  const { timeoutMs, windows } = options;
  return await lookAt(display, timeoutMs, (connection) => describe(connection, windows));
}

/** The monitors of the screen that the display's name names. @throws {ServerError} by rejection */
export async function describeMonitors(
  display: DisplayName,
  timeoutMs: number,
): Promise<Monitor[]> {
  return await lookAt(display, timeoutMs, async (connection) => {
    const opcode = await opcodeOf(connection, "RANDR");
    const [first, screen] = rootsOf(connection, display);
    return opcode === undefined
      ? []
      : await readMonitors(connection, opcode, screen, await readScale(connection, first));
  });
}

/** The windows of the screen that the display's name names. @throws {ServerError} by rejection */
export async function describeWindows(
  display: DisplayName,
  timeoutMs: number,
): Promise<WindowDescription[]> {
  return await lookAt(display, timeoutMs, async (connection) => {
    const [, screen] = rootsOf(connection, display);
    return await readWindows(connection, screen);
  });
}

/**
 * Connects, looks, and closes.
 *
 * @throws {ServerError} by rejection: it cannot be reached, refuses us, hangs, or makes no sense.
 */
async function lookAt<T>(
  display: DisplayName,
  timeoutMs: number,
  look: (connection: XConnection) => Promise<T>,
): Promise<T> {
  try {
    using connection = await XConnection.open(display, cookieFor(display), timeoutMs);
    return await look(connection);
  } catch (error) {
    if (error instanceof RangeError) throw new ServerError(NO_X11); // a length that leads out of the answer
    throw error;
  }
}

/** The root windows of the first screen, and of that which the display's name names. */
function rootsOf(connection: XConnection, { screen }: DisplayName): [first: number, own: number] {
  const screens = screensOf(connection.setup);
  const [first, own] = [screens[0], screens[screen]];
  if (first && own) return [first.root, own.root];
  throw new ServerError(`the server has ${screens.length} screens, and no screen ${screen}`);
}

/** A file that is not there, or cannot be read, is as one without a cookie, as it is for libXau. */
export function cookieFor(display: DisplayName, path?: string): Authorization | undefined {
  try {
    return authorizationFor(display, path);
  } catch {
    return undefined;
  }
}

async function describe(connection: XConnection, withWindows: boolean): Promise<ServerDescription> {
  const opcodes = new Map<ExtensionName, number>();
  for (const name of EXTENSION_NAMES) {
    const opcode = await opcodeOf(connection, name);
    if (opcode !== undefined) opcodes.set(name, opcode);
  }
  const extensions: Partial<Record<ExtensionName, string>> = {};
  for (const [name, opcode] of opcodes) {
    extensions[name] = await versionOf(connection, name, opcode);
  }
  const screens: DescribedScreen[] = [];
  const found = screensOf(connection.setup);
  const scale = await readScale(connection, found[0]?.root ?? 0);
  for (const screen of found) {
    const opcode = opcodes.get("RANDR");
    const monitors =
      opcode === undefined ? [] : await readMonitors(connection, opcode, screen.root, scale);
    const windows = withWindows ? await readWindows(connection, screen.root) : undefined;
    screens.push({ ...screen, monitors, ...(windows && { windows }) });
  }
  return { vendor: printable(vendorOf(connection.setup)), screens, extensions };
}

/** QueryExtension; `undefined` where the server has not got it. */
export async function opcodeOf(connection: XConnection, name: string): Promise<number | undefined> {
  const answer = await connection.ask(queryExtension(name));
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
  const answer = await connection.ask(queryRandr(opcode));
  return answer ? `${answer.readUInt32LE(8)}.${answer.readUInt32LE(12)}` : "";
}
