// SPDX-License-Identifier: MPL-2.0
/** Names of displays, and where their servers listen (X(7), "Display names"). */
import { existsSync, readdirSync, readFileSync } from "node:fs";

const SOCKET_FOLDER = "/tmp/.X11-unix";
const FIRST_PORT = 6000;

/** A display's name, taken apart. */
export interface DisplayName {
  /** Empty for this machine. */
  readonly host: string;
  readonly number: number;
  readonly screen: number;
}

/** `":0"`, `"host:1.0"`, `"[::1]:2"`; `undefined` for anything else. */
export function parseDisplayName(text: string): DisplayName | undefined {
  const match = /^(?:unix(?=:)|(?:tcp|inet6?)\/)?(.*?):(\d{1,5})(?:\.(\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, host = "", number, screen = "0"] = match;
  if (host.includes("/")) return undefined;
  const address = host.replace(/^\[(.*)\]$/, "$1");
  return { host: address, number: Number(number), screen: Number(screen) };
}

/** The socket of a display of this machine; `undefined` for one reached over TCP. */
export function socketPath({ host, number }: DisplayName): string | undefined {
  return host === "" ? `${SOCKET_FOLDER}/X${number}` : undefined;
}

/** The TCP port of a display. */
export function portOf({ number }: DisplayName): number {
  return FIRST_PORT + number;
}

/**
 * Where to connect to. A server of this machine whose socket is hidden, as in a container with a
 * /tmp of its own, can be reached all the same where it has an abstract one, too (unix(7)): by
 * that libxcb, and so a capture, connects.
 */
export function serverAddress(display: DisplayName): { path: string } | ServerHost {
  const path = socketPath(display);
  if (path === undefined) return { host: display.host, port: portOf(display) };
  return { path: !existsSync(path) && hasAbstractSocket(path) ? `\0${path}` : path };
}

/** A server that is reached over TCP. */
export interface ServerHost {
  readonly host: string;
  readonly port: number;
}

/** Whether somebody listens on the abstract socket of that name (proc(5), /proc/net/unix). */
export function hasAbstractSocket(path: string): boolean {
  try {
    return readFileSync("/proc/net/unix", "utf8").includes(` @${path}\n`);
  } catch {
    return false; // without /proc nobody can tell
  }
}

/** The displays that have a socket on this machine, as in `":0"`, in order. */
export function localDisplays(): string[] {
  const numbers = readFolder()
    .map((name) => /^X(\d{1,5})$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number);
  return numbers.sort((a, b) => a - b).map((number) => `:${number}`);
}

function readFolder(): string[] {
  try {
    return readdirSync(SOCKET_FOLDER);
  } catch {
    return []; // no X server has run here yet
  }
}
