// SPDX-License-Identifier: MPL-2.0
// Single pictures of a screen: what they show, and that stripes go on as if there were none.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CaptureSettings,
  memoryUsage,
  monotonicUs,
  ScreenCapture,
  type Screenshot,
  type ScreenshotOptions,
} from "../../src/index.ts";
import { Canvas, expectAlike } from "../support/canvas.ts";
import { decodeJpegs, decodePngs } from "../support/decode.ts";
import { encodePng } from "../support/png.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { CODECS, region, Scene, setPointer } from "../support/scene.ts";

const EXACT = { max: 0 };
/** Quality 90, 4:4:4. */
const CLOSE = { psnr: 34 };
/** Blending rounds in another place than the test does. */
const BLENDED = { max: 1 };

const folder = mkdtempSync(join(tmpdir(), "pf-screenshot-"));
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.painter.pattern("photo", 3);
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A screenshot as its reader sees it; released. */
async function pictureOf(shot: Screenshot): Promise<Canvas> {
  using s = shot;
  if (s.format === "raw") return Canvas.fromRgba(s.data, s.width, s.height);
  const decode = s.format === "png" ? decodePngs : decodeJpegs;
  const [picture] = await decode([s.data.slice()]);
  return picture as Canvas;
}

async function take(capture: ScreenCapture, options: ScreenshotOptions = {}): Promise<Canvas> {
  return await pictureOf(await capture.screenshot({ format: "raw", ...options }));
}

function captureOf(settings: CaptureSettings = {}): ScreenCapture {
  return new ScreenCapture({ display: scene.display, jpegFullColor: true, ...settings });
}

/** The ways in which a capture may be when it is asked. */
const STATES: [name: string, begin: (capture: ScreenCapture) => Promise<void>][] = [
  ["stopped", async () => undefined],
  ["stopped again", (capture) => capture.start().then(() => capture.stop())],
  ["read by a callback", (capture) => capture.start((stripe) => stripe.release())],
  ["read by nobody", (capture) => capture.start()],
];

describe.each(STATES)("a capture that is %s", (_, begin) => {
  test.each(["png", "raw", "jpeg"] as const)("shows the screen as %s", async (format) => {
    await using capture = captureOf();
    await begin(capture);
    const beforeUs = monotonicUs();
    const shot = await capture.screenshot({ format });
    expect(shot).toMatchObject({ format, width: 320, height: 240 });
    expect(shot.timestamp).toBeGreaterThanOrEqual(beforeUs);
    expect(shot.timestamp).toBeLessThanOrEqual(monotonicUs());
    const expected = await scene.painter.grab();
    expectAlike(expected, await pictureOf(shot), format === "jpeg" ? CLOSE : EXACT);
  });

  test("shows a part of its own region", async () => {
    await using capture = captureOf(region({ x: 31, y: 17, width: 201, height: 155 }));
    await begin(capture);
    const options = { region: { x: 65, y: 33, width: 77, height: 49 } };
    const expected = await scene.painter.grab({ x: 96, y: 50, width: 77, height: 49 });
    expectAlike(expected, await take(capture, { ...options, format: "png" }), EXACT);
    expectAlike(expected, await take(capture, options), EXACT);
    const jpeg = await take(capture, { ...options, format: "jpeg", quality: 100 });
    expectAlike(expected, jpeg, CLOSE);
  });

  test("refuses a part that does not lie within its region", async () => {
    await using capture = captureOf(region({ x: 31, y: 17, width: 201, height: 155 }));
    await begin(capture);
    const beyond = { x: 200, y: 0, width: 2, height: 1 };
    const error = await capture.screenshot({ region: beyond }).catch((e) => e);
    expect(error).toMatchObject({ code: "ERR_REGION_OFF_SCREEN", field: "region" });
    expect(error.message).toContain("201x155");
  });

  test("shows what was painted a moment ago, whatever targetFps", async () => {
    await using capture = captureOf({ targetFps: 1 });
    await begin(capture);
    const beginMs = performance.now();
    for (let round = 1; round <= 10; round++) {
      const area = { x: round * 20, y: round * 13, width: 60, height: 7 };
      await scene.painter.fill(area, round * 0x102030);
      expectAlike(await scene.painter.grab(), await take(capture), EXACT, `round ${round}`);
    }
    // One a frame time would be ten seconds.
    expect(performance.now() - beginMs).toBeLessThan(8000);
  });
});

