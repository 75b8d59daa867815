// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { connect, createServer } from "node:net";
import { FakeXServer, type Refusal } from "../support/fake-x-server.ts";
import { requireTool, runCommand } from "../support/process.ts";
import { XProgram } from "../support/x-program.ts";
import { Xvfb } from "../support/xvfb.ts";
import { runCli } from "./cli.ts";

interface Listed {
  display: string;
  isDefault: boolean;
  error?: string;
  screens?: {
    width: number;
    height: number;
    depth: number;
    capturable: boolean;
    monitors: object[];
  }[];
  extensions?: Record<string, string>;
}

/** Lists the displays, as many as there may be, and picks that of the environment. */
async function listed(env: { DISPLAY: string; XAUTHORITY?: string }): Promise<Listed> {
  const { exitCode, stdout } = await runCli(["list", "--json"], { env });
  expect(exitCode).toBe(0);
  const displays: Listed[] = JSON.parse(stdout);
  const [own, ...others] = displays.filter(({ isDefault }) => isDefault);
  expect(others).toEqual([]);
  if (own === undefined) throw new Error(`not listed: ${env.DISPLAY}`);
  return own;
}

test("every screen with its size, depth and monitors, and the extensions", async () => {
  await using server = await Xvfb.start({ args: ["-screen", "1", "320x200x16"] });
  const monitors = ["320/80x480/120+0+0", "320/80x480/120+320+0"];
  for (const [index, geometry] of monitors.entries()) {
    const set = ["--setmonitor", index === 0 ? "*left" : "right", geometry, "none"];
    const xrandr = requireTool("xrandr", "x11-xserver-utils");
    await runCommand([xrandr, "-display", server.display, ...set]);
  }
  const { screens, extensions } = await listed({ DISPLAY: `${server.display}.1` });
  expect(screens?.[0]).toMatchObject({ width: 640, height: 480, depth: 24, capturable: true });
  expect(screens?.[1]).toMatchObject({ width: 320, height: 200, depth: 16, capturable: false });
  expect(screens?.[0]?.monitors).toContainEqual({
    name: "left",
    x: 0,
    y: 0,
    width: 320,
    height: 480,
    primary: true,
    widthMm: 80,
    heightMm: 120,
  });
  expect(screens?.[0]?.monitors).toContainEqual({
    name: "right",
    x: 320,
    y: 0,
    width: 320,
    height: 480,
    primary: false,
    widthMm: 80,
    heightMm: 120,
  });
  expect(extensions).toMatchObject({
    "MIT-SHM": "1.2",
    DAMAGE: "",
    XFIXES: "",
    XInputExtension: "",
  });
  const { stdout } = await runCli(["list"], { env: { DISPLAY: server.display } });
  const text = stdout.slice(stdout.indexOf(`${server.display}  $DISPLAY`));
  expect(text).toContain("\n  screen 0: 640x480, depth 24\n");
  expect(text).toContain("\n    monitor left: 320x480+0+0, primary\n");
  expect(text).toContain("\n  screen 1: 320x200, depth 16  not capturable\n");
  expect(text).toContain("\n  extensions: MIT-SHM 1.2, DAMAGE, XFIXES, RANDR 1.");
});

test("the windows of a screen, where they are asked for", async () => {
  await using server = await Xvfb.start();
  await using term = XProgram.xterm(server.display, "a title", "20x5+100+50");
  const { id, width, height } = await term.window("a title");
  const { stdout } = await runCli(["list", "--windows"], { env: { DISPLAY: server.display } });
  const line = `window ${id}: ${width}x${height}+100+50  XTerm "a title"`;
  expect(stdout.slice(stdout.indexOf(`${server.display}  $DISPLAY`))).toContain(`\n    ${line}\n`);
  expect((await listed({ DISPLAY: server.display })).screens?.[0]).not.toHaveProperty("windows");
  const { stdout: json } = await runCli(["list", "--windows", "--json"], {
    env: { DISPLAY: server.display },
  });
  const own = JSON.parse(json).find(({ isDefault }: Listed) => isDefault);
  expect(own.screens[0].windows).toMatchObject([{ id, title: "a title", pid: term.pid }]);
});

