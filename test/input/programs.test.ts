// SPDX-License-Identifier: MPL-2.0
// What real programs get of what is pointed and typed: a terminal, and one that tells its events.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { listWindows, ScreenCapture } from "pixelflux-ffi";
import { Input } from "pixelflux-ffi/input";
import { requireTool, runCommand, waitFor } from "../support/process.ts";
import { EventLog, TypedTerminal } from "../support/x-programs.ts";
import { Xvfb } from "../support/xvfb.ts";
import { EXACT_TEXT, manyCharacters } from "./texts.ts";

let xvfb: Xvfb;
let input: Input;

beforeAll(async () => {
  xvfb = await Xvfb.start({ width: 800, height: 600 });
  input = await Input.open({ display: xvfb.display });
}, 30_000);

afterAll(async () => {
  await input?.close();
  await xvfb?.[Symbol.asyncDispose]();
});

/** Has the server do something by a tool of X; what that says. */
async function tool(name: string, debianPackage: string, ...args: string[]): Promise<string> {
  const env = { DISPLAY: xvfb.display };
  const command = [requireTool(name, debianPackage), ...args];
  const { exitCode, stdout, stderr } = await runCommand(command, { env });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}

const setLayout = (...layout: string[]) => tool("setxkbmap", "x11-xkb-utils", ...layout);

describe("a terminal", () => {
  /** As a terminal sends it: Enter is a carriage return, Backspace a DEL. */
  const asTyped = (text: string) => text.replaceAll("\n", "\r").replaceAll("\b", "\x7f");

  async function expectTyped(terminal: TypedTerminal, text: string, already = ""): Promise<void> {
    const expected = already + asTyped(text);
    await waitFor("the text", () => terminal.typed.length >= expected.length).catch(
      () => undefined,
    );
    expect(terminal.typed).toBe(expected);
  }

  test("gets a long mixed text exactly, and the keyboard back as it was", async () => {
    await using terminal = await TypedTerminal.start(xvfb.display);
    const keyboard = () => tool("xmodmap", "x11-xserver-utils", "-pke");
    const before = await keyboard();
    await input.type(EXACT_TEXT);
    await expectTyped(terminal, EXACT_TEXT);
    // More characters than there are keys to lend.
    const many = manyCharacters(200);
    await input.type(many);
    expect(await keyboard()).not.toBe(before);
    await expectTyped(terminal, many, asTyped(EXACT_TEXT));
    await waitFor("the keyboard", async () => (await keyboard()) === before);
  }, 30_000);

  test.each([
    ["de", []],
    ["us", ["dvorak"]],
    ["fr", []],
    ["ru", []],
    ["us,ru", ["", "grp:alt_shift_toggle"]],
  ])("gets it on layout %s, too", async (layout, rest) => {
    const [variant = "", option] = rest;
    await setLayout("-layout", layout, "-variant", variant, ...(option ? ["-option", option] : []));
    try {
      await using terminal = await TypedTerminal.start(xvfb.display);
      const text = "aA yY zZ @ # | \\ ~ { } 1! ß Ж";
      await input.type(text);
      await expectTyped(terminal, text);
    } finally {
      await setLayout("-layout", "us", "-variant", "", "-option", "");
    }
  });

  test("gets it with CapsLock and NumLock on, and with keys held", async () => {
    await using terminal = await TypedTerminal.start(xvfb.display);
    await input.key("capslock");
    await input.key("numlock");
    await input.down("shift");
    await input.type("aB1é✓");
    await input.up("shift");
    await input.key("c");
    await input.key("D");
    await expectTyped(terminal, "aB1é✓cD");
    await tool("xdotool", "xdotool", "key", "e"); // CapsLock is on as before
    await input.key("capslock");
    await input.key("numlock");
    await input.key("f");
    await expectTyped(terminal, "aB1é✓cDEf");
  });

  test("gets combinations of keys", async () => {
    await using terminal = await TypedTerminal.start(xvfb.display);
    for (const keys of [
      "ctrl+c",
      "Up",
      "alt+x",
      "ctrl+shift+minus",
      "tab",
      "shift+tab",
      "é",
      "✓",
    ]) {
      await input.key(keys);
    }
    await expectTyped(terminal, "\x03\x1b[A\xf8\x1f\t\x1b[Zé✓");
  });

  test("gets what was called for in that order, awaited or not", async () => {
    await using terminal = await TypedTerminal.start(xvfb.display);
    const calls = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? input.type(`${index}✓,`) : input.key("x"),
    );
    await Promise.all(calls);
    const expected = calls.map((_, index) => (index % 2 === 0 ? `${index}✓,` : "x")).join("");
    await expectTyped(terminal, expected);
  });

  test("gets no more of a text that is called off", async () => {
    await using terminal = await TypedTerminal.start(xvfb.display);
    const reason = new Error("enough");
    const calledOff = new AbortController();
    const typing = input.type("ab".repeat(5000), { delayMs: 1, signal: calledOff.signal });
    await waitFor("some of it", () => terminal.typed.length > 20);
    calledOff.abort(reason);
    expect(await typing.catch((error) => error)).toBe(reason);
    await input.type("END");
    await waitFor("what is behind it", () => terminal.typed.endsWith("END"));
    expect(terminal.typed).toMatch(/^(ab)+a?END$/);
    expect(terminal.typed.length).toBeLessThan(9000);
    expect(await input.type("no", { signal: calledOff.signal }).catch((error) => error)).toBe(
      reason,
    );
  });
});

