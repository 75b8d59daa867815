// SPDX-License-Identifier: MPL-2.0
// A Chromium window, alone and covered: found, waited for, and captured to the pixel.
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { listWindows } from "../../src/index.ts";
import { Browser } from "../e2e/browser.ts";
import { waitFor } from "../support/process.ts";
import { XClient } from "../support/x-client.ts";
import { Xvfb } from "../support/xvfb.ts";
import { isSame, pictureOf, running, shows } from "./window-picture.ts";

const REST = { quietMs: 300, timeoutMs: 20_000 };

const paint = (page: Page, colour: string) =>
  page.evaluate((value) => {
    document.title = value;
    document.body.style.background = value;
  }, colour);

test("a browser's window is found, waited for, and seen under a cover", async () => {
  await using server = await Xvfb.start({ width: 900, height: 700 });
  const { display } = server;
  using client = await XClient.open(display);
  await using browser = await Browser.launchOn(display);
  const [page] = browser.context.pages() as [Page];
  await paint(page, "green");
  const window = await waitFor("its window", async () =>
    (await listWindows(display)).find(({ title, viewable }) => viewable && /green/.test(title)),
  );
  const part = { x: 20, y: window.height - 320, width: 400, height: 300 };
  await using capture = await running({
    ...{ display, window: window.id, captureX: part.x, captureY: part.y },
    ...{ captureWidth: part.width, captureHeight: part.height },
  });
  const truth = () =>
    client.grab(client.root, { ...part, x: window.x + part.x, y: window.y + part.y });
  await capture.waitForStable(REST);
  const green = await shows(capture, "the page", truth);

  const cover = await client.createWindow({ ...window, background: 0xff00ff });
  await client.map(cover);
  const middle = { x: part.width >> 1, y: part.height >> 1, width: 64, height: 64 };
  const changed = capture.waitForChange({ region: middle, timeoutMs: 20_000 });
  expect(isSame(await pictureOf(capture), green)).toBe(true);
  await paint(page, "blue");
  expect((await changed).rectangles).not.toBeEmpty();
  await capture.waitForStable(REST);
  const blue = await pictureOf(capture);
  expect(isSame(blue, green)).toBe(false);
  await client.unmap(cover);
  await shows(capture, "the page in blue", truth);
}, 60_000);
