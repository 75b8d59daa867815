// SPDX-License-Identifier: MPL-2.0
// Files that are no traces, or damaged ones: a typed error each, and the frames before the damage.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { PixelfluxError, ScreenCapture } from "../../src/index.ts";
import { readTrace, recordTrace, replayTrace } from "../../src/trace/index.ts";
import { Folder } from "../record/folder.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Screen } from "./pictures.ts";

const folder = new Folder();
const path = folder.file("damaged.pfx");
let whole = new Uint8Array(0);
let prints: string[] = [];
/** Where each record begins, and where the last one ends. */
const records: number[] = [];

beforeAll(async () => {
  await using capture = new ScreenCapture({ display: "synthetic://200x120@60" });
  await capture.start((stripe) => stripe.release());
  const recording = await recordTrace(capture, path, { durationMs: 200 });
  await recording.finished;
  whole = await Bun.file(path).bytes();
  prints = (await read()).prints;
  const view = new DataView(whole.buffer);
  for (let at = 32; at < whole.length; at += 48 + view.getUint32(at + 28, true)) records.push(at);
  expect(records.length).toBe(prints.length + 1);
});
afterAll(() => folder[Symbol.dispose]());

async function read(): Promise<{ prints: string[]; error: unknown }> {
  const screen = new Screen();
  const seen: string[] = [];
  try {
    for await (const frame of readTrace(path)) seen.push(screen.draw(frame).print);
    return { prints: seen, error: undefined };
  } catch (error) {
    return { prints: seen, error };
  }
}

/** Reads and replays other bytes: nothing but the frames before the damage, and a typed error. */
async function tryBytes(bytes: Uint8Array, what: string): Promise<unknown> {
  writeFileSync(path, bytes);
  const { prints: seen, error } = await read();
  expect(seen, what).toEqual(prints.slice(0, seen.length));
  if (error !== undefined) {
    expect(error, what).toBeInstanceOf(PixelfluxError);
    expect((error as PixelfluxError).code, what).toBe("ERR_TRACE");
  }
  const replayed = await replayAll().catch((e) => e);
  if (typeof replayed === "number") expect(replayed, what).toBe(seen.length);
  else expect(replayed.code, what).toBe("ERR_TRACE");
  expect(typeof replayed === "number", what).toBe(error === undefined && seen.length > 0);
  return error;
}

async function replayAll(): Promise<number> {
  await using replay = await replayTrace(path, { speed: 1000 });
  return await replay.play();
}

function changed(at: number, bytes: readonly number[]): Uint8Array {
  const copy = whole.slice();
  copy.set(bytes, at);
  return copy;
}

/** A change of a head, its checksum made right. */
function sealed(record: number, at: number, bytes: readonly number[]): Uint8Array {
  const copy = changed((records[record] as number) + at, bytes);
  const head = copy.subarray(records[record], (records[record] as number) + 44);
  new DataView(copy.buffer).setUint32((records[record] as number) + 44, crc32(head), true);
  return copy;
}

describe("is told with ERR_TRACE:", () => {
  test.each([
    ["an empty file", () => new Uint8Array(0)],
    ["half a header", () => whole.subarray(0, 20)],
    ["another kind of file", () => new TextEncoder().encode("<!doctype html>".repeat(10))],
    ["a version of tomorrow", () => changed(8, [2])],
    ["a header with another time", () => changed(17, [1, 2, 3])],
    ["no kind of record", () => sealed(1, 0, [1, 2, 3, 4])],
    ["a frame that is missing", () => sealed(1, 4, [9])],
    ["a frame before the first", () => sealed(2, 8, [0, 0, 0, 0, 0, 0, 0, 0])],
    ["a frame without pixels", () => sealed(0, 16, [0, 0])],
    ["a frame too wide", () => sealed(0, 16, [1, 0x40])],
    ["too many rectangles", () => sealed(0, 24, [0, 0, 1])],
    ["a bomb", () => sealed(0, 32, [255, 255, 255, 127])],
    ["more bytes than there could be", () => sealed(0, 28, [255, 255, 255, 127])],
    ["a frame smaller than its rectangles", () => sealed(0, 16, [100, 0])],
    ["another number of rectangles", () => sealed(0, 24, [2])],
    ["fewer bytes than it unpacks to", () => sealed(0, 32, [9])],
    ["an end of another number of frames", () => sealed(records.length - 1, 4, [77])],
    ["bytes behind the end", () => Uint8Array.of(...whole, 1)],
    [
      "a changed pixel",
      () =>
        changed((records[1] as number) + 60, [
          ~(whole[(records[1] as number) + 60] as number) & 255,
        ]),
    ],
  ])("%s", async (what, bytes) => {
    expect(await tryBytes(bytes(), what)).toBeDefined();
  });

  test("a file that is not there, and options that are none", async () => {
    const missing = await replayTrace(folder.file("missing.pfx")).catch((error) => error);
    expect(missing.code).toBe("ERR_TRACE");
    const wrong: [field: string, options: object][] = [
      ["speed", { speed: 0 }],
      ["loop", { loop: 1.5 }],
      ["signal", { signal: 1 }],
      ["requireEnd", { requireEnd: "no" }],
      ["fast", { fast: true }],
    ];
    for (const [field, options] of wrong) {
      expect((await replayTrace(path, options).catch((error) => error)).field).toBe(field);
    }
    const capture = new ScreenCapture();
    const refusals: [field: string, options: object][] = [
      ["durationMs", { durationMs: 0 }],
      ["sizeBytesMax", { sizeBytesMax: 5 }],
      ["bufferBytes", { bufferBytes: 2 ** 31 }],
      ["level", { level: 20 }],
      ["onError", { onError: 1 }],
      ["speed", { speed: 1 }],
    ];
    for (const [field, options] of refusals) {
      const error = await recordTrace(capture, path, options).catch((e) => e);
      expect(error.field).toBe(field);
    }
    expect((await recordTrace(capture, "").catch((e) => e)).field).toBe("path");
    expect((await recordTrace({} as never, path).catch((e) => e)).field).toBe("capture");
  });
});

test("cut off anywhere it has every whole frame", async () => {
  const cuts = records.flatMap((at) => [at, at + 1, at + 47, at + 48, at + 49]);
  for (const cut of cuts.filter((at) => at < whole.length)) {
    const error = await tryBytes(whole.subarray(0, cut), `cut at ${cut}`);
    expect(error).toBeUndefined();
    const frames = records.filter((at) => at <= cut).length - 1;
    expect((await read()).prints.length).toBe(Math.min(frames, prints.length));
  }
}, 30_000);

test("whatever is in it, nothing worse happens", async () => {
  const seed = seedOfRun();
  const next = random(seed);
  for (let round = 0; round < 300; round++) {
    const bytes = whole.slice(0, next(4) === 0 ? next(whole.length) : whole.length);
    for (let count = 1 + next(6); count > 0 && bytes.length > 0; count--) {
      // Heads are hit as often as pixels.
      const record = (records[next(records.length)] as number) + next(48);
      bytes[(next(2) ? record : next(bytes.length)) % bytes.length] = next(256);
    }
    await tryBytes(bytes, `seed ${seed}, round ${round}`);
  }
}, 60_000);
