// SPDX-License-Identifier: MPL-2.0
// Traces of a real screen: every frame as it was, and replayed as it was.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FrameSource, memoryUsage, ScreenCapture } from "../../src/index.ts";
import { readTrace, recordTrace, replayTrace } from "../../src/trace/index.ts";
import { Folder } from "../record/folder.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Scene } from "../support/scene.ts";
import { picturesOf, Screen } from "./pictures.ts";

const SOON = { timeoutMs: 10_000 };
/** Decisions that depend on the clock left out, so that stripes follow from the frames alone. */
const TIMELESS = { usePaintOverQuality: false, damageBlockThreshold: 0 };

let scene: Scene;
const folder = new Folder();
beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function screenPrint(): Promise<string> {
  const { rgb, width, height } = await scene.painter.grab();
  const screen = new Screen();
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      data[at * 4 + channel] = rgb[at * 3 + channel] as number;
    }
  }
  return screen.draw({ width, height, data, rectangles: [{ x: 0, y: 0, width, height }] }).print;
}

/** A trace of random painting, and the print of the screen after each of it. */
async function recordPainting(path: string, readStripes: boolean, steps: number) {
  const seed = seedOfRun();
  const next = random(seed);
  await using capture = new ScreenCapture({ display: scene.display, queueFrames: 1 });
  await capture.start(readStripes ? (stripe) => stripe.release() : undefined);
  await using recording = await recordTrace(capture, path);
  const expected = [await screenPrint()];
  for (let step = 0; step < steps; step++) {
    const { frames } = recording.stats();
    const [x, y] = [next(310), next(230)];
    const area = { x, y, width: 1 + next(320 - x), height: 1 + next(240 - y) };
    if (next(3) === 0) await scene.painter.fill(area, next(0x1000000));
    else await scene.painter.pattern(next(2) ? "photo" : "text", next(1000), area);
    const print = await screenPrint();
    if (print === expected.at(-1)) continue;
    await waitFor("the frame", () => recording.stats().frames > frames, 20_000).catch((error) => {
      throw new Error(`seed ${seed}, step ${step}`, { cause: error });
    });
    expected.push(print);
  }
  return { seed, expected, result: await recording.stop() };
}

describe.each([
  ["a callback reads", true],
  ["nobody reads", false],
])("while %s the stripes", (name, readStripes) => {
  test("every frame is the screen as it was, and is replayed so", async () => {
    const path = folder.file(`${name.replaceAll(" ", "-")}.pfx`);
    const { seed, expected, result } = await recordPainting(path, readStripes, 40);
    const { prints, timesUs } = await picturesOf(path);
    expect(prints, `seed ${seed}`).toEqual(expected);
    expect(timesUs).toEqual(timesUs.toSorted((a, b) => a - b));
    expect(timesUs[0]).toBe(0);
    expect(result).toMatchObject({ frames: prints.length, merged: 0, endedBy: "stop", path });
    expect(result.durationMs).toBe((timesUs.at(-1) as number) / 1000);
    expect(result.bytes).toBe(Bun.file(path).size);
    expect(memoryUsage().lentCount).toBe(0);

    // A trace of the replay has the same frames.
    await using replay = await replayTrace(path, { speed: "taken", requireEnd: true });
    await using capture = new ScreenCapture({ source: replay.source });
    await capture.start((stripe) => stripe.release());
    const again = folder.file("again.pfx");
    await using recording = await recordTrace(capture, again);
    expect(await replay.play()).toBe(prints.length);
    await recording.stop();
    expect((await picturesOf(again)).prints).toEqual(expected);
  }, 30_000);
});

describe("two replays give the same stripes", () => {
  let path = "";
  beforeAll(async () => {
    path = folder.file("stripes.pfx");
    await recordPainting(path, true, 15);
  });

  test.each([
    ["jpeg", { outputMode: "jpeg" } as const],
    ["jpeg, copies", { outputMode: "jpeg", stripeHeader: "extended" } as const],
    ["h264", { outputMode: "h264" } as const],
  ])("%s", async (_, codec) => {
    const stripesOf = async () => {
      await using replay = await replayTrace(path, { speed: "taken", loop: 2 });
      await using capture = new ScreenCapture({ source: replay.source, ...codec, ...TIMELESS });
      const stripes: string[] = [];
      let handedOutId = -1;
      capture.on("frame", ({ frameId }) => {
        handedOutId = frameId;
      });
      await capture.start((stripe) => {
        stripes.push(`${stripe.stripeYStart} ${stripe.codec} ${Bun.hash(stripe.payload)}`);
        stripe.release();
      });
      await replay.play();
      const { frameId = 0 } = await capture.waitForStable({ quietMs: 0, ...SOON });
      await waitFor("the last stripes", () => handedOutId >= frameId);
      await capture.stop();
      // Those of one frame come in the order in which they are ready.
      return stripes.toSorted();
    };
    const first = await stripesOf();
    expect(first.length).toBeGreaterThan(16);
    expect(await stripesOf()).toEqual(first);
  });
});

