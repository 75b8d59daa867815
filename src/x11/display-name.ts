// SPDX-License-Identifier: MPL-2.0
/** Names of displays, and where their servers listen (X(7), "Display names"). */
import { readdirSync } from "node:fs";

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
