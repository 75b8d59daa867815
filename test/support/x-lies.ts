// SPDX-License-Identifier: MPL-2.0
// What X servers may do wrong, and how a capture of them has to end.
import { cursorReply, refuse, regionReply, reply } from "./fake-x-server.ts";
import { random } from "./random.ts";
import {
  after,
  anyError,
  clean,
  garbage,
  longAnswer,
  longEvent,
  lost,
  manyEvents,
  offScreen,
  only,
  patched,
  patchedLength,
  refused,
  silence,
  unsupported,
  withFewIds,
  withPointer,
  withShm,
  type XLie,
} from "./x-lie.ts";
import { flippedLies, WAITING_LIES } from "./x-lies-slow.ts";
import { TARGET_LIES } from "./x-lies-targets.ts";

const SETUP_LIES: Record<string, XLie> = {
  "ends the connection instead of a setup": { setup: () => "close", ...refused },
  "refuses the setup": { setup: patched((bytes) => bytes.writeUInt8(0, 0)), ...refused },
  "wants more authentication": { setup: patched((bytes) => bytes.writeUInt8(2, 0)), ...refused },
  "has no screen": { setup: patched((bytes) => bytes.writeUInt8(0, 28)), ...refused },
  "has no visuals": { setup: patched((bytes) => bytes.writeUInt8(0, 91)), ...unsupported },
  "takes no request": { setup: patched((bytes) => bytes.writeUInt16LE(0, 26)), ...refused },
  "has a screen of 1 bit": { setup: patched((bytes) => bytes.writeUInt8(1, 90)), ...unsupported },
  "has no pixel formats": {
    setup: patched((bytes) => bytes.writeUInt8(255, 44)),
    ...unsupported,
  },
  "has the most significant byte first": {
    setup: patched((bytes) => bytes.writeUInt8(1, 30)),
    ...unsupported,
  },
  "has a vendor with a name longer than the setup": {
    setup: patched((bytes) => bytes.writeUInt16LE(65535, 24)),
    ...anyError,
  },
  "has more pixel formats than the setup": {
    setup: patched((bytes) => bytes.writeUInt8(255, 29)),
    ...anyError,
  },
  "has more depths than the setup": {
    setup: patched((bytes) => {
      bytes.writeUInt8(255, 91);
      bytes.writeUInt32LE(1, 84); // a visual that is not there either
    }),
    ...anyError,
  },
  "has more visuals than the setup": {
    setup: patched((bytes) => {
      bytes.writeUInt16LE(65535, 94);
      bytes.writeUInt32LE(1, 84);
    }),
    ...anyError,
  },
  "gives two resource ids, and then a range of none": {
    ...withFewIds,
    ...only(
      "GetXidRange",
      patched((bytes) => bytes.writeUInt32LE(0, 12)),
    ),
    settings: { captureWidth: undefined, captureHeight: undefined },
    whenRunning: (server) => {
      for (const width of [300, 280, 260]) setTimeout(() => server.resize(width, 200), 320 - width);
    },
    ...clean,
  },
  "gives no resource ids": { setup: patched((bytes) => bytes.writeUInt32LE(0, 16)), ...clean },
};

const OPENING_LIES: Record<string, XLie> = {
  "has a screen of 0x0": { width: 0, height: 0, ...offScreen },
  "has a screen of 65535x65535": { width: 65535, height: 65535, ...clean },
  "refuses to tell the screen's size": { ...only("GetGeometry", refuse), ...offScreen },
  "announces a long answer, is silent, and is not waited for": { ...longAnswer, ...silence },
  "announces an answer of 16 GiB": {
    ...only(
      "GetGeometry",
      patched((bytes) => bytes.writeUInt32LE(0xffffffff, 4)),
    ),
    endings: ["ERR_DISPLAY_OPEN", "ERR_DISPLAY_LOST"],
  },
  "closes in the middle of an answer": {
    ...only("GetGeometry", (honest) => ({ lastWords: honest.subarray(0, 10) })),
    ...lost,
  },
  "answers with rubbish": { ...only("GetInputFocus", () => garbage(1)), ...anyError },
  "knows no extension": { extensions: [], ...clean },
  "has only DAMAGE": { extensions: ["DAMAGE"], ...clean },
  "refuses every version": {
    replies: { XfixesQueryVersion: refuse, DamageQueryVersion: refuse, XiQueryVersion: refuse },
    ...clean,
  },
  "numbers extensions from 255": {
    ...only(
      "QueryExtension",
      patched((bytes) => bytes.fill(255, 10, 12)),
    ),
    ...clean,
  },
  "answers others than it was asked": {
    ...only(
      "GetInputFocus",
      patched((bytes) => bytes.writeUInt16LE(99, 2)),
    ),
    ...anyError,
  },
  "takes a segment and never fills it": { ...withShm, ...clean },
  "closes before it is sent a segment": {
    ...withShm,
    ...only("ShmQueryVersion", (honest) => ({ lastWords: honest })),
    ...lost,
  },
  "refuses the segment": { ...withShm, ...only("ShmAttachFd", refuse), ...clean },
  "refuses pixels by shared memory": { ...withShm, ...only("ShmGetImage", refuse), ...unsupported },
};

