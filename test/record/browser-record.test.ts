// SPDX-License-Identifier: MPL-2.0
// Chromium's <video> plays recordings: whole ones, growing ones, and what a stream got.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { ScreenCapture } from "../../src/index.ts";
import { record } from "../../src/record/index.ts";
import { Browser } from "../e2e/browser.ts";
import { Canvas, compare, expectAlike, isWithin } from "../support/canvas.ts";
import { durationOf, packetsOf } from "../support/movie.ts";
import { Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Collector } from "./collector.ts";
import { Folder } from "./folder.ts";

/** Decoders differ in how they make RGB of halved chroma; full range taken for limited is far off. */
const TOLERANCE = { mean: 2.5, psnr: 33 };

let browser: Browser;
let folder: Folder;
let screens: { photo: Canvas; gradient: Canvas };
let durationSeconds: Record<string, number>;

/** Longer than it takes until what has come to rest is refined. */
const REST_MS = 700;

/** Records a photo, then a gradient, to a file and to a stream. */
beforeAll(async () => {
  browser = await Browser.launch();
  folder = new Folder();
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 5);
  const collector = new Collector();
  const capture = new ScreenCapture({ display: server.display });
  const options = { fragmentMs: 200 };
  await using file = await record(capture, folder.file("whole.mp4"), options);
  await using stream = await record(capture, collector.stream, options);
  const photo = await painter.grab();
  // Of both: the stream's begins later.
  await waitFor("a second of it", () =>
    [file, stream].every((one) => one.stats().durationMs > 1200 && one.stats().frames > 1),
  );
  const { frames } = file.stats();
  // As after a kill at this moment.
  copyFileSync(folder.file("whole.mp4"), folder.file("growing.mp4"));
  await painter.pattern("gradient", 2);
  const gradient = await painter.grab();
  // It may come in parts, and is refined when it has come to rest.
  let last = { frames, atMs: performance.now() };
  await waitFor("the new picture, at rest", () => {
    const now = file.stats().frames;
    if (now !== last.frames) last = { frames: now, atMs: performance.now() };
    return now > frames + 1 && performance.now() - last.atMs > REST_MS;
  });
  const ends = { "whole.mp4": await file.stop(), "stream.mp4": await stream.stop() };
  await collector.save(folder.file("stream.mp4"));
  screens = { photo, gradient };
  durationSeconds = Object.fromEntries(
    Object.entries(ends).map(([name, { durationMs }]) => [name, durationMs / 1000]),
  );
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

/** A page with the video alone, from a server of its own. */
function serve(name: string): Bun.Server<undefined> {
  const html = `<!doctype html><video src="/video" muted></video>`;
  return Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    routes: {
      "/": new Response(html, { headers: { "content-type": "text/html" } }),
      "/video": () => new Response(Bun.file(folder.file(name))),
    },
    fetch: () => new Response(null, { status: 404 }),
  });
}

async function seek(page: Page, seconds: number): Promise<void> {
  await page.evaluate(async (seconds) => {
    const video = document.querySelector("video") as HTMLVideoElement;
    const sought = new Promise((resolve) => video.addEventListener("seeked", resolve));
    video.currentTime = seconds;
    await sought;
  }, seconds);
}

/** What the video shows. */
async function shown(page: Page): Promise<Canvas> {
  const { width, height, base64 } = await page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    const { videoWidth: width, videoHeight: height } = video;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    if (!context) throw new Error("no context");
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let binary = "";
    for (let at = 0; at < data.length; at += 0x8000) {
      binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
    }
    return { width, height, base64: btoa(binary) };
  });
  return Canvas.fromRgba(Buffer.from(base64, "base64"), width, height);
}

/** Seeks, and waits for the picture: on a busy machine it comes after the end of the seek is told. */
async function showsAt(page: Page, seconds: number, expected: Canvas, what: string): Promise<void> {
  await seek(page, seconds);
  let last = await shown(page);
  await waitFor(what, async () => {
    const isThere = isWithin(compare(expected, last), TOLERANCE);
    if (!isThere) last = await shown(page);
    return isThere;
  }).catch(() => expectAlike(expected, last, TOLERANCE, what));
}

/** Plays to the end; gives what the video says of itself then. */
function playThrough(page: Page) {
  return page.evaluate(async () => {
    const video = document.querySelector("video") as HTMLVideoElement;
    const ended = new Promise<void>((resolve, reject) => {
      video.addEventListener("ended", () => resolve());
      video.addEventListener("error", () => reject(new Error(video.error?.message)));
    });
    await video.play();
    await ended;
    const { duration, currentTime } = video;
    return { duration, currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames };
  });
}

describe.each(["whole.mp4", "stream.mp4", "growing.mp4"])("%s", (name) => {
  test("plays to its end, and shows the screen", async () => {
    const http = serve(name);
    const page = await browser.open(http.url);
    const { duration, currentTime, frames } = await playThrough(page);
    console.log(`${name}: ${duration} s, ${frames} frames`);
    const expected = await durationOf(folder.file(name));
    expect(duration).toBeCloseTo(expected, 1);
    expect(currentTime).toBeCloseTo(duration, 1);
    expect(frames).toBe((await packetsOf(folder.file(name))).length);
    if (name !== "growing.mp4") {
      expect(duration).toBeCloseTo(durationSeconds[name] as number, 0);
      await showsAt(page, duration - 0.01, screens.gradient, "the end");
    }
    await showsAt(page, 0.9, screens.photo, "the beginning");
    await page.close();
    await http.stop(true);
  });
});
