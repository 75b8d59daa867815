// SPDX-License-Identifier: MPL-2.0
// The viewer page for everybody: by keyboard, by ear, on a phone, and from no other server.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { waitFor } from "../support/process.ts";
import { Browser } from "./browser.ts";
import { live, ViewerStage } from "./viewer-stage.ts";

let browser: Browser;
let stage: ViewerStage;
let page: Page;

beforeAll(async () => {
  browser = await Browser.launch();
  stage = new ViewerStage({ codecs: ["h264", "jpeg"], quality: "normal" });
  page = await browser.open(stage.url);
  await live(page);
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await browser?.[Symbol.asyncDispose]();
});

/** WCAG 2.1, 1.4.3, for text of any size. */
const CONTRAST_MIN = 4.5;
/** Of a finger, in CSS px: WCAG 2.1, 2.5.5. */
const TARGET_PX_MIN = 44;

/** The page's tree as screen readers get it. */
async function accessibilityTree() {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name }) => ({ role: String(role?.value), name: String(name?.value ?? "") }));
}

/** Names of all nodes of a role. */
async function namesOf(role: string): Promise<string[]> {
  return (await accessibilityTree()).filter((node) => node.role === role).map(({ name }) => name);
}

/** Runs with a part of the page open, and closes it again. */
async function withOpen(key: string, selector: string, work: () => Promise<void>): Promise<void> {
  await page.keyboard.press(key);
  await page.locator(selector).waitFor();
  try {
    await work();
  } finally {
    await page.keyboard.press(key === "?" ? "Escape" : key);
    await page.locator(selector).waitFor({ state: "hidden" });
  }
}

/** Runs while the server lets nobody in. */
async function withoutServer(work: () => Promise<void>): Promise<void> {
  stage.refusal = {
    status: 503,
    words: "as many viewers watch already as the server has room for",
  };
  stage.hangUp();
  await page.locator("#retry").waitFor();
  try {
    await work();
  } finally {
    stage.refusal = undefined;
    await live(page);
  }
}

test("every control has a name, and so have the parts", async () => {
  expect(await namesOf("radio")).toEqual(["Fit", "Fill", "1:1"]);
  expect(await namesOf("radiogroup").then((names) => names.length)).toBe(0);
  expect(await namesOf("group")).toContain("Picture size");
  expect(await namesOf("combobox")).toEqual(["Codec", "Quality"]);
  expect(await namesOf("button")).toEqual([
    ...["Refresh the picture", "Statistics", "Fullscreen", "Keyboard shortcuts"],
  ]);
  expect(await namesOf("heading")).toEqual(["Screen viewer"]);
  expect(await namesOf("status")).toHaveLength(1);
  expect(await page.locator("#state").getAttribute("role")).toBe("status");
  await withOpen("s", "#statistics", async () => {
    expect(await namesOf("complementary")).toEqual(["Statistics"]);
    expect(await namesOf("image")).toContain("Latency and bitrate over the last minute");
    // Figures that change each second must not be read out each second.
    expect(await namesOf("status")).toHaveLength(1);
  });
  await withOpen("?", "#help", async () => {
    expect(await namesOf("dialog")).toEqual(["Keyboard shortcuts"]);
    expect(await namesOf("button")).toContain("Close");
  });
  await withoutServer(async () => {
    expect(await namesOf("button")).toContain("Try now");
    expect(await namesOf("region")).toContain("Disconnected");
  });
});

test("the keyboard reaches every control, and each shows that it does", async () => {
  await page.keyboard.press("2"); // in which the picture can be moved
  await page.locator("body").evaluate(() => (document.activeElement as HTMLElement)?.blur());
  const reached: string[] = [];
  for (let count = 0; count < 8; count++) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(() => {
        const active = document.activeElement as HTMLInputElement;
        const shown = active.type === "radio" ? active.closest("label") : active;
        const { outlineStyle, outlineWidth } = getComputedStyle(shown ?? active);
        const ring = outlineStyle === "solid" ? outlineWidth : outlineStyle;
        return `${active.id || active.value} ${ring}`;
      }),
    );
  }
  const ids = ["fill", "codec", "quality", "keyframe", "statistics-toggle", "fullscreen"];
  expect(reached).toEqual([...ids, "help-open", "stage"].map((id) => `${id} 2px`));
  await page.keyboard.press("1");
});

describe("contrast is enough", () => {
  const parts: Record<string, (work: () => Promise<void>) => Promise<void>> = {
    bar: (work) => work(),
    statistics: (work) => withOpen("s", "#statistics", work),
    help: (work) => withOpen("?", "#help", work),
    notice: withoutServer,
  };

  test.each(["bar", "statistics", "help", "notice"])("in the %s", async (part) => {
    await parts[part]?.(expectContrast);
  });

  test("in fullscreen, over any picture", async () => {
    await page.keyboard.press("f");
    await waitFor("fullscreen", () => page.evaluate(() => document.fullscreenElement !== null));
    await withOpen("s", "#statistics", expectContrast);
    await page.keyboard.press("f");
    await waitFor("the window", () => page.evaluate(() => document.fullscreenElement === null));
  });
});

