// SPDX-License-Identifier: MPL-2.0
// Screens that change their size while they are captured (RandR), and several captures meanwhile.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings, ResizeEvent } from "../../src/index.ts";
import { Canvas, compare, type Difference, isWithin, type Tolerance } from "../support/canvas.ts";
import { expectCover } from "../support/decode.ts";
import type { Area, Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import type { Recorder } from "../support/recorder.ts";
import { region, Scene } from "../support/scene.ts";

/** Of a smooth picture; a row that is stale or black is off by 60 and more, and 10 of 200 cost
 * 8 dB. The hard edge between screen and black costs some, too. */
const TOLERANCE: Tolerance = { psnr: 31, mean: 4 };

/** The screen as it should be seen through a region: black where there is no screen. */
async function through(painter: Painter, screen: Area, area: Area): Promise<Canvas> {
  const canvas = new Canvas(area.width, area.height);
  const width = Math.min(area.width, screen.width - area.x);
  const height = Math.min(area.height, screen.height - area.y);
  if (width > 0 && height > 0) {
    canvas.lay(await painter.grab({ x: area.x, y: area.y, width, height }), 0, 0);
  }
  return canvas;
}

/** Waits until a client that began with the last change of size would show `expected`. */
async function showsAfterResize(
  recorder: Recorder,
  expected: Canvas,
  words: string,
): Promise<void> {
  let last: Difference | string = "no picture";
  const look = async () => {
    await recorder.quiet(150);
    const { width, height } = expected;
    // From the last complete frame of this size on: what is older belongs to another size.
    const frames = [...Map.groupBy(recorder.stripes, ({ frameId }) => frameId).values()];
    const begin = frames.findLast((stripes) => {
      const rows = stripes.reduce((sum, stripe) => sum + stripe.height, 0);
      return rows === height && stripes.every((it) => it.width === width && it.keyframe);
    });
    if (begin === undefined) return false;
    expectCover(begin, width, height);
    const first = recorder.stripes.indexOf(begin[0] as (typeof begin)[number]);
    recorder.stripes.splice(0, first);
    last = compare(expected, await recorder.show());
    return isWithin(last, TOLERANCE);
  };
  await waitFor("the client's picture", look, 20_000).catch((error) => {
    throw new Error(`${words}: ${JSON.stringify(last)}`, { cause: error });
  });
}

async function resize(scene: Scene, width: number, height: number, seed: number): Promise<Area> {
  await scene.painter.screen(width, height);
  const area = { x: 0, y: 0, width, height };
  await scene.painter.pattern("photo", seed, area);
  return area;
}

const START = { width: 400, height: 300 };

const SIZES = [
  [320, 200],
  [64, 33],
  [399, 300],
  [1, 1],
  [400, 299],
] as const;

const FOLLOWING: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 full frame, 4:4:4", { outputMode: "h264", h264FullFrame: true, h264FullColor: true }],
];

describe.each(FOLLOWING)("%s", (_, settings) => {
  test("a region without a size follows the screen", async () => {
    await using scene = await Scene.start(START);
    await scene.painter.pattern("photo", 1);
    const events: ResizeEvent[] = [];
    await using recorder = await scene.record(settings);
    recorder.capture.on("resize", (size) => events.push(size));
    await recorder.quiet(100);
    for (const [width, height] of SIZES) {
      const screen = await resize(scene, width, height, width);
      const expected = await scene.painter.grab(screen);
      await showsAfterResize(recorder, expected, `${width}×${height}`);
      expect(events.at(-1)).toEqual({ width, height });
      expect([recorder.capture.width, recorder.capture.height]).toEqual([width, height]);
    }
    expect(recorder.errors).toEqual([]);
  }, 30_000);

  test("an explicit region keeps its size, and is black where there is no screen", async () => {
    await using scene = await Scene.start(START);
    await scene.painter.pattern("photo", 1);
    const area = { x: 31, y: 20, width: 301, height: 203 };
    const events: ResizeEvent[] = [];
    await using recorder = await scene.record({ ...settings, ...region(area) });
    recorder.capture.on("resize", (size) => events.push(size));
    await recorder.quiet(100);
    for (const [width, height] of SIZES) {
      const known = events.length;
      const screen = await resize(scene, width, height, width);
      await waitFor("the event", () => events.length > known);
      const expected = await through(scene.painter, screen, area);
      await showsAfterResize(recorder, expected, `${width}×${height}`);
      expect(events.at(-1)).toEqual({ width: area.width, height: area.height });
    }
    expect(recorder.errors).toEqual([]);
  }, 30_000);
});