const PIXEL_LIES: Record<string, XLie> = {
  "sends no pixels": {
    ...only(
      "GetImage",
      patchedLength((honest) => honest.subarray(0, 32)),
    ),
    ...unsupported,
  },
  "sends a pixel too few": {
    ...only(
      "GetImage",
      patchedLength((honest) => honest.subarray(0, -4)),
    ),
    ...unsupported,
  },
  "sends twice as many pixels": {
    ...only(
      "GetImage",
      patchedLength((honest) => Buffer.concat([honest, honest.subarray(32)])),
    ),
    ...clean,
  },
  "sends pixels of depth 1": {
    ...only(
      "GetImage",
      patched((bytes) => bytes.writeUInt8(1, 1)),
    ),
    ...clean,
  },
  "refuses pixels": { ...only("GetImage", refuse), ...unsupported },
  "refuses pixels later": { ...only("GetImage", after(3, refuse)), ...unsupported },
  "closes instead of pixels": { ...only("GetImage", () => "close"), ...lost },
  "closes in the middle of pixels": {
    ...only("GetImage", (honest) => ({ lastWords: honest.subarray(0, 1000) })),
    ...lost,
  },
  "closes instead of pixels later": {
    ...only(
      "GetImage",
      after(3, () => "close"),
    ),
    ...lost,
  },
  "is silent instead of pixels later": {
    ...only(
      "GetImage",
      after(3, () => "silence"),
    ),
    ...silence,
  },
  "is silent in the middle of pixels later": {
    ...only(
      "GetImage",
      after(3, (honest) => honest.subarray(0, 1000)),
    ),
    ...silence,
  },
  "sends answers nobody asked for": {
    ...only("GetImage", (honest, _, sequence) => {
      const others = [0, 1, 5000, 60_000].map((ahead) => reply(sequence + ahead, 64));
      return Buffer.concat([honest, ...others]);
    }),
    endings: ["clean", "ERR_DISPLAY_LOST", "ERR_DISPLAY_UNSUPPORTED"],
  },
};

const regions = (rects: readonly (readonly number[])[]) =>
  only("FetchRegion", (_, __, sequence) => regionReply(sequence, rects));

const DAMAGE_LIES: Record<string, XLie> = {
  "tells of damage beside the screen": {
    ...regions([
      [-32768, -32768, 10, 10],
      [32767, 32767, 65535, 65535],
    ]),
    ...clean,
  },
  "tells of damage of absurd size": { ...regions([[-32768, -32768, 65535, 65535]]), ...clean },
  "tells of damage of no size": { ...regions([[5, 5, 0, 0]]), ...clean },
  "tells of 50,000 rectangles": {
    ...regions(Array.from({ length: 50_000 }, (_, i) => [(i * 7) % 400, (i * 3) % 300, 9, 9])),
    ...clean,
  },
  "tells of half a rectangle": {
    ...only("FetchRegion", (_, __, sequence) => reply(sequence, 4)),
    ...clean,
  },
  "refuses to tell of damage": { ...only("FetchRegion", refuse), ...clean },
  "closes when asked for damage": { ...only("FetchRegion", () => "close"), ...lost },
};

const pointer = (width: number, height: number, pixels?: number) => ({
  ...withPointer,
  ...only("GetCursorImage", (_, __, sequence) => cursorReply(sequence, width, height, pixels)),
});

