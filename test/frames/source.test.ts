// SPDX-License-Identifier: MPL-2.0
// A frame source's arguments, waits and ends. What it shows: picture.test.ts.
import { afterEach, describe, expect, test } from "bun:test";
import {
  FrameSource,
  memoryUsage,
  PixelfluxError,
  type PushedFrame,
  ScreenCapture,
} from "../../src/index.ts";
import { runSnippet, waitFor } from "../support/process.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyValue } from "../support/values.ts";
import { expectNothingLeft, rejection, startCounting } from "../unit/synthetic.ts";

afterEach(expectNothingLeft);

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;

const SIZE = { width: 8, height: 4 };
const PIXELS = new Uint8Array(8 * 4 * 4);

function refusal(run: () => unknown): PixelfluxError {
  try {
    run();
  } catch (error) {
    if (error instanceof PixelfluxError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("arguments", () => {
  const rect = { x: 0, y: 0, width: 1, height: 1 };
  const WRONG: [field: string, frame: unknown][] = [
    ["frame", undefined],
    ["frame", 5],
    ["width", { height: 4 }],
    ["width", { width: 0, height: 4 }],
    ["width", { width: 16385, height: 4 }],
    ["width", { width: 8.5, height: 4 }],
    ["height", { width: 8, height: "4" }],
    ["strideBytes", { ...SIZE, strideBytes: 31 }],
    ["strideBytes", { ...SIZE, strideBytes: 2 ** 31 }],
    ["rgba", { ...SIZE, strideBytes: 64 }],
    ["rgba", { width: 8, height: 5 }],
    ["rgba", { width: 4, height: 4 }],
    ["damage", { ...SIZE, damage: null }],
    ["damage", { ...SIZE, damage: Array(1025).fill(rect) }],
    ["damage.x", { ...SIZE, damage: { ...rect, x: 8 } }],
    ["damage.y", { ...SIZE, damage: { ...rect, y: -1 } }],
    ["damage.width", { ...SIZE, damage: { ...rect, x: 7, width: 2 } }],
    ["damage.height", { ...SIZE, damage: { ...rect, height: 0 } }],
    ["damage[1]", { ...SIZE, damage: [rect, 7] }],
    ["damage[1].width", { ...SIZE, damage: [rect, { ...rect, width: NaN }] }],
    ["damage[0]", { ...SIZE, damage: Array(2) }],
  ];

  test.each(WRONG)("a wrong %s is refused, and the picture stays: %j", (field, frame) => {
    using source = new FrameSource({ width: 3, height: 2 });
    const error = refusal(() => source.push(PIXELS, frame as PushedFrame));
    expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", operation: "push", field });
    expect(error.message).toContain(field);
    expect([source.width, source.height]).toEqual([3, 2]);
  });

  test("pixels have to be bytes", () => {
    using source = new FrameSource();
    const wrong = [null, undefined, 5, "", [], {}, new ArrayBuffer(128), new Uint16Array(64)];
    for (const rgba of wrong) {
      const error = refusal(() => source.push(rgba as Uint8Array, SIZE));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "rgba" });
    }
  });

  test("unknown ones are named", () => {
    using source = new FrameSource();
    const wrong = { ...SIZE, stride: 32 } as PushedFrame;
    const code = "ERR_UNKNOWN_SETTING";
    expect(refusal(() => source.push(PIXELS, wrong))).toMatchObject({ code, field: "stride" });
    const depth = { ...SIZE, depth: 24 };
    expect(refusal(() => new FrameSource(depth))).toMatchObject({ code, field: "depth" });
    expect(refusal(() => new FrameSource({ width: 1, height: 0 }))).toMatchObject({
      ...{ code: "ERR_INVALID_SETTING", operation: "new FrameSource", field: "height" },
    });
  });

  test("bytes are counted as they are, whatever an object says of itself", () => {
    using source = new FrameSource();
    const lying = new (class extends Uint8Array {
      override get byteLength() {
        return 128;
      }
      override get length() {
        return 128;
      }
    })(4);
    expect(refusal(() => source.push(lying, SIZE))).toMatchObject({ field: "rgba" });
    const detached = new Uint8Array(128);
    detached.buffer.transfer();
    expect(refusal(() => source.push(detached, SIZE))).toMatchObject({ field: "rgba" });
    const buffer = new ArrayBuffer(128, { maxByteLength: 128 });
    const shrunk = new Uint8Array(buffer);
    const shrinking = {
      ...SIZE,
      get damage() {
        buffer.resize(100);
        return undefined;
      },
    };
    expect(refusal(() => source.push(shrunk, shrinking))).toMatchObject({ field: "rgba" });
    expect(source.width).toBe(0);
  });

  test(`any value is taken, or refused by name ${label}`, async () => {
    const pick = random(seed);
    using source = new FrameSource({ width: 16, height: 16 });
    await using capture = new ScreenCapture({ source, targetFps: 240 });
    await startCounting(capture);
    const pixels = new Uint8Array(64 * 64 * 4 + 64);
    const seen = { taken: 0, refused: 0 };
    const odd = (value: unknown) => (pick(12) === 0 ? anyValue(pick) : value);
    for (const _ of rounds(20_000)) {
      const [width, height] = [1 + pick(64), 1 + pick(64)];
      const rect = () => ({
        ...{ x: odd(pick(width)), y: odd(pick(height)) },
        ...{ width: odd(1 + pick(9)), height: odd(1 + pick(9)) },
      });
      const damages = [undefined, rect(), [rect(), rect()], []];
      const strideBytes = width * 4 + pick(4) * pick(20);
      const frame = {
        ...{ width: odd(width), height: odd(height), strideBytes: odd(strideBytes) },
        damage: odd(damages[pick(4)]),
      };
      const length = strideBytes * (height - 1) + width * 4 - (pick(9) === 0 ? 1 + pick(8) : 0);
      const rgba = odd(pixels.subarray(0, Math.min(length, pixels.length)));
      try {
        source.push(rgba as Uint8Array, odd(frame) as PushedFrame);
        seen.taken += 1;
      } catch (error) {
        if (!(error instanceof PixelfluxError)) throw error;
        expect(["ERR_INVALID_SETTING", "ERR_UNKNOWN_SETTING"]).toContain(error.code);
        expect(error.message.length).toBeLessThan(1500);
        seen.refused += 1;
      }
    }
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(1000);
    source.push(PIXELS, SIZE);
    await waitFor("the last size", () => capture.width === SIZE.width);
  });
});

describe("as a setting", () => {
  test("it takes the place of the display", () => {
    using source = new FrameSource(SIZE);
    const { settings } = new ScreenCapture({ source, captureCursor: true });
    expect(settings).toMatchObject({ source, display: source.display });
    expect(new ScreenCapture(settings).settings).toEqual(settings);
    const both = refusal(() => new ScreenCapture({ source, display: ":5" }));
    expect(both).toMatchObject({ code: "ERR_INVALID_SETTING", field: "display" });
    expect(refusal(() => new ScreenCapture({ Source: source } as object)).message).toContain(
      "Did you mean source?",
    );
  });

  test("nothing else is one", () => {
    const pretender = Object.create(FrameSource.prototype);
    for (const source of [null, 5, "frames://1", {}, [], pretender, new Proxy(pretender, {})]) {
      const error = refusal(() => new ScreenCapture({ source }));
      expect(error).toMatchObject({ code: "ERR_INVALID_SETTING", field: "source" });
    }
  });

  test("it is fixed", () => {
    using source = new FrameSource(SIZE);
    using other = new FrameSource(SIZE);
    const code = "ERR_INVALID_SETTING";
    const capture = new ScreenCapture({ source });
    for (const change of [{ source: other }, { source: undefined }]) {
      expect(refusal(() => capture.update(change))).toMatchObject({ code, field: "source" });
    }
    expect(refusal(() => capture.update({ display: ":5" }))).toMatchObject({
      ...{ code, field: "display" },
    });
    capture.update({ source, display: undefined, jpegQuality: 5 });
    expect(capture.settings).toMatchObject({ source, display: source.display, jpegQuality: 5 });
    const screen = new ScreenCapture({ display: ":5" });
    expect(refusal(() => screen.update({ source }))).toMatchObject({ code, field: "source" });
  });
});

describe("taken()", () => {
  test("loses no picture to any capture", async () => {
    using source = new FrameSource(SIZE);
    const settings = { source, targetFps: 240, queueFrames: 1, usePaintOverQuality: false };
    await using jpeg = new ScreenCapture(settings);
    await using h264 = new ScreenCapture({ ...settings, outputMode: "h264" });
    const frames = [new Set<number>(), new Set<number>()];
    for (const [index, capture] of [jpeg, h264].entries()) {
      await capture.start((stripe) => {
        frames[index]?.add(stripe.frameId);
        stripe.release();
      });
    }
    for (let step = 1; step <= 50; step++) {
      source.push(PIXELS.fill(step * 5), SIZE);
      await source.taken();
    }
    await waitFor("51 pictures each", () => frames.every(({ size }) => size === 51));
    await source.taken();
  });

  test("waits for a reader, and for nobody else", async () => {
    using source = new FrameSource(SIZE);
    await source.taken();
    await using capture = new ScreenCapture({ source, queueFrames: 1 });
    await capture.start();
    const settled: string[] = [];
    const iterator = capture[Symbol.asyncIterator]();
    source.push(PIXELS.fill(1), SIZE);
    const first = source.taken().then(() => settled.push("first"));
    source.push(PIXELS.fill(2), SIZE);
    const second = source.taken().then(() => settled.push("second"));
    const aborted = rejection(source.taken({ signal: AbortSignal.timeout(20) }));
    expect(await aborted).toMatchObject({ name: "TimeoutError" });
    expect(settled).toEqual([]);
    while (settled.length < 2) {
      const { value } = await iterator.next();
      value?.release();
    }
    await Promise.all([first, second]);
    source.push(PIXELS.fill(3), SIZE);
    const third = source.taken();
    await capture.stop();
    await third;
  });

  test("ends with the source", async () => {
    const source = new FrameSource(SIZE);
    await using capture = new ScreenCapture({ source, queueFrames: 1 });
    await capture.start();
    source.push(PIXELS.fill(1), SIZE);
    source.push(PIXELS.fill(2), SIZE);
    const waiting = rejection(source.taken());
    source.close();
    source.close();
    expect(await waiting).toMatchObject({ code: "ERR_ABORTED", operation: "taken" });
    expect(await rejection(source.taken())).toMatchObject({ code: "ERR_RELEASED" });
    expect(refusal(() => source.push(PIXELS, SIZE))).toMatchObject({ code: "ERR_RELEASED" });
    expect(source.closed).toBe(true);
  });

  test.each([null, 5, { signal: 5 }, { signal: {} }, { timeoutMs: 5 }])(
    "refuses %j",
    async (options) => {
      using source = new FrameSource(SIZE);
      const error = await rejection(source.taken(options as object));
      expect(error).toBeInstanceOf(PixelfluxError);
      expect(error.operation).toBe("taken");
    },
  );
});

describe("ends", () => {
  test("start() waits for the first picture, and can be stopped before", async () => {
    using source = new FrameSource();
    const capture = new ScreenCapture({ source });
    const stopped = rejection(capture.start());
    await waitFor("the native start", () => memoryUsage().captureCount === 1);
    await capture.stop();
    expect(await stopped).toMatchObject({ code: "ERR_ABORTED" });
    await using another = new ScreenCapture({ source });
    const started = another.start();
    const shot = another.screenshot({ format: "raw" });
    source.push(PIXELS.fill(9), SIZE);
    await started;
    expect((await shot)[Symbol.dispose]).toBeFunction();
    (await shot).release();
    expect([another.width, another.height]).toEqual([8, 4]);
  });

  test("close() leaves captures with the last picture, and those without one fail", async () => {
    const source = new FrameSource();
    const waiting = rejection(new ScreenCapture({ source }).start());
    await waitFor("the native start", () => memoryUsage().captureCount === 1);
    source.close();
    expect(await waiting).toMatchObject({ code: "ERR_DISPLAY_OPEN", operation: "start" });

    const shown = new FrameSource(SIZE);
    await using capture = new ScreenCapture({ source: shown });
    const seen = await startCounting(capture);
    shown.push(PIXELS.fill(5), SIZE);
    shown.close();
    using shot = await capture.screenshot({ format: "raw" });
    expect([...shot.data.subarray(0, 4)]).toEqual([5, 5, 5, 255]);
    const before = seen.count;
    capture.requestKeyframe();
    await waitFor("the keyframe", () => seen.count > before);
    expect(memoryUsage().frameSourceCount).toBe(1);
    const late = new ScreenCapture({ source: shown });
    expect(await rejection(late.start())).toMatchObject({ code: "ERR_DISPLAY_OPEN" });
  });

  test("a region has to lie on the first picture, and is black where the next ends", async () => {
    using source = new FrameSource(SIZE);
    const outside = new ScreenCapture({ source, captureX: 8 });
    expect(await rejection(outside.start())).toMatchObject({ code: "ERR_REGION_OFF_SCREEN" });
    await using capture = new ScreenCapture({ source, captureWidth: 8, captureHeight: 4 });
    await startCounting(capture);
    source.push(PIXELS.fill(7).subarray(0, 5 * 4 * 2), { width: 5, height: 2 });
    using shot = await capture.screenshot({ format: "raw" });
    const reds = Array.from({ length: 32 }, (_, pixel) => shot.data[pixel * 4]);
    expect(reds).toEqual(reds.map((_, pixel) => (pixel % 8 < 5 && pixel < 16 ? 7 : 0)));
  });

  test("what is forgotten is collected, and what a capture shows is not", async () => {
    const child = await runSnippet(
      `import { FrameSource, memoryUsage, ScreenCapture } from "pixelflux-ffi";
      const count = () => memoryUsage().frameSourceCount;
      async function collect(expected) {
        for (let turn = 0; turn < 500 && count() > expected; turn++) {
          Bun.gc(true);
          await Bun.sleep(10);
        }
        console.log(count());
      }
      async function show() {
        const source = new FrameSource({ width: 8, height: 8 });
        const capture = new ScreenCapture({ source });
        await capture.start((stripe) => stripe.release());
        return () => capture;
      }
      for (let index = 0; index < 100; index++) new FrameSource({ width: 64, height: 64 });
      console.log(count());
      await collect(0);
      const shown = await show();
      for (let index = 0; index < 9; index++) Bun.gc(true);
      shown().settings.source.push(new Uint8Array(256), { width: 8, height: 8 });
      console.log(count());
      await shown().stop();`,
    );
    expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    expect(child.stdout.trim().split("\n")).toEqual(["100", "0", "1"]);
  });
});
