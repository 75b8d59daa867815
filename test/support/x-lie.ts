// SPDX-License-Identifier: MPL-2.0
// One thing that an X server does wrong, and the pieces that such are made of.
import type { CaptureSettings, ErrorCode } from "../../src/index.ts";
import type { Endless, FakeXOptions, FakeXServer, Lie, RequestName } from "./fake-x-server.ts";
import { random } from "./random.ts";

/** "clean": stripes come, also after the lie. "silence": the capture waits for an answer, as it does
 * for a server that has been stopped and may go on, until it is stopped itself. */
export type Ending = ErrorCode | "clean" | "silence";

export interface XLie extends FakeXOptions {
  settings?: CaptureSettings;
  /** What the server does once the capture runs. */
  whenRunning?: (server: FakeXServer) => void;
  /** The endings that are right. */
  endings: readonly Ending[];
}

export function garbage(seed: number, length = 400): Buffer {
  const pick = random(seed);
  return Buffer.from(Array.from({ length }, () => pick(256)));
}

/** Changes some bytes of the honest answer. */
export function patched(change: (bytes: Buffer) => void): (honest: Buffer) => Buffer {
  return (honest) => {
    const bytes = Buffer.from(honest);
    change(bytes);
    return bytes;
  };
}

/** The honest answer for the first `count` times, the lie from then on. */
export function after(count: number, lie: Lie): Lie {
  let seen = 0;
  return (honest, ...rest) => (++seen > count ? lie(honest, ...rest) : honest);
}

export const only = (name: RequestName, lie: Lie) => ({ replies: { [name]: lie } });
export const lost = { endings: ["ERR_DISPLAY_LOST"] } as const;
export const refused = { endings: ["ERR_DISPLAY_OPEN"] } as const;
export const unsupported = { endings: ["ERR_DISPLAY_UNSUPPORTED"] } as const;
export const offScreen = { endings: ["ERR_REGION_OFF_SCREEN"] } as const;
export const silence = { endings: ["silence"] } as const;
export const clean = { endings: ["clean"] } as const;
/** Where chance decides which part of the bytes is looked at first. */
export const anyError = {
  endings: ["ERR_DISPLAY_OPEN", "ERR_DISPLAY_LOST", "ERR_DISPLAY_UNSUPPORTED"],
} as const;

/** Captures a window, of which there are as many as ids. */
export const WINDOW = 0x400123;
export const ofWindow = {
  settings: { window: WINDOW, captureCursor: true },
  extensions: ["DAMAGE", "XFIXES", "XInputExtension", "Composite"],
} as const;
export const ofMonitor = {
  settings: { monitor: "primary" },
  extensions: ["DAMAGE", "XFIXES", "RANDR"],
} as const;
export const gone = { endings: ["ERR_WINDOW_GONE"] } as const;
export const noMonitor = { endings: ["ERR_MONITOR_NOT_FOUND"] } as const;

export const withPointer = { settings: { captureCursor: true } };
export const withShm = { extensions: ["MIT-SHM", "DAMAGE", "XFIXES"] } as const;

/** Makes the announced length that of the bytes. */
export function patchedLength(change: (honest: Buffer) => Buffer): Lie {
  return (honest) => {
    const bytes = Buffer.from(change(honest));
    bytes.writeUInt32LE((bytes.length - 32) / 4, 4);
    return bytes;
  };
}

export function endless(first: Buffer, again: Buffer, pauseMs = 1): Endless {
  return { first, again, pauseMs };
}

/** Of 256 KiB, of which 32 bytes come: libxcb waits for the whole of an answer that has begun. */
export const longAnswer = only(
  "GetGeometry",
  patched((bytes) => bytes.writeUInt32LE(0x10000, 4)),
);

/** The same as an event, of the type that may be longer than others: GenericEvent. */
export const longEvent = Buffer.alloc(32);
longEvent[0] = 35;
longEvent.writeUInt32LE(0x10000, 4);

/** 64 KiB of events that mean nothing here: KeymapNotify. */
export const manyEvents = Buffer.alloc(0x10000);
for (let at = 0; at < manyEvents.length; at += 32) manyEvents[at] = 11;

/** libxcb asks such a server for more resource ids, and aborts where it gives none. */
export const withFewIds = {
  setup: patched((bytes) => bytes.writeUInt32LE(1, 16)),
  extensions: ["MIT-SHM", "DAMAGE", "XFIXES", "XC-MISC"],
} as const;