describe("a program that tells its events", () => {
  test("gets clicks, wheels, drags and holds where they are", async () => {
    await using log = await EventLog.start(xvfb.display);
    await input.click(30, 40);
    await input.click(799, 599, { button: "right", count: 2 });
    await input.click({ button: "forward", modifiers: ["ctrl", "shift"] });
    await input.scroll(-1, 2, { x: 10, y: 20 });
    await waitFor("the events", () => log.strokes.endsWith("-6"));
    expect(log.strokes).toBe(
      "+1 -1 +3 -3 +3 -3 +Control_L +Shift_L +9 -9 -Shift_L -Control_L +5 -5 +5 -5 +6 -6",
    );
    const presses = log.of("ButtonPress");
    expect(presses[0]).toMatchObject({ x: 30, y: 40, state: 0 });
    expect(presses[1]).toMatchObject({ x: 799, y: 599 });
    expect(presses[3]).toMatchObject({ x: 799, y: 599, state: 5 });
    expect(presses.at(-1)).toMatchObject({ x: 10, y: 20 });

    log.clear();
    await input.drag({ x: 100, y: 100 }, { x: 200, y: 50 }, { durationMs: 50, modifiers: ["alt"] });
    await waitFor("the drag", () => log.strokes === "+Alt_L +1 -1 -Alt_L");
    expect(log.of("ButtonPress")[0]).toMatchObject({ x: 100, y: 100, state: 8 });
    expect(log.of("ButtonRelease")[0]).toMatchObject({ x: 200, y: 50 });
    expect(log.of("MotionNotify").filter(({ state }) => state === 264).length).toBeGreaterThan(3);

    log.clear();
    await input.down("a");
    await input.down("a");
    await input.down({ button: "middle" }, { at: { x: 70, y: 80 } });
    await input.down("A", { exactly: true }); // another character of the same key
    await input.releaseAll();
    await waitFor("the release", () => log.strokes.endsWith("-a"));
    expect(log.strokes).toStartWith("+a +2");
    expect(log.of("ButtonPress")[0]).toMatchObject({ x: 70, y: 80 });
    await input.up("b"); // which nobody holds
  });

  test("gets a character exactly, whatever is held", async () => {
    await using log = await EventLog.start(xvfb.display);
    await input.down("shift");
    await input.down("7", { exactly: true });
    await input.up("7");
    await input.down("&", { exactly: true });
    await input.up("&");
    await input.up("shift");
    await waitFor("the events", () => log.strokes.endsWith("-Shift_L"));
    const presses = log.of("KeyPress").map(({ what }) => what);
    expect(presses.filter((what) => what !== "Shift_L")).toEqual(["7", "ampersand"]);
  });
});