test("a stopped capture stays as it was", async () => {
  const capture = captureOf();
  const events: string[] = [];
  capture.on("stop", () => events.push("stop"));
  const taking = capture.screenshot({ format: "raw" });
  expect(capture.running).toBe(false);
  using shot = await taking;
  expect(shot.data.length).toBe(320 * 240 * 4);
  expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0, lentCount: 1 });
  expect(capture.stats().frames).toBe(0);
  expect(events).toEqual([]);
});

test("while a reader stalls, pictures are new and stripes wait", async () => {
  await using capture = captureOf({ queueFrames: 1 });
  await capture.start();
  await scene.painter.pattern("text", 5);
  await waitFor("the capture to hold back", async () => {
    await scene.painter.pixel(1, 1, Math.floor(Math.random() * 0x1000000));
    return capture.stats().heldBack > 0;
  });
  const { frames } = capture.stats();
  for (let round = 1; round <= 5; round++) {
    await scene.painter.pattern("gradient", round);
    expectAlike(await scene.painter.grab(), await take(capture, { format: "png" }), EXACT);
  }
  expect(capture.stats().frames).toBe(frames);
});

test("many at once are all answered", async () => {
  await using capture = captureOf();
  await capture.start((stripe) => stripe.release());
  const expected = await scene.painter.grab();
  const formats = ["png", "raw", "jpeg"] as const;
  const options = Array.from({ length: 20 }, (_, i) => ({
    format: formats[i % 3],
    region: { x: i, y: 2 * i, width: 100 + i, height: 50 },
  }));
  const shots = await Promise.all(options.map((each) => capture.screenshot(each)));
  for (const [index, shot] of shots.entries()) {
    const { region: part, format } = options[index] as (typeof options)[number];
    const want = expected.crop(part.x, part.y, part.width, part.height);
    expectAlike(want, await pictureOf(shot), format === "jpeg" ? CLOSE : EXACT);
  }
  expect(memoryUsage().lentCount).toBe(0);
});

test("any number at once of a capture that does not run are one capture", async () => {
  const capture = captureOf();
  const part = { x: 0, y: 0, width: 8, height: 8 };
  const taking = Array.from({ length: 80 }, () => take(capture, { region: part }));
  expect(memoryUsage().captureCount).toBe(1);
  capture.update({ captureX: 8 });
  taking.push(take(capture, { region: part })); // of another region
  expect(memoryUsage().captureCount).toBe(2);
  const expected = await scene.painter.grab();
  for (const [index, shot] of (await Promise.all(taking)).entries()) {
    expectAlike(expected.crop(index === 80 ? 8 : 0, 0, 8, 8), shot, EXACT);
  }
  expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0, lentCount: 0 });
});

test("one that cannot even begin is told of", async () => {
  const display = "synthetic://64x64@1";
  const others = Array.from({ length: 64 }, () => new ScreenCapture({ display }));
  await Promise.all(others.map((other) => other.start()));
  const one = new ScreenCapture({ display });
  await expect(one.screenshot()).rejects.toMatchObject({ code: "ERR_TOO_MANY_CAPTURES" });
  await Promise.all(others.map((other) => other.stop()));
});

test("the pointer and the watermark are drawn as over stripes", async () => {
  const watermarkPath = join(folder, "mark.png");
  writeFileSync(
    watermarkPath,
    encodePng(20, 10, () => [200, 40, 80, 255], { kind: "rgb" }),
  );
  const pixels = new Uint32Array(16 * 16).fill(0x80004000);
  const image = { width: 16, height: 16, hotX: 3, hotY: 2, pixels };
  await setPointer(scene.painter, join(folder, "pointer"), image);
  await using capture = captureOf({
    ...{ captureCursor: true, watermarkPath, watermarkLocation: "top-left" },
  });
  await capture.start();
  const grabbed = await scene.painter.grab();
  for (const [x, y] of [
    [50, 60],
    [200, 100],
    [310, 235],
  ] as const) {
    await scene.painter.pointer(x, y);
    const shown = await take(capture, { format: "png" });
    expectAlike(withOverlays(grabbed, x - image.hotX, y - image.hotY), shown, BLENDED);
    const part = { x: x - 30, y: y - 5, width: 35, height: 10 };
    const cut = await take(capture, { region: part });
    expectAlike(shown.crop(part.x, part.y, part.width, part.height), cut, EXACT);
  }
  capture.update({ captureCursor: false, watermarkLocation: "none" });
  expectAlike(grabbed, await take(capture), EXACT);
});

