// SPDX-License-Identifier: MPL-2.0
// What listMonitors and listWindows say, beside what X programs say, and of servers that lie.
import { expect, test } from "bun:test";
import { listMonitors, listWindows, type PixelfluxError } from "../../src/index.ts";
import { FakeXServer, type Lie, refuse, reply } from "../support/fake-x-server.ts";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { endless, manyEvents } from "../support/x-lie.ts";
import { XProgram, xdotool, xrandr } from "../support/x-program.ts";
import { Xvfb } from "../support/xvfb.ts";

/** Where xwininfo says that a window is. */
async function placeOf(display: string, id: number) {
  const command = [requireTool("xwininfo", "x11-utils"), "-display", display, "-id", `${id}`];
  const { stdout } = await runCommand(command);
  const number = (name: string) => Number(new RegExp(`${name}: +(-?\\d+)`).exec(stdout)?.[1]);
  return {
    x: number("Absolute upper-left X"),
    y: number("Absolute upper-left Y"),
    width: number("Width"),
    height: number("Height"),
  };
}

test("windows without a window manager, and with one", async () => {
  await using server = await Xvfb.start();
  const { display } = server;
  await using term = XProgram.xterm(display, "terminal", "20x5+100+50");
  const { id } = await term.window("terminal");
  await xdotool(display, "set_window", "--name", "hällo ☺\n\x1b[2J", id);
  const below = await term.window("hällo ☺  [2J");
  expect(below).toMatchObject({ className: "XTerm", instanceName: "xterm", pid: term.pid });
  expect(below).toMatchObject({ ...(await placeOf(display, below.id)), viewable: true });
  await using eyes = new XProgram(display, "xeyes", ["-geometry", "100x80+150+60"]);
  const above = await eyes.window("xeyes");
  expect(above.pid).toBeUndefined();
  const ids = async () => (await listWindows(display)).map(({ id }) => id);
  expect(await ids()).toEqual([above.id, below.id]);

  // Its frames are windows of their own, and ours lie in them.
  await using _ = await XProgram.windowManager(display);
  const framed = await waitFor("frames", async () => {
    const window = (await listWindows(display)).find(({ id }) => id === below.id);
    return window?.viewable && window.y !== below.y && window;
  });
  expect(framed).toMatchObject({ ...(await placeOf(display, below.id)), viewable: true });
  await xdotool(display, "windowactivate", "--sync", below.id);
  await waitFor("it to be raised", async () => (await ids())[0] === below.id);
  await xdotool(display, "windowminimize", above.id);
  await waitFor("it to be iconified", async () => {
    const windows = await listWindows(display);
    return windows.find(({ id }) => id === above.id)?.viewable === false;
  });
});

test("monitors, and the scale of a desktop", async () => {
  await using server = await Xvfb.start();
  const { display } = server;
  await xrandr(display, "--setmonitor", "*left", "320/80x480/120+0+0", "none");
  const left = { name: "left", x: 0, y: 0, width: 320, height: 480, primary: true };
  const [first, second] = await listMonitors(display);
  expect(first).toEqual({ ...left, widthMm: 80, heightMm: 120, scale: undefined });
  expect(second).toMatchObject({ name: "screen", width: 640, height: 480, primary: false });
  const xrdb = [requireTool("xrdb", "x11-xserver-utils"), "-display", display, "-merge", "-nocpp"];
  const child = Bun.spawn(xrdb, { stdin: new Blob(["Xft.dpi:\t144\n"]) });
  expect(await child.exited).toBe(0);
  expect((await listMonitors(display)).map(({ scale }) => scale)).toEqual([1.5, 1.5]);
});

test("a server without RandR has no monitors; a second screen is named by its number", async () => {
  const args = ["-extension", "RANDR", "-screen", "1", "320x200x24"];
  await using server = await Xvfb.start({ args });
  expect(await listMonitors(server.display)).toEqual([]);
  await using term = XProgram.xterm(`${server.display}.1`, "there", "10x3+5+6");
  await waitFor("it", async () => (await listWindows(`${server.display}.1`)).length === 1);
  expect(await listWindows(server.display)).toEqual([]);
  expect(term.pid).toBeGreaterThan(0);
});

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    ({ code, field }: PixelfluxError) => [code, field].filter(Boolean).join(" "),
  );

test("what cannot be looked at", async () => {
  const unknown = listWindows as (display: unknown) => Promise<unknown>;
  for (const display of [
    "",
    "nonsense",
    "synthetic://64x64@1",
    5,
    null,
    {},
    `${"a".repeat(300)}:0`,
  ]) {
    expect(await codeOf(unknown(display))).toBe("ERR_INVALID_SETTING display");
  }
  expect(await codeOf(listMonitors("127.0.0.1:59000"))).toBe("ERR_DISPLAY_OPEN display");
  await using server = await Xvfb.start();
  expect(await codeOf(listMonitors(`${server.display}.7`))).toBe("ERR_DISPLAY_OPEN display");
});

/** Says of itself that its value has so many 32-bit words. */
const property =
  (count: number): Lie =>
  (honest) => {
    honest[1] = 32;
    honest.writeUInt32LE(33, 8);
    honest.writeUInt32LE(count, 16);
    return honest;
  };

const huge: Lie = (honest) => {
  honest.writeUInt32LE(0xffffffff, 4);
  return honest;
};

const tree =
  (count: number): Lie =>
  (_, __, sequence) => {
    const bytes = reply(sequence, count * 4);
    bytes.writeUInt16LE(count, 16);
    for (let index = 0; index < count; index++) bytes.writeUInt32LE(index + 1, 32 + index * 4);
    return bytes;
  };

const atom: Lie = (honest) => {
  honest.writeUInt32LE(77, 8);
  return honest;
};

test("a server that lies is an error in time, or a short list", async () => {
  const flood = endless(manyEvents, manyEvents, 0);
  const lies: [string, Record<string, Lie>, ending: string][] = [
    ["refuses all", { QueryTree: refuse, InternAtom: refuse, GetProperty: refuse }, "none"],
    ["has 60,000 windows", { QueryTree: tree(60_000) }, "none, or ERR_DISPLAY_OPEN display"],
    [
      "has windows in windows",
      { QueryTree: tree(50), InternAtom: atom },
      "none, or ERR_DISPLAY_OPEN display",
    ],
    [
      "has a property longer than said",
      { InternAtom: atom, GetProperty: property(0x3fffffff) },
      "ERR_DISPLAY_OPEN display",
    ],
    [
      "has a property of 16 GiB",
      { InternAtom: atom, GetProperty: huge },
      "ERR_DISPLAY_OPEN display",
    ],
    ["is silent", { QueryTree: () => "silence" }, "ERR_DISPLAY_OPEN display"],
    ["hangs up", { QueryTree: () => "close" }, "ERR_DISPLAY_OPEN display"],
    ["sends events without an end", { QueryTree: () => flood }, "ERR_DISPLAY_OPEN display"],
  ];
  const before = process.memoryUsage.rss();
  const endings = await Promise.all(
    lies.map(async ([name, replies, ending]) => {
      await using server = await FakeXServer.start({ replies });
      const told = await codeOf(listWindows(server.display));
      return [name, ending.includes(told) ? ending : told];
    }),
  );
  expect(endings).toEqual(lies.map(([name, , ending]) => [name, ending]));
  expect(process.memoryUsage.rss() - before).toBeLessThan(300e6);
}, 20_000);