test("what is too fast is merged, in bounded memory, and ends as the screen", async () => {
  const path = folder.file("merged.pfx");
  await using capture = new ScreenCapture({ display: scene.display });
  await capture.start((stripe) => stripe.release());
  await scene.painter.prepare("video", 1);
  const recording = await recordTrace(capture, path, { level: 19, bufferBytes: 65_536 });
  const painting = scene.painter.run(1.5);
  let bufferBytesMax = 0;
  const timer = setInterval(() => {
    bufferBytesMax = Math.max(bufferBytesMax, memoryUsage().bufferBytes);
  }, 10);
  await painting;
  clearInterval(timer);
  const { merged, frames } = await recording.stop();
  expect(merged).toBeGreaterThan(0);
  expect(frames).toBeGreaterThan(1);
  // Two frames of 300 KB, one that waits and one that is packed, beside 8 MiB that are kept for stripes.
  expect(bufferBytesMax).toBeLessThan(2 ** 23 + 2 ** 21);
  expect((await picturesOf(path)).prints.at(-1)).toBe(await screenPrint());
}, 30_000);

test("another size is another frame", async () => {
  await using own = await Scene.start({ width: 400, height: 300 });
  await using capture = new ScreenCapture({ display: own.display });
  await capture.start();
  const path = folder.file("resized.pfx");
  const recording = await recordTrace(capture, path);
  await own.painter.screen(320, 200);
  await own.painter.pattern("photo", 1, { x: 0, y: 0, width: 320, height: 200 });
  await recording.stop();
  const { prints } = await picturesOf(path);
  expect(prints[0]).toStartWith("400x300 ");
  expect(prints.at(-1)).toStartWith("320x200 ");
  await using replay = await replayTrace(path, { speed: 1000 });
  expect(replay.source.width).toBe(400);
  await replay.play();
  expect(replay.source.width).toBe(320);
});

test("a replay keeps the times, and can be ended", async () => {
  const path = folder.file("timed.pfx");
  await using capture = new ScreenCapture({ display: "synthetic://320x200@60" });
  await capture.start((stripe) => stripe.release());
  const recording = await recordTrace(capture, path, { durationMs: 400 });
  const { endedBy, durationMs, frames } = await recording.finished;
  expect(endedBy).toBe("durationMs");
  expect(durationMs).toBeWithin(100, 401);
  await using replay = await replayTrace(path);
  const beginMs = performance.now();
  expect(await replay.play()).toBe(frames);
  expect(performance.now() - beginMs).toBeGreaterThanOrEqual(durationMs - 2);
  const abort = new AbortController();
  await using endless = await replayTrace(path, { loop: true, signal: abort.signal });
  const playing = endless.play().catch((error) => error);
  await waitFor("a second round", () => endless.frames > frames + 2);
  abort.abort("enough");
  expect(await playing).toBe("enough");
  const closed = await replayTrace(path, { loop: true });
  const ending = closed.play().catch((error) => error);
  await closed.close();
  expect((await ending).code).toBe("ERR_ABORTED");
});

test("a picture that never changes is replayed without end, and without haste", async () => {
  const path = folder.file("one.pfx");
  using source = new FrameSource({ width: 64, height: 64 });
  await using capture = new ScreenCapture({ source });
  await capture.start();
  const { frames } = await (await recordTrace(capture, path)).stop();
  expect(frames).toBe(1);
  const abort = new AbortController();
  await using endless = await replayTrace(path, { loop: true, signal: abort.signal });
  const beginMs = performance.now();
  const playing = endless.play().catch((error) => error);
  await waitFor("some rounds", () => endless.frames > 5);
  expect(endless.frames).toBeLessThanOrEqual(2 + (performance.now() - beginMs) / 16);
  abort.abort("enough");
  expect(await playing).toBe("enough");
});