describe("a region", () => {
  test("is what coordinates count from, and lie in", async () => {
    const region = { x: 100, y: 50, width: 300, height: 200 };
    await using part = await Input.open({ display: xvfb.display, region });
    await part.move(299, 199);
    expect(await part.position()).toEqual({ x: 299, y: 199 });
    expect(await input.position()).toEqual({ x: 399, y: 249 });
    await input.move(0, 0);
    expect(await part.position()).toEqual({ x: -100, y: -50 });
    for (const [x, y, field] of [
      [300, 0, "x"],
      [0, 200, "y"],
      [-1, 0, "x"],
      [0.5, 0, "x"],
      [0, Number.NaN, "y"],
    ] as const) {
      const refusal = { code: "ERR_INVALID_SETTING", operation: "move", field };
      expect(await part.move(x, y).catch((error) => error)).toMatchObject(refusal);
    }
    expect(await part.click(300, 5).catch((error) => error.message)).toBe(
      "click: x has to be from 0 to 299 (the region is 300x200 px), but is 300.",
    );
    const drag = part.drag({ x: 0, y: 0 }, { x: 0, y: 900 });
    expect(await drag.catch((error) => error)).toMatchObject({ field: "to.y" });
    expect(await part.position()).toEqual({ x: -100, y: -50 }); // nothing was done of it
  });

  test("follows a capture's", async () => {
    const { display } = xvfb;
    const capture = new ScreenCapture({ display, captureX: 10, captureWidth: 100 });
    await using part = await Input.open({ region: capture });
    await part.move(99, 599);
    expect(await input.position()).toEqual({ x: 109, y: 599 });
    capture.update({ captureX: 700, captureY: 20, captureWidth: 200 });
    await part.move(99, 0);
    expect(await input.position()).toEqual({ x: 799, y: 20 });
    const outside = await part.move(100, 0).catch((error) => error);
    expect(outside).toMatchObject({ code: "ERR_REGION_OFF_SCREEN", field: "region" });
  });

  test("follows a captured window, and is a captured monitor's", async () => {
    const { display } = xvfb;
    await using log = await EventLog.start(display);
    const [window] = await listWindows(display);
    const capture = new ScreenCapture({ display, window: window?.id, captureX: 5 });
    await using part = await Input.open({ region: capture });
    await part.click(10, 20);
    await waitFor("the click", () => log.strokes === "+1 -1");
    await tool("xdotool", "xdotool", "windowmove", String(window?.id), "100", "50");
    await part.move(10, 20);
    expect(await input.position()).toEqual({ x: 115, y: 70 });
    expect(await part.position()).toEqual({ x: 10, y: 20 });
    const far = await part.move(1900, 0).catch((error) => error); // in the window, off the screen
    expect(far).toMatchObject({ code: "ERR_REGION_OFF_SCREEN" });
    await log[Symbol.asyncDispose]();
    const gone = await waitFor("its end", () => part.move(1, 1).catch((error) => error));
    expect(gone).toMatchObject({ code: "ERR_WINDOW_GONE", field: "window" });

    const primary = new ScreenCapture({ display, monitor: "primary" });
    await using whole = await Input.open({ region: primary });
    await whole.move(799, 599);
    const other = new ScreenCapture({ display, monitor: "nonesuch" });
    await using none = await Input.open({ region: other });
    const missing = await none.move(1, 1).catch((error) => error);
    expect(missing).toMatchObject({ code: "ERR_MONITOR_NOT_FOUND", field: "monitor" });
  });
});
