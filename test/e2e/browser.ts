// SPDX-License-Identifier: MPL-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { Canvas } from "../support/canvas.ts";

/** Names under which Debian, Ubuntu and others install Chromium, the first found counts. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * No GPU, no sandbox (tests run as root in containers), and none of the
 * services that a browser asks the network for.
 */
const ARGUMENTS = [
  ..."--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync".split(" "),
  ..."--disable-background-networking --disable-component-update".split(" "),
  // What tests compare has to be what the page drew, not what a monitor's profile makes of it.
  "--force-color-profile=srgb",
];

function browserPath(): string {
  const { CHROMIUM } = process.env;
  const path = CHROMIUM ?? BROWSERS.map((name) => Bun.which(name)).find((found) => found !== null);
  if (path === undefined || path === null) {
    throw new Error(
      `The browser tests need one of ${BROWSERS.join(", ")} in PATH, or its path in CHROMIUM. ` +
        "Run scripts/bootstrap --test, or: apt-get install chromium.",
    );
  }
  return path;
}

/** A headless Chromium with a profile of its own, which goes with it. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async launch(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "pf-chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: browserPath(),
      args: ARGUMENTS,
      headless: true,
      viewport: { width: 1400, height: 860 },
    });
    return new Browser(context, profile);
  }

  /** Opens a page; errors that it throws end up in the test's output. */
  async open(url: URL | string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on("pageerror", (error) => console.error("page:", error));
    await page.goto(String(url));
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

/** Reads the page's canvas back, at its own size, as sRGB. */
export async function readCanvas(page: Page): Promise<Canvas> {
  const { width, height, base64 } = await page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) throw new Error("no canvas");
    const { width, height } = canvas;
    const { data } = context.getImageData(0, 0, width, height, { colorSpace: "srgb" });
    let binary = "";
    for (let at = 0; at < data.length; at += 0x8000) {
      binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
    }
    return { width, height, base64: btoa(binary) };
  });
  const rgba = Buffer.from(base64, "base64");
  const canvas = new Canvas(width, height);
  for (let from = 0, to = 0; to < canvas.rgb.length; from += 4, to += 3) {
    canvas.rgb.set(rgba.subarray(from, from + 3), to);
  }
  return canvas;
}