/** The mark in the corner, and the half transparent pointer's image at (left, top). */
function withOverlays(screen: Canvas, left: number, top: number): Canvas {
  const shown = screen.crop(0, 0, screen.width, screen.height);
  for (let y = 0; y < screen.height; y++) {
    for (let x = 0; x < screen.width; x++) {
      const at = (y * screen.width + x) * 3;
      if (x < 20 && y < 10) shown.rgb.set([200, 40, 80], at);
      if (x < left || x >= left + 16 || y < top || y >= top + 16) continue;
      for (const [channel, over] of [0, 0x40, 0].entries()) {
        shown.rgb[at + channel] = over + ((shown.rgb[at + channel] as number) * 127) / 255;
      }
    }
  }
  return shown;
}

test("a screen that changes its size is shown at its size", async () => {
  await using own = await Scene.start({ width: 400, height: 300 });
  await using capture = new ScreenCapture({ display: own.display });
  await capture.start((stripe) => stripe.release());
  for (const [width, height] of [
    [320, 200],
    [400, 300],
    [160, 120],
  ] as const) {
    await own.painter.screen(width, height);
    await own.painter.pattern("photo", width);
    const area = { x: 0, y: 0, width, height };
    expectAlike(await own.painter.grab(area), await take(capture), EXACT);
  }
});

test("asked for while the display is lost, it shows the one that comes back", async () => {
  const first = await Scene.start();
  const { display } = first;
  await using capture = new ScreenCapture({ display, reconnect: true });
  const lost = Promise.withResolvers<void>();
  capture.once("disconnect", () => lost.resolve());
  await capture.start((stripe) => stripe.release());
  await first.server.kill();
  await lost.promise;
  const taking = take(capture, { format: "png" });
  await using second = await Scene.start({ display });
  await second.painter.pattern("text", 4);
  // The first picture may be one of before the painting.
  await taking;
  expectAlike(await second.painter.grab(), await take(capture), EXACT);
}, 30_000);

test("a display that is lost for good fails what waits", async () => {
  const own = await Scene.start();
  const capture = new ScreenCapture({ display: own.display });
  const errors: unknown[] = [];
  capture.on("error", (error) => errors.push(error));
  await capture.start();
  process.kill(own.server.pid, "SIGSTOP");
  const taking = capture.screenshot().catch((error) => error);
  process.kill(own.server.pid, "SIGKILL");
  expect((await taking).code).toBe("ERR_DISPLAY_LOST");
  expect(errors).toHaveLength(1);
  const again = await capture.screenshot().catch((error) => error);
  expect(again.code).toBe("ERR_DISPLAY_OPEN");
});

test.each(["MIT-SHM", "DAMAGE"])("a server without %s is enough", async (extension) => {
  await using own = await Scene.start({ args: ["-extension", extension] });
  await own.painter.pattern("photo", 1);
  await using capture = new ScreenCapture({ display: own.display });
  await capture.start();
  for (let round = 0; round < 3; round++) {
    await own.painter.fill({ x: 10 * round, y: 5, width: 9, height: 80 }, 0x00ff00);
    expectAlike(await own.painter.grab(), await take(capture, { format: "png" }), EXACT);
  }
});

describe("stripes go on", () => {
  test.each(CODECS)(
    "%s",
    async (_, codec) => {
      const { seed, next } = seeded();
      // A refresh would mend what was lost.
      const full = {
        ...{ jpegFullColor: true, h264FullColor: true, usePaintOverQuality: false },
        ...{ jpegQuality: 95, h264Crf: 18 },
      };
      await using recorder = await scene.record({ ...codec, ...full });
      const taken: Promise<unknown>[] = [];
      for (let round = 0; round < 60; round++) {
        const [x, y] = [next(300), next(220)];
        const area = { x, y, width: 1 + next(320 - x), height: 1 + next(240 - y) };
        await scene.painter.pattern(next(2) ? "photo" : "text", next(1000), area);
        if (next(2)) taken.push(take(recorder.capture));
        if (next(4) === 0) await Promise.all(taken);
        if (round < 20 && next(8) === 0) recorder.capture.requestKeyframe();
      }
      await Promise.all(taken);
      const expected = await scene.painter.grab();
      expectAlike(expected, await take(recorder.capture), EXACT, `seed ${seed}`);
      await recorder.showsAtRest(expected, { max: 120, mean: 3.5, psnr: 33 }, `seed ${seed}`);
      expect(taken.length).toBeGreaterThan(5);
    },
    30_000,
  );
});

function seeded() {
  const seed = seedOfRun();
  return { seed, next: random(seed) };
}