describe("a trace ends", () => {
  test("with its size", async () => {
    const path = folder.file("sized.pfx");
    await using capture = new ScreenCapture({ display: "synthetic://640x480@60" });
    await capture.start((stripe) => stripe.release());
    const recording = await recordTrace(capture, path, { sizeBytesMax: 65_536, level: 1 });
    const { endedBy, bytes } = await recording.finished;
    expect(endedBy).toBe("sizeBytesMax");
    expect(bytes).toBe(Bun.file(path).size);
    expect((await picturesOf(path)).prints.length).toBe(recording.stats().frames);
  });

  test("with its capture, and with its signal", async () => {
    const capture = new ScreenCapture({ display: "synthetic://320x200@60" });
    await capture.start();
    const abort = new AbortController();
    const path = folder.file("ended.pfx");
    const first = await recordTrace(capture, path, { signal: abort.signal });
    const busy = await recordTrace(capture, folder.file("other.pfx")).catch((error) => error);
    expect(busy).toMatchObject({ code: "ERR_ALREADY_RUNNING", operation: "recordTrace" });
    abort.abort();
    expect((await first.finished).endedBy).toBe("stop");
    const second = await recordTrace(capture, path);
    await capture.stop();
    expect((await second.finished).endedBy).toBe("capture");
    const stopped = await recordTrace(capture, path).catch((error) => error);
    expect(stopped).toMatchObject({ code: "ERR_NOT_RUNNING", operation: "recordTrace" });
    expect((await picturesOf(path)).prints.length).toBeGreaterThan(0);
    expect(memoryUsage()).toMatchObject({ captureCount: 0, lentCount: 0, bufferBytes: 0 });
  });

  test("with a display that is lost", async () => {
    const own = await Scene.start();
    const capture = new ScreenCapture({ display: own.display });
    capture.on("error", () => undefined);
    await capture.start();
    const path = folder.file("lost.pfx");
    const told: unknown[] = [];
    const recording = await recordTrace(capture, path, { onError: (error) => told.push(error) });
    await own.server.kill();
    const error = await recording.finished.catch((e) => e);
    expect(error.code).toBe("ERR_DISPLAY_LOST");
    expect(told).toEqual([error]);
    expect((await picturesOf(path)).prints.length).toBe(1);
    await own[Symbol.asyncDispose]();
  });

  test("with a disk that is full, and is refused where there is none", async () => {
    await using capture = new ScreenCapture({ display: "synthetic://320x200@60" });
    await capture.start();
    const full = await recordTrace(capture, "/dev/full").catch((error) => error);
    expect(full.code).toBe("ERR_WRITE");
    const nowhere = join(folder.file("none"), "trace.pfx");
    const refused = await recordTrace(capture, nowhere).catch((error) => error);
    expect(refused).toMatchObject({ code: "ERR_WRITE", field: "path" });
    expect(refused.message).toEndWith("its folder does not exist: make it first (ENOENT)");
    for (const path of [nowhere, "/tmp"]) {
      const unread = await replayTrace(path).catch((error) => error);
      expect(unread).toMatchObject({ code: "ERR_TRACE", field: "path" });
    }
    const recording = await recordTrace(capture, folder.file("after.pfx"));
    await recording.stop();
  });
});

test("a recorder that is killed leaves every frame it has told of", async () => {
  await scene.painter.prepare("video", 2);
  const program = join(import.meta.dir, "killed-child.ts");
  for (let round = 0; round < 3; round++) {
    const path = folder.file(`killed-${round}.pfx`);
    const child = Bun.spawn([process.execPath, program, scene.display, path], {
      ...{ stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    });
    const painting = scene.painter.run(2);
    let told = 0;
    for await (const bytes of child.stdout) {
      told = Number(new TextDecoder().decode(bytes).trim().split("\n").at(-1));
      if (told > 5 + round * 7) break;
    }
    child.kill("SIGKILL");
    await child.exited;
    await painting;
    expect((await picturesOf(path)).prints.length).toBeGreaterThanOrEqual(told);
    const strict = async () => {
      for await (const _ of readTrace(path, { requireEnd: true }));
    };
    expect(strict()).rejects.toMatchObject({ code: "ERR_TRACE" });
    await using replay = await replayTrace(path, { speed: 1000 });
    expect(await replay.play()).toBeGreaterThanOrEqual(told);
  }
}, 60_000);
