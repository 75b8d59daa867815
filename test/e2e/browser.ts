// SPDX-License-Identifier: MPL-2.0
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, firefox, type Page } from "playwright-core";
import { Canvas } from "../support/canvas.ts";

/** Which browser a test drives. */
export type BrowserName = "chromium" | "firefox";

/** A width of the window that the examples' pages have room in. */
const VIEWPORT = { width: 1400, height: 860 };

/** Names under which Debian, Ubuntu and others install them, the first found counts. */
const PROGRAMS: Record<BrowserName, readonly string[]> = {
  chromium: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  firefox: ["firefox-esr", "firefox"],
};

/** What Firefox counts as errors of the page, and tests bring about. */
const EXPECTED =
  /Firefox can’t establish a connection|interrupted while the page|blocked a worker script/;

/** A name that is this machine's, but is no secure context: as on plain http. */
export const PLAIN_HOST = "plain.test";

/**
 * No GPU, no sandbox (tests run as root in containers), and none of the
 * services that a browser asks the network for.
 */
const ARGUMENTS = [
  ..."--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync".split(" "),
  ..."--disable-background-networking --disable-component-update".split(" "),
  // What tests compare has to be what the page drew, not what a monitor's profile makes of it.
  "--force-color-profile=srgb",
  `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`,
];

/** The same for Firefox. */
const PREFERENCES = {
  "app.update.disabledForTesting": true,
  "browser.safebrowsing.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.getAddons.cache.enabled": false,
  "extensions.update.enabled": false,
  "gfx.color_management.mode": 0,
  // A page that reads a canvas waits for the worker that draws on it, which may be waiting for the
  // page: after this the read gives nothing, and both go on. The default is ten seconds.
  "gfx.offscreencanvas.snapshot-timeout-ms": 100,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.localDomains": PLAIN_HOST,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
};

function programPath(name: BrowserName): string {
  const variable = name.toUpperCase();
  // Ubuntu's snaps, which a shell that is no login shell may not have in its PATH.
  const { PATH } = process.env;
  const paths = PROGRAMS[name].map((program) => Bun.which(program, { PATH: `${PATH}:/snap/bin` }));
  const found = paths.find((path) => path !== null);
  const path = process.env[variable] ?? found;
  if (path === undefined || path === null) {
    throw new Error(
      `The browser tests need one of ${PROGRAMS[name].join(", ")} in PATH, or its path in ` +
        `${variable}. Run scripts/bootstrap --test, or: apt-get install ${PROGRAMS[name][0]}.`,
    );
  }
  return path;
}

/** Whether it is a snap, or the script with which Ubuntu starts one. */
async function isSnap(program: string): Promise<boolean> {
  if (realpathSync(program) === "/usr/bin/snap") return true;
  const head = await Bun.file(program).slice(0, 4096).text();
  return head.startsWith("#!") && head.includes("/snap/bin/");
}

/** A new folder for the browser's profile, where it can see it: a snap has a /tmp of its own. */
async function newProfile(name: BrowserName, program: string): Promise<string> {
  const parent = (await isSnap(program)) ? join(homedir(), "snap", name, "common") : tmpdir();
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, `pf-${name}-`));
}

function launch(
  name: BrowserName,
  executablePath: string,
  profile: string,
  display: string | undefined,
): Promise<BrowserContext> {
  if (display !== undefined) {
    const args = [...ARGUMENTS, "--ozone-platform=x11", "--window-position=0,0"];
    const env = { ...process.env, DISPLAY: display };
    const options = { executablePath, headless: false, viewport: null, env };
    return chromium.launchPersistentContext(profile, { ...options, args });
  }
  const options = {
    ...{ executablePath, headless: true, viewport: VIEWPORT },
    ignoreHTTPSErrors: true, // certificates of tests are signed by nobody
  };
  if (name === "chromium") {
    return chromium.launchPersistentContext(profile, { ...options, args: ARGUMENTS });
  }
  // The channel has Playwright speak WebDriver BiDi, which needs no Firefox of its own.
  const channel = "moz-firefox";
  const firefoxUserPrefs = PREFERENCES;
  return firefox.launchPersistentContext(profile, { ...options, channel, firefoxUserPrefs });
}

/** A browser with a profile of its own, which goes with it; headless but where it has a display. */
export class Browser implements AsyncDisposable {
  readonly context: BrowserContext;
  readonly name: BrowserName;
  readonly #profile: string;

  private constructor(name: BrowserName, context: BrowserContext, profile: string) {
    this.name = name;
    this.context = context;
    this.#profile = profile;
  }

  static launch(name: BrowserName = "chromium"): Promise<Browser> {
    return Browser.#launch(name, undefined);
  }

  /** Chromium with a window on an X display, as wide as that is. */
  static launchOn(display: string): Promise<Browser> {
    return Browser.#launch("chromium", display);
  }

  static async #launch(name: BrowserName, display: string | undefined): Promise<Browser> {
    const program = programPath(name);
    const profile = await newProfile(name, program);
    return new Browser(name, await launch(name, program, profile, display), profile);
  }

  /**
   * Opens a page; errors that it throws end up in the test's output.
   *
   * @param script - Runs in the page before anything of its own.
   */
  async open(url: URL | string, script?: string): Promise<Page> {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => {
      if (!EXPECTED.test(error.message)) console.error("page:", error);
    });
    if (script !== undefined) await page.addInitScript({ content: script });
    await page.goto(String(url));
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

/**
 * Reads the page's canvas back, at its own size, as sRGB. One that is drawn on in
 * a worker shows a frame a little after the player has counted it: wait for what
 * is to be seen.
 */
export async function readCanvas(page: Page): Promise<Canvas> {
  const { width, height, base64 } = await page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    if (!canvas) throw new Error("no canvas");
    const { width, height } = canvas;
    // A worker may have the canvas's control; its picture can be drawn all the same.
    const copy = new OffscreenCanvas(width, height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("no context");
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, width, height, { colorSpace: "srgb" });
    return { width, height, base64: new Uint8Array(data.buffer).toBase64() };
  });
  return Canvas.fromRgba(Buffer.from(base64, "base64"), width, height);
}

/** Gives every text that an element has had from this call on, words that soon went included. */
export async function textsOf(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const texts = await page.evaluateHandle((selector) => {
    const element = document.querySelector(selector) as Element;
    const texts: string[] = [];
    const watch = new MutationObserver(() => texts.push(element.textContent ?? ""));
    watch.observe(element, { childList: true, characterData: true, subtree: true });
    return texts;
  }, selector);
  return () => texts.jsonValue();
}
