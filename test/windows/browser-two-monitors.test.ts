// SPDX-License-Identifier: MPL-2.0
// examples/two-monitors, as its README tells it: one page, a canvas for each monitor.
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Browser } from "../e2e/browser.ts";
import { Canvas, compare } from "../support/canvas.ts";
import { rootPath, waitFor } from "../support/process.ts";
import { XClient } from "../support/x-client.ts";
import { xrandr } from "../support/x-program.ts";
import { Xvfb } from "../support/xvfb.ts";

const SERVER = join(rootPath, "examples", "two-monitors", "server.ts");

/** The picture on the canvas of a monitor. */
async function readMonitor(page: Page, name: string): Promise<Canvas> {
  const { width, height, base64 } = await page.evaluate((title) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`canvas[title="${title}"]`);
    if (!canvas) throw new Error("no canvas");
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("no context");
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, width, height, { colorSpace: "srgb" });
    return { width, height, base64: new Uint8Array(data.buffer).toBase64() };
  }, name);
  return Canvas.fromRgba(Buffer.from(base64, "base64"), width, height);
}

test("both monitors on one page", async () => {
  await using screen = await Xvfb.start();
  const { display } = screen;
  await xrandr(display, "--setmonitor", "right", "320/80x240/60+320+0", "none");
  await xrandr(display, "--setmonitor", "left", "320/80x300/75+0+0", "screen");
  using client = await XClient.open(display);
  await client.fill(client.root, { x: 0, y: 0, width: 320, height: 480 }, 0x305090);
  await client.fill(client.root, { x: 320, y: 0, width: 320, height: 480 }, 0x90a030);

  const child = Bun.spawn([process.execPath, SERVER], {
    env: { ...process.env, DISPLAY: display, PORT: "0", PIXELFLUX_TOKEN: undefined },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const { value = new Uint8Array() } = await child.stdout.getReader().read();
    const [, names, url = ""] = /^Watch (.+) at (\S+)$/m.exec(Buffer.from(value).toString()) ?? [];
    expect(names?.split(", ").sort()).toEqual(["left", "right"]);
    await using browser = await Browser.launch();
    const page = await browser.open(url);
    const titles = await waitFor("the canvases", async () => {
      const found = await page.$$eval("canvas", (all) => all.map(({ title }) => title));
      return found.length === 2 && found;
    });
    expect(titles).toEqual(["left", "right"]);
    const shows = (name: string, x: number, height: number) =>
      waitFor(`what is on the ${name} one`, async () => {
        const picture = await readMonitor(page, name);
        if (picture.width !== 320 || picture.height !== height) return false;
        const truth = await client.grab(client.root, { x, y: 0, width: 320, height });
        return compare(truth, picture).psnr > 32;
      });
    await shows("left", 0, 300);
    await shows("right", 320, 240);
    await client.fill(client.root, { x: 340, y: 20, width: 200, height: 150 }, 0xf0f0f0);
    await shows("right", 320, 240);
    expect(await page.textContent("figcaption")).toBe("left: live");
  } finally {
    child.kill();
    await child.exited;
  }
}, 60_000);