const POINTER_LIES: Record<string, XLie> = {
  "shows a pointer of 0x0": { ...pointer(0, 0), ...clean },
  "shows a pointer of 0x65535": { ...pointer(0, 65535), ...clean },
  "shows a pointer of 300x300": { ...pointer(300, 300), ...clean },
  "shows a pointer of 64x64 with 10 pixels": { ...pointer(64, 64, 10), ...clean },
  "shows a pointer of 65535x65535 with 4 pixels": { ...pointer(65535, 65535, 4), ...clean },
  "refuses to show the pointer": {
    ...withPointer,
    ...only("GetCursorImage", refuse),
    ...clean,
  },
  "shows a pointer with its hot spot far outside": {
    ...withPointer,
    ...only(
      "GetCursorImage",
      patched((bytes) => bytes.fill(0xff, 16, 20)),
    ),
    ...clean,
  },
  "shows a pointer at -32768": {
    ...withPointer,
    ...only(
      "GetCursorImage",
      patched((bytes) => bytes.fill(0x80, 8, 12)),
    ),
    ...clean,
  },
};

/** XFIXES's first event and one: of the server's pointer (XFixes, 7.1). */
const CURSOR_NOTIFY = 81;

/** The same, told to a capture that looks at the pointer beside its frames; and more of them. */
const STREAMED_POINTER_LIES: Record<string, XLie> = Object.fromEntries(
  Object.entries({
    ...POINTER_LIES,
    "closes when asked for the pointer": { ...only("GetCursorImage", () => "close"), ...lost },
    "is silent when asked for the pointer": {
      ...only("GetCursorImage", () => "silence"),
      ...silence,
    },
    "sends 10,000 events of the pointer": {
      whenRunning: (server) => {
        for (let i = 0; i < 10_000; i++) server.send(server.event(CURSOR_NOTIFY));
      },
      ...clean,
    },
  } satisfies Record<string, XLie>).map(([name, lie]) => [
    `${name}, streamed`,
    { ...lie, settings: { captureCursor: "stream" } },
  ]),
);

const RUNNING_LIES: Record<string, XLie> = {
  "becomes 0x0": { whenRunning: (server) => server.resize(0, 0), ...clean },
  "becomes 65535x65535": { whenRunning: (server) => server.resize(65535, 65535), ...clean },
  "becomes another size 200 times": {
    whenRunning: (server) => {
      const pick = random(5);
      for (let i = 0; i < 200; i++) server.resize(pick(400), pick(300));
      server.resize(320, 240);
    },
    ...clean,
  },
  "sends events of every type": {
    whenRunning: (server) => {
      // Not 1 (a reply) and 35 (an event that is longer).
      for (let type = 2; type < 128; type++) if (type !== 35) server.send(server.event(type));
    },
    ...clean,
  },
  "sends errors nobody asked for": {
    whenRunning: (server) => {
      for (let i = 0; i < 50; i++) server.send(server.event(0));
    },
    ...clean,
  },
  "sends 10,000 damage events": {
    whenRunning: (server) => {
      for (let i = 0; i < 10_000; i++) server.damage();
    },
    ...clean,
  },
  "closes, and is there again": {
    settings: { reconnect: true },
    whenRunning: (server) => server.drop(),
    ...clean,
  },
  "announces a long event and is silent": {
    whenRunning: (server) => server.send(longEvent),
    ...silence,
  },
  "sends events without an end": {
    whenRunning: (server) => server.sendWithoutEnd(manyEvents),
    ...clean,
  },
  "closes while it is captured": { whenRunning: (server) => server.drop(), ...lost },
  "closes in the middle of an event": {
    whenRunning: (server) => server.drop(server.event(70).subarray(0, 7)),
    ...lost,
  },
};

/** The groups whose lies may take seconds each, so that they are told at the same time. */
export const SLOW_GROUPS = ["waiting", "random"];

/** By groups and by names. */
export const X_LIES: Record<string, Record<string, XLie>> = {
  setup: SETUP_LIES,
  opening: { ...OPENING_LIES, ...PIXEL_LIES },
  targets: TARGET_LIES,
  running: { ...DAMAGE_LIES, ...POINTER_LIES, ...STREAMED_POINTER_LIES, ...RUNNING_LIES },
  waiting: WAITING_LIES,
  random: flippedLies(),
};