test("two hundred random sizes in quick succession, while pictures move", async () => {
  const seed = seedOfRun();
  console.log(`random sizes: PF_SEED=${seed}`);
  const next = random(seed);
  await using scene = await Scene.start(START);
  await scene.painter.pattern("photo", 1);
  const area = { x: 50, y: 40, width: 250, height: 180 };
  await using follower = await scene.record({ outputMode: "h264", targetFps: 240 });
  await using fixed = await scene.record({ targetFps: 240, ...region(area) });
  let screen: Area = scene.area;
  for (let round = 0; round < 200; round++) {
    screen = await resize(scene, 1 + next(400), 1 + next(300), round);
    for (let i = 0; i < next(4); i++) {
      await scene.painter.pattern("photo", next(1000), screen);
      if (next(3) === 0) follower.capture.requestKeyframe();
      if (next(3) === 0) fixed.capture.requestKeyframe();
      if (next(2) === 0) await Bun.sleep(next(15));
    }
  }
  const words = `PF_SEED=${seed}, ${screen.width}×${screen.height}`;
  await showsAfterResize(follower, await scene.painter.grab(screen), words);
  await showsAfterResize(fixed, await through(scene.painter, screen, area), words);
  expect([...follower.errors, ...fixed.errors]).toEqual([]);
}, 60_000);

test("a screen that shrinks and grows back at once, again and again", async () => {
  await using scene = await Scene.start(START);
  const large = `screen ${START.width} ${START.height}`;
  const small = `screen ${START.width - 10} ${START.height - 20}`;
  await using whole = await scene.record({ targetFps: 240 });
  await using part = await scene.record({
    ...{ targetFps: 240, outputMode: "h264" },
    ...region({ x: 10, y: 0, width: 300, height: 300 }),
  });
  // What is asked of a screen of one size may be refused by that of the other.
  for (let round = 0; round < 40; round++) {
    const lines = Array.from({ length: 5 }, (_, i) => [
      ...[small, `fill 0 0 300 200 ${(round * 5 + i) * 7919}`],
      ...[large, `fill 0 0 400 300 ${(round * 5 + i) * 1047}`],
    ]).flat();
    whole.capture.requestKeyframe();
    part.capture.requestKeyframe();
    await Promise.all(lines.map((line) => scene.painter.command(line)));
    expect([...whole.errors, ...part.errors]).toEqual([]);
  }
  await scene.painter.pattern("photo", 9);
  await showsAfterResize(whole, await scene.painter.grab(), "the whole screen");
}, 60_000);

test("stripes behind a resize event are of the new size", async () => {
  await using scene = await Scene.start(START);
  await using recorder = await scene.record({ queueFrames: 16, targetFps: 240 });
  const announced: [width: number, index: number][] = [];
  recorder.capture.on("resize", ({ width }) => announced.push([width, recorder.stripes.length]));
  await recorder.quiet(100);
  for (const width of [200, 300, 100]) {
    const painted = scene.painter.pattern("photo", width);
    const resized = scene.painter.screen(width, 200);
    // Meanwhile stripes of the old size queue up, and those of the new one behind them.
    Bun.sleepSync(200);
    await Promise.all([painted, resized]);
    await recorder.quiet(100);
    const first = recorder.stripes.findIndex((stripe) => stripe.width === width);
    expect(announced.at(-1)).toEqual([width, first]);
  }
});

test("captures of two displays in all codecs, while one of the screens changes", async () => {
  await using changing = await Scene.start(START);
  await using still = await Scene.start({ width: 320, height: 240 });
  await changing.painter.pattern("photo", 1);
  await still.painter.pattern("photo", 2);
  const area = { x: 40, y: 30, width: 200, height: 150 };
  const everything: CaptureSettings[] = [
    { outputMode: "jpeg", jpegFullColor: true },
    { outputMode: "h264" },
    { outputMode: "h264", h264FullFrame: true },
    { outputMode: "h264", h264FullColor: true, stripeHeight: 48, ...region(area) },
  ];
  await using disposal = new AsyncDisposableStack();
  const start = async (scene: Scene) => {
    const recorders = await Promise.all(everything.map((settings) => scene.record(settings)));
    for (const recorder of recorders) disposal.use(recorder);
    return recorders;
  };
  const [there, here] = await Promise.all([start(changing), start(still)]);
  const known = () => here.map(({ stripes }) => stripes.length);
  for (const recorder of here) await recorder.quiet(300);
  const before = known();
  let screen: Area = changing.area;
  for (const [width, height] of SIZES.slice(0, 3)) {
    screen = await resize(changing, width, height, height);
    await changing.painter.pattern("photo", width, screen);
  }
  for (const [index, recorder] of there.entries()) {
    const isFixed = recorder.capture.settings.captureWidth !== undefined;
    const seen = isFixed ? area : screen;
    const expected = await through(changing.painter, screen, seen);
    await showsAfterResize(recorder, expected, `changing display, capture ${index}`);
  }
  // The others have noticed nothing, and go on.
  expect(known()).toEqual(before);
  await still.painter.pattern("photo", 3);
  for (const [index, recorder] of here.entries()) {
    const seen = recorder.capture.settings.captureWidth === undefined ? still.area : area;
    const expected = await still.painter.grab(seen);
    await recorder.showsAtRest(expected, TOLERANCE, `still display, capture ${index}`);
    expect(recorder.errors).toEqual([]);
  }
}, 60_000);
