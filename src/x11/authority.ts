// SPDX-License-Identifier: MPL-2.0
/** The file of cookies that X servers want to see (Xau(3), libXau's AuRead.c). */
import { readFileSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { registeredAuthority } from "./authority-registry.ts";
import type { DisplayName } from "./display-name.ts";

const COOKIE_NAME = "MIT-MAGIC-COOKIE-1";
const COOKIE_BYTES = 16;
const FAMILY_INTERNET = 0;
const FAMILY_LOCAL = 256;
const FAMILY_WILD = 65535;

/** What shows a server that it may let us in. */
export interface Authorization {
  readonly name: string;
  readonly cookie: Buffer;
}

interface AuthorityEntry extends Authorization {
  readonly family: number;
  readonly address: Buffer;
  /** The display's number; empty for all of them. */
  readonly number: string;
}

/** Where the file is: `$XAUTHORITY`, else in the home directory. */
export function authorityPath(): string {
  const { XAUTHORITY } = process.env;
  return XAUTHORITY || join(homedir(), ".Xauthority");
}

/**
 * Writes a file with one cookie, which is random and good for any display, for
 * the `-auth` of a server; only this user can read it. There must be none yet.
 *
 * @throws Error of the file system.
 */
export function writeAuthority(path: string): void {
  const cookie = Buffer.from(crypto.getRandomValues(new Uint8Array(COOKIE_BYTES)));
  const parts = [Buffer.alloc(0), Buffer.alloc(0), Buffer.from(COOKIE_NAME), cookie];
  const entry = [u16(FAMILY_WILD), ...parts.flatMap((part) => [u16(part.length), part])];
  writeFileSync(path, Buffer.concat(entry), { mode: 0o600, flag: "wx" });
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/**
 * The cookie for a display; `undefined` where the file has none. The file is that
 * of a server that this thread has started, else {@link authorityPath}.
 *
 * @throws Error of the file system where the file cannot be read.
 */
export function authorizationFor(
  display: DisplayName,
  path = registeredAuthority(display) ?? authorityPath(),
): Authorization | undefined {
  const entries = parseAuthority(readFileSync(path));
  return entries.find(
    (entry) =>
      entry.name === COOKIE_NAME &&
      (entry.number === "" || entry.number === String(display.number)) &&
      isOf(entry, display),
  );
}

/** Loopback counts as this machine, as it does for libxcb. */
function isOf({ family, address }: AuthorityEntry, { host }: DisplayName): boolean {
  if (family === FAMILY_WILD) return true;
  if (family === FAMILY_LOCAL) {
    const isHere = ["", "localhost", "127.0.0.1", "::1", hostname()].includes(host);
    return address.toString() === (isHere ? hostname() : host);
  }
  return family === FAMILY_INTERNET && address.join(".") === host;
}

/** A u16, big endian: the family, and the length of each of the four parts. What is cut off is left out. */
function parseAuthority(bytes: Buffer): AuthorityEntry[] {
  const entries: AuthorityEntry[] = [];
  let at = 0;
  const u16 = () => {
    at += 2;
    return bytes.readUInt16BE(at - 2);
  };
  const part = () => {
    const size = u16();
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at + 10 <= bytes.length) {
    const family = u16();
    const [address, number, name] = [part(), part().toString(), part().toString()];
    entries.push({ family, address, number, name, cookie: part() });
  }
  return entries;
}
