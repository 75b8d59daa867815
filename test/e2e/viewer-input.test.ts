// SPDX-License-Identifier: MPL-2.0
// A person at the viewer page points and types on the screen that it shows.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Input } from "pixelflux-ffi/input";
import type { Page } from "playwright-core";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import { waitFor } from "../support/process.ts";
import { EventLog, TypedTerminal } from "../support/x-programs.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Browser } from "./browser.ts";
import { live, pictureBox } from "./viewer-stage.ts";

const TOKEN = "a token of the test";
const WIDTH = 800;
const HEIGHT = 300;

let xvfb: Xvfb;
let browser: Browser;
let input: Input;
let server: ScreenServer;

beforeAll(async () => {
  xvfb = await Xvfb.start({ width: WIDTH, height: HEIGHT });
  browser = await Browser.launch();
  input = await Input.open({ display: xvfb.display });
  const settings = { display: xvfb.display, outputMode: "jpeg" as const };
  server = new ScreenServer({ port: 0, settings, token: TOKEN, input });
}, 60_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await input?.close();
  await browser?.[Symbol.asyncDispose]();
  await xvfb?.[Symbol.asyncDispose]();
});

async function open(query: string): Promise<Page> {
  const page = await browser.open(
    new URL(`?token=${encodeURIComponent(TOKEN)}${query}`, server.url),
  );
  await live(page);
  return page;
}

/** Where on the page a pixel of the screen is. */
async function placeOf(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = await pictureBox(page);
  return [box.x + ((x + 0.5) * box.width) / WIDTH, box.y + ((y + 0.5) * box.height) / HEIGHT];
}

test("what is pointed arrives where it was pointed, with its buttons and wheel", async () => {
  await using log = await EventLog.start(xvfb.display);
  const page = await open("&input=1");
  await page.locator("canvas[data-input]").waitFor();
  for (const [x, y] of [
    [0, 0],
    [799, 299],
    [123, 45],
  ] as const) {
    log.clear();
    await page.mouse.move(...(await placeOf(page, x, y)));
    await page.mouse.click(...(await placeOf(page, x, y)), { button: "right" });
    await waitFor("the click", () => log.strokes === "+3 -3");
    for (const event of log.of("ButtonPress", "ButtonRelease"))
      expect(event).toMatchObject({ x, y });
  }
  log.clear();
  await page.mouse.down();
  await page.mouse.move(...(await placeOf(page, 300, 200)), { steps: 5 });
  await page.mouse.up();
  await waitFor("the drag", () => log.strokes === "+1 -1");
  expect(log.of("ButtonRelease")[0]).toMatchObject({ x: 300, y: 200 });
  expect(log.of("MotionNotify").at(-1)).toMatchObject({ x: 300, y: 200, state: 256 });
  log.clear();
  await page.mouse.wheel(0, 300);
  await page.mouse.wheel(-100, 0);
  await waitFor("the wheel", () => log.strokes === "+5 -5 +5 -5 +5 -5 +6 -6");
  await page.close();
});

test("what is typed arrives, by the characters, and nothing stays held", async () => {
  await using terminal = await TypedTerminal.start(xvfb.display);
  const page = await open("&input=1");
  await page.locator("canvas[data-input]").waitFor();
  await page.mouse.click(...(await placeOf(page, 50, 50)));
  const text = 'Hello, World! {"a": [1, 2]} ~`|\\';
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+c");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.insertText("ünïcode 漢字 😀"); // as an input method or a paste
  const expected = `${text}\r\x03\x1b[Aünïcode 漢字 😀`;
  await waitFor("the text", () => terminal.typed.length >= expected.length);
  expect(terminal.typed).toBe(expected);

  await page.keyboard.down("Shift");
  await page.keyboard.down("x");
  await page.keyboard.press("Escape"); // with Shift: leaves the screen, and releases
  await page.keyboard.press("s");
  expect(await page.locator("#statistics").isVisible()).toBe(true); // the page's own key again
  await page.close();
  await input.type("y"); // small: no Shift is held
  await waitFor("the letter", () => terminal.typed.endsWith("y"));
  expect(terminal.typed.replace(expected, "")).toMatch(/^(X|x)+y$/);
}, 30_000);

test("what an input method composes arrives once, as a text", async () => {
  await using terminal = await TypedTerminal.start(xvfb.display);
  const page = await open("&input=1");
  await page.locator("canvas[data-input]").waitFor();
  await page.mouse.click(...(await placeOf(page, 50, 50)));
  await page.keyboard.type("a");
  const session = await page.context().newCDPSession(page);
  for (const text of ["k", "か", "かん", "漢字"]) {
    const selection = { selectionStart: text.length, selectionEnd: text.length };
    await session.send("Input.imeSetComposition", { text, ...selection });
  }
  await session.send("Input.insertText", { text: "漢字" });
  await page.keyboard.type("b");
  await waitFor("the text", () => terminal.typed.endsWith("b"));
  expect(terminal.typed).toBe("a漢字b");
  await page.close();
});

test("what a viewer holds is released when it goes", async () => {
  await using log = await EventLog.start(xvfb.display);
  const page = await open("&input=1");
  await page.locator("canvas[data-input]").waitFor();
  await page.mouse.move(...(await placeOf(page, 50, 50)));
  await page.mouse.down();
  await page.keyboard.down("Control");
  await waitFor("the holds", () => log.strokes === "+1 +Control_L");
  await page.close();
  await waitFor("their release", () => log.strokes.includes("-Control_L"));
  expect(log.strokes.split(" ").sort()).toEqual(["+1", "+Control_L", "-1", "-Control_L"]);
});

test("a page that was not asked to does not, though the server lets it", async () => {
  await using log = await EventLog.start(xvfb.display);
  const page = await open("");
  await page.mouse.click(...(await placeOf(page, 50, 50)));
  await page.keyboard.type("abc");
  const after = await open("&input=1");
  await after.locator("canvas[data-input]").waitFor();
  await after.mouse.click(...(await placeOf(after, 60, 60)), { button: "middle" });
  await waitFor("the other page's click", () => log.strokes.includes("-2"));
  expect(log.strokes).toBe("+2 -2");
  await page.close();
  await after.close();
});
