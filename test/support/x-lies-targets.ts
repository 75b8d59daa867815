// SPDX-License-Identifier: MPL-2.0
// What X servers may do wrong with a window or a monitor that is captured.
import { refuse, reply } from "./fake-x-server.ts";
import { random } from "./random.ts";
import {
  after,
  clean,
  endless,
  manyEvents,
  offScreen,
  only,
  patched,
  silence,
  unsupported,
  type XLie,
} from "./x-lie.ts";

/** Every id is that of a window. */
const WINDOW = 0x400123;
const DESTROY_NOTIFY = 17;
const UNMAP_NOTIFY = 18;

const ofWindow = {
  settings: { window: WINDOW, captureCursor: true },
  extensions: ["DAMAGE", "XFIXES", "XInputExtension", "Composite"],
} as const;
const ofMonitor = {
  settings: { monitor: "primary" },
  extensions: ["DAMAGE", "XFIXES", "RANDR"],
} as const;
const ofAnother = { ...ofMonitor, settings: { monitor: "HDMI-1" } };
const gone = { endings: ["ERR_WINDOW_GONE"] } as const;
const hidden = { endings: ["ERR_WINDOW_HIDDEN"] } as const;
const noMonitor = { endings: ["ERR_MONITOR_NOT_FOUND"] } as const;

const byteAt = (offset: number, value: number) =>
  patched((bytes) => bytes.writeUInt8(value, offset));
const sized = (width: number, height: number) =>
  patched((bytes) => {
    bytes.writeUInt16LE(width, 16);
    bytes.writeUInt16LE(height, 18);
  });
/** The first three are of the root, and of the window twice. */
const pixmap = (lie: Parameters<typeof after>[1]) => only("GetGeometry", after(3, lie));

const WINDOW_LIES: Record<string, XLie> = {
  "has a window": { ...ofWindow, ...clean },
  "knows no such window": { ...ofWindow, ...only("GetWindowAttributes", refuse), ...gone },
  "does not say where a window is": {
    ...ofWindow,
    ...only("TranslateCoordinates", refuse),
    ...gone,
  },
  "hides a window": { ...ofWindow, ...only("GetWindowAttributes", byteAt(26, 0)), ...hidden },
  "has a window for input": {
    ...ofWindow,
    ...only("GetWindowAttributes", byteAt(12, 2)),
    ...unsupported,
  },
  "has a window of an unknown visual": {
    ...ofWindow,
    ...only("GetWindowAttributes", byteAt(8, 9)),
    ...unsupported,
  },
  "never names a window's pixmap": { ...ofWindow, ...pixmap(refuse), ...hidden },
  "has a pixmap of 0x0": { ...ofWindow, ...pixmap(sized(0, 0)), ...hidden },
  "has a pixmap of 65535x65535": { ...ofWindow, ...pixmap(sized(65535, 65535)), ...clean },
  "refuses a window's pixels": { ...ofWindow, ...only("GetImage", refuse), ...unsupported },
  "refuses a window's pixels later": {
    ...ofWindow,
    ...only("GetImage", after(3, refuse)),
    ...unsupported,
  },
  "destroys a window": {
    ...ofWindow,
    whenRunning: (server) => server.tellOfWindow(DESTROY_NOTIFY, WINDOW),
    ...gone,
  },
  "has a client that only says so": {
    ...ofWindow,
    whenRunning: (server) => server.tellOfWindow(DESTROY_NOTIFY | 0x80, WINDOW),
    ...clean,
  },
  "resizes a window 200 times": {
    ...ofWindow,
    whenRunning: (server) => {
      const pick = random(7);
      for (let i = 0; i < 200; i++) server.resizeWindow(WINDOW, pick(65536), pick(65536));
    },
    ...clean,
  },
  "unmaps and maps a window 200 times": {
    ...ofWindow,
    whenRunning: (server) => {
      for (let i = 0; i < 200; i++) server.tellOfWindow(UNMAP_NOTIFY + (i % 2), WINDOW);
    },
    ...clean,
  },
  "has events for a window without an end": {
    ...ofWindow,
    ...only("TranslateCoordinates", (honest) => endless(honest, manyEvents, 0)),
    endings: ["clean", "ERR_DISPLAY_OPEN"],
  },
  "is silent when a window is resized": {
    ...ofWindow,
    // The pixmap's is the last answer of a look: what is behind one tells that it will not come.
    ...only(
      "GetGeometry",
      after(5, () => "silence"),
    ),
    whenRunning: (server) => server.resizeWindow(WINDOW, 10, 10),
    ...silence,
  },
};

const withMonitors = (change: (bytes: Buffer) => void) => ({
  ...ofMonitor,
  ...only("RandrGetMonitors", patched(change)),
});

const MONITOR_LIES: Record<string, XLie> = {
  "has a monitor": { ...ofMonitor, ...clean },
  "has another monitor": { ...ofAnother, ...noMonitor },
  "refuses to tell of monitors": {
    ...ofMonitor,
    ...only("RandrGetMonitors", refuse),
    ...noMonitor,
  },
  "refuses to tell a monitor's name": {
    ...ofAnother,
    ...only("GetAtomName", refuse),
    ...noMonitor,
  },
  "has a monitor with a name longer than said": {
    ...ofAnother,
    ...only(
      "GetAtomName",
      patched((bytes) => bytes.writeUInt16LE(65535, 8)),
    ),
    ...noMonitor,
  },
  "has a monitor with more outputs than said": {
    ...withMonitors((bytes) => bytes.writeUInt16LE(65535, 38)),
    ...clean,
  },
  "tells of half a monitor": {
    ...ofMonitor,
    ...only("RandrGetMonitors", (_, __, sequence) => reply(sequence, 12)),
    ...noMonitor,
  },
  "has a monitor of 0x0": { ...withMonitors((bytes) => bytes.fill(0, 44, 48)), ...offScreen },
  "has a monitor far beside the screen": {
    ...withMonitors((bytes) => bytes.fill(0x7f, 40, 44)),
    ...clean,
  },
  "has a monitor at -1": { ...withMonitors((bytes) => bytes.fill(0xff, 40, 44)), ...clean },
  "tells of new monitors 200 times": {
    ...ofMonitor,
    whenRunning: (server) => {
      for (let i = 0; i < 200; i++) server.send(server.event(100 + (i % 2)));
    },
    ...clean,
  },
};

export const TARGET_LIES: Record<string, XLie> = { ...WINDOW_LIES, ...MONITOR_LIES };