async function expectContrast(): Promise<void> {
  const ratios = await page.evaluate(contrasts);
  expect(ratios.length).toBeGreaterThan(5);
  expect(ratios.filter(({ ratio }) => ratio < CONTRAST_MIN)).toEqual([]);
}

/** Runs in the page: the contrast of each text that is shown, over white or black where that is lower. */
function contrasts(): { text: string; ratio: number }[] {
  const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (rgb: readonly number[]) => {
    const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element: Element): number[] => {
    for (let at: Element | null = element; at; at = at.parentElement) {
      const [red = 0, green = 0, blue = 0, alpha = 1] = channels(
        getComputedStyle(at).backgroundColor,
      );
      if (alpha > 0) return [red, green, blue, alpha];
    }
    return [255, 255, 255, 1];
  };
  const hasText = (element: Element) =>
    element.localName === "select" ||
    [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim(),
    );
  return [...document.body.querySelectorAll("*")]
    .filter(
      (element) => element.checkVisibility() && hasText(element) && element.localName !== "option",
    )
    .map((element) => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = groundOf(element);
      const text = luminance(channels(getComputedStyle(element).color).slice(0, 3));
      const worst = [0, 255].map((behind) => {
        const mixed = [red, green, blue].map((value) => value * alpha + behind * (1 - alpha));
        const ground = luminance(mixed);
        return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
      });
      const words = element.textContent?.trim().slice(0, 30) ?? "";
      return { text: `${element.localName} ${words}`, ratio: Math.min(...worst) };
    });
}

describe.each([
  [390, 844],
  [844, 390],
  [320, 568],
])("on a phone of %d×%d", (width, height) => {
  /** Nothing is wider than the window, and what can be touched is large enough and inside. */
  async function expectFits(): Promise<void> {
    const { overflow, boxes } = await page.evaluate(() => {
      const selector = "button, select, label:has(input)";
      const controls = [...document.querySelectorAll(selector)].filter((control) =>
        control.checkVisibility(),
      );
      return {
        overflow: document.documentElement.scrollWidth - innerWidth,
        boxes: controls.map((control) => {
          const { left, right, top, bottom } = control.getBoundingClientRect();
          return { what: control.id || control.textContent?.trim(), left, right, top, bottom };
        }),
      };
    });
    expect(overflow).toBe(0);
    expect(boxes.length).toBeGreaterThan(8);
    const isGood = ({ left, right, top, bottom }: (typeof boxes)[number]) =>
      Math.min(right - left, bottom - top) >= TARGET_PX_MIN - 0.01 &&
      left >= 0 &&
      right <= width &&
      top >= 0 &&
      bottom <= height;
    expect(boxes.filter((box) => !isGood(box))).toEqual([]);
  }

  test("all fits, and is large enough for a finger", async () => {
    const before = page.viewportSize();
    await page.setViewportSize({ width, height });
    await expectFits();
    await withOpen("s", "#statistics", expectFits);
    await withOpen("?", "#help", expectFits);
    await withoutServer(expectFits);
    const shown = await page.locator("#view").boundingBox();
    expect(shown?.height).toBeGreaterThan(height / 2); // the most of it is the picture's
    if (before) await page.setViewportSize(before);
  });
});

test("nothing moves for those who want it so", async () => {
  await using silent = new ViewerStage({ greets: false });
  const other = await browser.open(silent.url);
  const moving = () => other.evaluate(() => document.getAnimations().length);
  expect(await moving()).toBeGreaterThan(0);
  await other.emulateMedia({ reducedMotion: "reduce" });
  await waitFor("rest", async () => (await moving()) === 0);
  await other.close();
});

test("asks no other server for anything", async () => {
  const asked: URL[] = [];
  const other = await browser.open("about:blank");
  other.on("request", (request) => asked.push(new URL(request.url())));
  await other.goto(String(stage.url));
  await live(other);
  const remote = asked.filter(({ protocol }) => protocol.startsWith("http"));
  expect(remote.length).toBe(3); // page, style, script
  expect(remote.filter(({ origin }) => origin !== stage.url.origin)).toEqual([]);
  await other.close();
  let sizeBytes = 0;
  let packedBytes = 0;
  for (const url of remote) {
    const text = await (await fetch(url)).text();
    const addresses = text.match(/(https?|wss?):\/\/[\w.-]+/g) ?? [];
    expect(addresses.filter((address) => address !== "http://www.w3.org")).toEqual([]);
    sizeBytes += Buffer.byteLength(text);
    packedBytes += Bun.gzipSync(Buffer.from(text)).length;
  }
  console.log(`the page with style and script: ${sizeBytes} bytes, ${packedBytes} with gzip`);
});
