// SPDX-License-Identifier: MPL-2.0
// Each control of the viewer page, by mouse and by keyboard.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { waitFor } from "../support/process.ts";
import { Browser } from "./browser.ts";
import { HEIGHT, live, pictureBox, type StageOptions, ViewerStage, WIDTH } from "./viewer-stage.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await Browser.launch();
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});

/** A page that shows a stage's stream. */
async function open(options: StageOptions = {}) {
  const stage = new ViewerStage(options);
  const page = await browser.open(stage.url);
  await live(page);
  return {
    stage,
    page,
    [Symbol.asyncDispose]: async () => {
      await page.close();
      await stage[Symbol.asyncDispose]();
    },
  };
}

type Scale = "fit" | "fill" | "actual";
const KEYS = { fit: "1", fill: "2", actual: "3" } as const;

/** Ways to choose a size. */
const WAYS: Record<string, (page: Page, scale: Scale) => Promise<void>> = {
  mouse: (page, scale) => page.locator(`#scale label:has([value="${scale}"])`).click(),
  shortcut: (page, scale) => page.keyboard.press(KEYS[scale]),
  "arrow keys": async (page, scale) => {
    await page.locator("#scale :checked").focus();
    while ((await chosenScale(page)) !== scale) await page.keyboard.press("ArrowRight");
  },
};

function chosenScale(page: Page): Promise<string> {
  return page.locator("#scale :checked").inputValue();
}