test("a server without extensions has none", async () => {
  const args = ["MIT-SHM", "DAMAGE", "RANDR"].flatMap((name) => ["-extension", name]);
  await using server = await Xvfb.start({ args });
  const { extensions, screens } = await listed({ DISPLAY: server.display });
  expect(Object.keys(extensions ?? {})).toEqual(["XFIXES", "XInputExtension"]);
  expect(screens?.[0]?.monitors).toEqual([]);
});

test("a server that wants a cookie is looked at with it, and refuses without", async () => {
  await using server = await Xvfb.start({ authority: true });
  const { authorityPath = "" } = server;
  const known = await listed({ DISPLAY: server.display, XAUTHORITY: authorityPath });
  expect(known.screens).toHaveLength(1);
  const unknown = await listed({ DISPLAY: server.display, XAUTHORITY: "/nowhere" });
  expect(unknown.error).toMatch(/^the server refuses this user: .+/);
});

test("a server whose socket is hidden, as from a container, is found by its abstract one", async () => {
  await using server = await Xvfb.start();
  const number = 30_000 + (process.pid % 20_000);
  const hidden = createServer((client) => {
    const path = `/tmp/.X11-unix/X${server.display.slice(1)}`;
    const through = connect(path).on("error", () => client.destroy());
    client.on("error", () => through.destroy()).pipe(through);
    through.pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    hidden.on("error", reject).listen(`\0/tmp/.X11-unix/X${number}`, resolve);
  });
  try {
    const { screens } = await listed({ DISPLAY: `:${number}` });
    expect(screens).toHaveLength(1);
    const { stdout } = await runCli(["doctor", "--json", "--display", `:${number}`]);
    const socket = `@/tmp/.X11-unix/X${number}, abstract; there is no /tmp/.X11-unix/X${number}`;
    expect(JSON.parse(stdout).checks).toContainEqual({
      name: "socket",
      status: "ok",
      words: socket,
    });
  } finally {
    hidden.close();
  }
});

test("displays that are none, or where nobody is, are listed with the reason", async () => {
  expect((await listed({ DISPLAY: "nonsense" })).error).toBe("this is no display name");
  expect((await listed({ DISPLAY: "127.0.0.1:59000" })).error).toBe("no X server listens there");
});

describe("a server that lies is no more than an error", () => {
  /** Writes something into the answer to the setup. */
  const with8 = (at: number, value: number) => (bytes: Buffer) => {
    bytes[at] = value;
    return bytes;
  };
  const NO_X11 = /speaks no proper X11/;

  test.each<[string, (bytes: Buffer) => Buffer | Refusal, RegExp]>([
    ["of 255 screens", with8(28, 255), NO_X11],
    ["of 255 formats", with8(29, 255), NO_X11],
    ["of 255 depths", with8(91, 255), NO_X11],
    ["of a long vendor", with8(25, 255), NO_X11],
    [
      "in another protocol",
      () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(9999)),
      NO_X11,
    ],
    ["by hanging up", () => "close", /closed the connection/],
    [
      "by half an answer",
      (bytes) => ({ lastWords: bytes.subarray(0, 50) }),
      /closed the connection/,
    ],
    ["by silence", () => "silence", /no answer for 3 s/],
  ])("%s", async (_, setup, words) => {
    await using server = await FakeXServer.start({ setup });
    expect((await listed({ DISPLAY: server.display })).error).toMatch(words);
  });

  test("of an answer without end", async () => {
    const endless = (bytes: Buffer) => {
      bytes.writeUInt32LE(0x3fffffff, 4);
      return bytes;
    };
    await using server = await FakeXServer.start({ replies: { QueryExtension: endless } });
    expect((await listed({ DISPLAY: server.display })).error).toMatch(NO_X11);
  });

  test("in words that would clear the screen", async () => {
    const reason = "\x1b[2Jno\x07";
    const refusal = Buffer.alloc(8 + 8);
    refusal.set([0, reason.length, 11, 0, 0, 0, 2, 0]);
    refusal.write(reason, 8, "latin1");
    await using server = await FakeXServer.start({ setup: () => refusal });
    const { error } = await listed({ DISPLAY: server.display });
    expect(error).toBe("the server refuses this user: [2Jno");
  });
});
