// SPDX-License-Identifier: MPL-2.0
import { type Browser, chromium, type Page } from "playwright-core";
import type { Stage } from "./filmed.ts";

/** The application that is tested: a list of what is to be done. */
const APPLICATION = `<!doctype html>
<meta charset="utf-8">
<title>To do</title>
<style>
  body { background: rgb(20, 120, 60); color: white; font: 28px sans-serif; margin: 48px }
  input, button { font: inherit; padding: 8px 16px }
</style>
<h1>To do</h1>
<form><input aria-label="New task" autofocus><button>Add</button></form>
<ul></ul>
<script>
  document.forms[0].addEventListener("submit", (event) => {
    event.preventDefault();
    const input = document.querySelector("input");
    const item = document.createElement("li");
    item.textContent = input.value;
    document.querySelector("ul").append(item);
    input.value = "";
  });
</script>`;

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Playwright types so slowly that a film shows it. */
const KEY_DELAY_MS = 20;

/** Starts a browser whose window fills the stage; there is no window manager to do it. */
async function launch({ environment, width, height }: Stage): Promise<Browser> {
  const { CHROMIUM } = process.env;
  const executablePath = CHROMIUM ?? PROGRAMS.map((name) => Bun.which(name)).find(Boolean);
  if (!executablePath) throw new Error("no Chromium: install it, or name it in CHROMIUM");
  return await chromium.launch({
    executablePath,
    headless: false,
    chromiumSandbox: process.getuid?.() !== 0, // as root, which CI often is, there is none
    env: { ...process.env, ...environment },
    args: ["--window-position=0,0", `--window-size=${width},${height}`, "--disable-gpu"],
  });
}

async function add(page: Page, task: string): Promise<void> {
  await page.getByLabel("New task").pressSequentially(task, { delay: KEY_DELAY_MS });
  await page.getByRole("button", { name: "Add" }).click();
}

/**
 * One test of the application in a browser.
 *
 * @param expected - how many tasks the list is to have in the end; it has two.
 * @throws Error where it has not.
 */
export async function scenario(stage: Stage, expected: number): Promise<void> {
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch: () => new Response(APPLICATION, { headers: { "content-type": "text/html" } }),
  });
  stage.after.defer(() => server.stop(true));
  const browser = await launch(stage);
  stage.after.defer(() => browser.close());
  const page = await browser.newPage({ viewport: null });
  await page.goto(server.url.href);
  await add(page, "record the run");
  await add(page, "look at the film");
  const count = await page.locator("li").count();
  if (count !== expected) throw new Error(`${expected} tasks expected, ${count} are there`);
}