async function stageBox(page: Page) {
  return (await page.locator("#stage").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
}

/** Both boxes have the same middle. */
function expectCentred(inner: Box, outer: Box): void {
  expect(Math.abs(inner.x + inner.width / 2 - outer.x - outer.width / 2)).toBeLessThan(1);
  expect(Math.abs(inner.y + inner.height / 2 - outer.y - outer.height / 2)).toBeLessThan(1);
}

type Box = Awaited<ReturnType<typeof stageBox>>;

describe.each(Object.keys(WAYS))("the picture's size, by %s", (way) => {
  const choose = WAYS[way] as NonNullable<(typeof WAYS)[string]>;

  test.each([
    [1400, 860],
    [700, 700],
    [900, 300],
  ])("in a window of %d×%d", async (width, height) => {
    await using opened = await open();
    const { page } = opened;
    await page.setViewportSize({ width, height });
    const room = await stageBox(page);
    const [across, down] = [room.width / WIDTH, room.height / HEIGHT];

    await choose(page, "actual");
    const actual = await pictureBox(page);
    expect(actual).toMatchObject({ width: WIDTH, height: HEIGHT });

    await choose(page, "fit");
    const fit = await pictureBox(page);
    expect(fit.width).toBeCloseTo(WIDTH * Math.min(across, down), 0);
    expect(fit.height).toBeCloseTo(HEIGHT * Math.min(across, down), 0);
    expectCentred(fit, room);

    await choose(page, "fill");
    const fill = await pictureBox(page);
    expect(fill.width).toBeCloseTo(WIDTH * Math.max(across, down), 0);
    expect(fill.height).toBeCloseTo(HEIGHT * Math.max(across, down), 0);
    expectCentred(fill, room);
    expect(await chosenScale(page)).toBe("fill");
  });
});

test("1:1 is of the monitor's pixels, and sharp", async () => {
  await using opened = await open();
  const { page } = opened;
  const rendering = () =>
    page.locator("#screen").evaluate((canvas) => getComputedStyle(canvas).imageRendering);
  expect(await rendering()).toBe("auto");
  await page.keyboard.press("3");
  expect(await pictureBox(page)).toMatchObject({ width: WIDTH, height: HEIGHT });
  expect(await rendering()).toBe("pixelated");
  const session = await page.context().newCDPSession(page);
  const metrics = { width: 700, height: 430, deviceScaleFactor: 2, mobile: false }; // zoomed
  await session.send("Emulation.setDeviceMetricsOverride", metrics);
  await waitFor("half the size", async () => (await pictureBox(page)).width === WIDTH / 2);
  expect(await rendering()).toBe("pixelated");
});

test("a picture that is larger than the window is moved by dragging, and by arrow keys", async () => {
  await using opened = await open();
  const { page } = opened;
  await page.setViewportSize({ width: 420, height: 320 });
  const stage = page.locator("#stage");
  expect(await stage.getAttribute("tabindex")).toBe("-1"); // nothing to move yet
  await page.keyboard.press("3");
  const room = await stageBox(page);
  const before = await pictureBox(page);
  expectCentred(before, room);
  await page.mouse.move(200, 250);
  await page.mouse.down();
  await page.mouse.move(260, 230, { steps: 4 });
  await page.mouse.up();
  const dragged = await pictureBox(page);
  expect(dragged.x - before.x).toBeCloseTo(60, 0);
  expect(dragged.y - before.y).toBeCloseTo(-20, 0);
  await page.mouse.move(300, 200); // let go: it stays
  expect(await pictureBox(page)).toEqual(dragged);
  await stage.focus();
  await page.keyboard.press("ArrowRight");
  await waitFor("it to move", async () => (await pictureBox(page)).x < dragged.x);
});

test("the size and the statistics are remembered", async () => {
  await using opened = await open();
  const { page } = opened;
  await page.keyboard.press("3");
  await page.keyboard.press("s");
  await page.reload();
  await live(page);
  expect(await chosenScale(page)).toBe("actual");
  expect(await pictureBox(page)).toMatchObject({ width: WIDTH, height: HEIGHT });
  expect(await page.locator("#statistics").isVisible()).toBe(true);
  await page.evaluate(() => localStorage.setItem("pixelflux-ffi.viewer", "{broken"));
  await page.reload();
  await live(page);
  expect(await chosenScale(page)).toBe("fit");
});

describe.each(["mouse", "keyboard"])("by %s", (way) => {
  /** Presses a button of the bar: with the mouse, or with its shortcut. */
  async function use(page: Page, id: string): Promise<void> {
    const button = page.locator(`#${id}`);
    const key = (await button.getAttribute("aria-keyshortcuts")) ?? "";
    if (way === "mouse") await button.click();
    else await page.keyboard.press(key);
  }

  test("fullscreen; the bar goes while the pointer rests", async () => {
    await using opened = await open();
    const { page } = opened;
    const isFull = () => page.evaluate(() => document.fullscreenElement !== null);
    const opacity = () => page.locator("#bar").evaluate((bar) => getComputedStyle(bar).opacity);
    await use(page, "fullscreen");
    await waitFor("fullscreen", isFull);
    await page.locator('#fullscreen[aria-pressed="true"]').waitFor();
    await waitFor("the picture to have it all", async () => {
      const { y, height } = await stageBox(page);
      return y === 0 && height === (await page.evaluate(() => innerHeight));
    });
    await waitFor("the bar to fade", async () => (await opacity()) === "0");
    await page.mouse.move(300, 300);
    await page.mouse.move(320, 310);
    await waitFor("the bar to be back", async () => (await opacity()) === "1");
    await use(page, "fullscreen");
    await waitFor("the window again", async () => !(await isFull()));
    await page.locator('#fullscreen[aria-pressed="false"]').waitFor();
  });

  test("statistics, drawn only while they are shown", async () => {
    await using opened = await open({ codecs: ["h264"] });
    const { page } = opened;
    const panel = page.locator("#statistics");
    const text = async (id: string) => (await page.locator(`#${id}`).textContent()) ?? "";
    // The first second is over when the player knows its round trip; nothing has been written.
    await waitFor("some seconds", () => opened.stage.heard.filter(isPing).length > 2);
    expect(await panel.isVisible()).toBe(false);
    expect(await text("fps")).toBe("–");
    expect(await graphPixels(page)).toBe(0);
    await use(page, "statistics-toggle");
    expect(await panel.isVisible()).toBe(true);
    await waitFor("the figures", async () => Number(await text("latency")) > 0);
    expect(Number(await text("fps"))).toBeGreaterThan(0);
    expect(Number(await text("rate"))).toBeGreaterThan(0);
    expect(Number(await text("stripes"))).toBeGreaterThan(0);
    expect(Number(await text("round-trip"))).toBeGreaterThan(0);
    expect(await text("size")).toBe(`${WIDTH} × ${HEIGHT}`);
    expect(await text("mode")).toBe("H.264");
    expect(["Hardware", "Software"]).toContain(await text("decoder"));
    expect(["A worker", "The page"]).toContain(await text("thread"));
    expect(await graphPixels(page)).toBeGreaterThan(300);
    expect(await page.locator("#statistics-toggle").getAttribute("aria-pressed")).toBe("true");
    await use(page, "statistics-toggle");
    expect(await panel.isVisible()).toBe(false);
  });

  test("a keyframe", async () => {
    await using opened = await open();
    const { page, stage } = opened;
    stage.heard.length = 0;
    await use(page, "keyframe");
    await waitFor("the request", () => stage.heard.some(({ type }) => type === "keyframe"));
  });

  test("help, which names every shortcut, and keeps them from acting", async () => {
    await using opened = await open();
    const { page } = opened;
    const help = page.locator("#help");
    await use(page, "help-open");
    expect(await help.isVisible()).toBe(true);
    const keys = await page.locator("[aria-keyshortcuts]").evaluateAll((controls) => {
      return controls.map((control) => control.getAttribute("aria-keyshortcuts") ?? "");
    });
    expect((await help.locator("kbd").allTextContents()).sort()).toEqual(keys.sort());
    await page.keyboard.press("s");
    expect(await page.locator("#statistics").isVisible()).toBe(false);
    if (way === "mouse") await help.getByRole("button").click();
    else await page.keyboard.press("Escape");
    expect(await help.isVisible()).toBe(false);
    await use(page, "help-open");
    await page.mouse.click(5, 400); // beside it
    expect(await help.isVisible()).toBe(false);
  });

  /** Chooses of a list: as a script of the mouse's, or by typing the word's beginning. */
  async function choose(page: Page, id: string, value: string, word: string): Promise<void> {
    if (way === "mouse") {
      await page.locator(`#${id}`).selectOption(value);
      return;
    }
    await page.locator(`#${id}`).focus();
    await page.keyboard.type(word);
    await page.keyboard.press("Enter");
  }

  test("the codec", async () => {
    await using opened = await open({ codecs: ["h264", "jpeg"] });
    const { page, stage } = opened;
    const state = page.locator("#state");
    expect(await state.textContent()).toBe(`${WIDTH} × ${HEIGHT}, H.264`);
    expect(await page.locator("#codec option").allTextContents()).toEqual([
      ...["Auto", "H.264", "JPEG"],
    ]);
    await choose(page, "codec", "jpeg", "J");
    await waitFor("JPEG", async () => (await state.textContent())?.endsWith("JPEG"));
    expect(stage.addresses.at(-1)?.searchParams.get("codec")).toBe("jpeg");
    await live(page);
    await choose(page, "codec", "h264", "H");
    await waitFor("H.264", async () => (await state.textContent())?.endsWith("H.264"));
    await live(page);
    expect(await page.locator("#codec").inputValue()).toBe("h264");
  });

  test("the quality", async () => {
    await using opened = await open({ quality: "normal" });
    const { page, stage } = opened;
    expect(await page.locator("#quality").inputValue()).toBe("normal");
    await choose(page, "quality", "low", "L");
    await waitFor("the request", () =>
      stage.heard.some((message) => message.type === "quality" && message.quality === "low"),
    );
    // Somebody else has chosen.
    stage.tell({ type: "screen", width: WIDTH, height: HEIGHT, mode: "jpeg", quality: "high" });
    await waitFor(
      "the other's choice",
      async () => (await page.locator("#quality").inputValue()) === "high",
    );
  });
});

test("what the server leaves no choice of is not there", async () => {
  await using opened = await open({ codecs: ["jpeg"] });
  const { page } = opened;
  expect(await page.locator("#codec").isVisible()).toBe(false);
  expect(await page.locator("#quality").isVisible()).toBe(false);
});

test("shortcuts do not act while a list has the keyboard, or with a modifier", async () => {
  await using opened = await open({ codecs: ["h264", "jpeg"] });
  const { page } = opened;
  await page.locator("#codec").focus();
  for (const key of ["s", "3", "?"]) await page.keyboard.press(key);
  await page.locator("#keyframe").focus();
  for (const key of ["Control+s", "Alt+3"]) await page.keyboard.press(key);
  expect(await page.locator("#statistics").isVisible()).toBe(false);
  expect(await page.locator("#help").isVisible()).toBe(false);
  expect(await chosenScale(page)).toBe("fit");
  await page.keyboard.press("s"); // a button has no use for it
  expect(await page.locator("#statistics").isVisible()).toBe(true);
});

function isPing({ type }: { type: string }): boolean {
  return type === "ping";
}

/** Pixels of the graph that something is drawn on. */
function graphPixels(page: Page): Promise<number> {
  return page.locator("#graph").evaluate((graph: HTMLCanvasElement) => {
    const context = graph.getContext("2d");
    const { data } = context?.getImageData(0, 0, graph.width, graph.height) ?? { data: [] };
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
  });
}
