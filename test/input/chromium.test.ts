// SPDX-License-Identifier: MPL-2.0
// What a page in a Chromium window gets of what is pointed and typed.
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Input } from "pixelflux-ffi/input";
import type { Page } from "playwright-core";
import { Browser } from "../e2e/browser.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { EXACT_TEXT, manyCharacters } from "./texts.ts";

const PAGE = `<!doctype html><meta charset=utf-8>
<style>body { margin: 0 } textarea { width: 100%; height: 300px } #drag { width: 50px; height: 50px; background: red }</style>
<textarea id=text></textarea><div id=drag draggable=true>drag</div><div id=drop style="height:100px">drop</div>
<script>
  events = [];
  for (const name of ["keydown", "keyup", "click", "dblclick", "contextmenu", "wheel", "dragstart", "drop"])
    addEventListener(name, (e) => events.push({ name, key: e.key, code: e.code, x: e.clientX, y: e.clientY,
      target: e.target.id, modifiers: [e.ctrlKey, e.shiftKey, e.altKey, e.metaKey].map(Number).join("") }));
  addEventListener("contextmenu", (e) => e.preventDefault());
  addEventListener("dragover", (e) => e.preventDefault());
  addEventListener("drop", (e) => e.preventDefault());
</script>`;

interface PageEvent {
  readonly name: string;
  readonly key?: string;
  readonly code?: string;
  readonly x?: number;
  readonly y?: number;
  readonly target: string;
  /** Ctrl, Shift, Alt and Meta, 1 where they are down. */
  readonly modifiers: string;
}

let xvfb: Xvfb;
let browser: Browser;
let page: Page;
let input: Input;
/** Where the page is on the screen. */
let origin: { x: number; y: number };

beforeAll(async () => {
  xvfb = await Xvfb.start({ width: 1000, height: 700 });
  browser = await Browser.launchOn(xvfb.display);
  [page] = browser.context.pages() as [Page];
  await page.setContent(PAGE);
  input = await Input.open({ display: xvfb.display });
  // Where the pointer is on the page, and on the screen.
  await page.evaluate(() => {
    document.addEventListener("mousemove", ({ clientX, clientY }) => {
      document.title = `${clientX},${clientY}`;
    });
  });
  const told = async () => (await page.title()).split(",").map(Number) as [number, number];
  const [, before] = await waitFor("the pointer", async () => {
    await input.move(500 + Math.floor(Math.random() * 9), 400);
    const place = await told();
    return place.length === 2 ? place : undefined;
  });
  // Of the last move, and not of one before it.
  await input.move(600, 300);
  const [x, y] = await waitFor("the last move", async () => {
    const place = await told();
    return place[1] === before - 100 ? place : undefined;
  });
  origin = { x: 600 - x, y: 300 - y };
}, 60_000);

afterAll(async () => {
  await input?.close();
  await browser?.[Symbol.asyncDispose]();
  await xvfb?.[Symbol.asyncDispose]();
});

/** The middle of an element, on the screen. */
async function middleOf(selector: string): Promise<{ x: number; y: number }> {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`no ${selector}`);
  const { x, y } = origin;
  return {
    x: Math.round(x + box.x + box.width / 2),
    y: Math.round(y + box.y + box.height / 2),
  };
}

const events = () => page.evaluate(() => (globalThis as unknown as { events: PageEvent[] }).events);

beforeEach(async () => {
  const { x, y } = await middleOf("#text");
  await input.click(x, y);
  await waitFor("the focus", async () => (await events()).some(({ name }) => name === "click"));
  await page.evaluate(() => {
    (globalThis as unknown as { events: PageEvent[] }).events.length = 0;
  });
  await page.fill("#text", "");
});

async function expectText(text: string): Promise<void> {
  const value = () => page.inputValue("#text");
  await waitFor("the text", async () => (await value()).length >= text.length).catch(
    () => undefined,
  );
  expect(await value()).toBe(text);
}

test("a long mixed text arrives exactly", async () => {
  const text = EXACT_TEXT.replaceAll("\t", " "); // Tab goes to the next field
  await input.type(text);
  await expectText(text);
  await page.fill("#text", "");
  const many = manyCharacters(100);
  await input.type(many);
  await expectText(many);
}, 60_000);

test("keys are what they are called", async () => {
  await input.type("one two");
  await input.key("ctrl+shift+left");
  await input.key("Delete");
  await input.type("three");
  await input.key("ctrl+A");
  await input.key("ctrl+c");
  await input.key("End");
  await input.key("enter");
  await input.key("ctrl+v");
  await expectText("one three\none three");
  await input.key("f8");
  await input.key("alt+shift+cmd+j");
  const downs = await waitFor("the keys", async () => {
    const downs = (await events()).filter(({ name }) => name === "keydown");
    return downs.at(-1)?.code === "KeyJ" ? downs : undefined;
  });
  expect(downs.find(({ key }) => key === "F8")).toMatchObject({ code: "F8", modifiers: "0000" });
  expect(downs.at(-1)).toMatchObject({ modifiers: "0111" });
});

test("clicks, the wheel and dragging arrive where they are", async () => {
  const drag = await middleOf("#drag");
  const drop = await middleOf("#drop");
  await input.click(drag.x, drag.y, { count: 2 });
  await input.click(drop.x, drop.y, { button: "right", modifiers: ["shift"] });
  await input.scroll(0, 1, drop);
  await input.drag(drag, drop);
  const all = await waitFor("the drop", async () => {
    const all = await events();
    return all.some(({ name }) => name === "drop") ? all : undefined;
  });
  const of = (name: string) => all.filter((event) => event.name === name);
  expect(of("dblclick")).toMatchObject([
    { target: "drag", x: drag.x - origin.x, y: drag.y - origin.y },
  ]);
  expect(of("contextmenu")).toMatchObject([{ target: "drop", modifiers: "0100" }]);
  expect(of("wheel")).toMatchObject([{ target: "drop" }]);
  expect(of("dragstart")).toMatchObject([{ target: "drag" }]);
  expect(of("drop")).toMatchObject([{ target: "drop" }]);
});
