// SPDX-License-Identifier: MPL-2.0
// The stream as Selkies' web client reads it, by the format's description alone: none of our own
// readers is used.
import { expect, test } from "bun:test";
import { Canvas, expectAlike } from "../support/canvas.ts";
import { decodeH264, decodeJpegs } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { Scene } from "../support/scene.ts";
import { serve, watch } from "./serve.ts";

const SIZE = { width: 321, height: 241 };
/** Longer than it takes until what has come to rest is refreshed. */
const REST_MS = 700;

/** What the client takes a message for: `03 00 · u16 frame · u16 y`, then a JPEG. */
function readJpeg(bytes: Uint8Array) {
  expect([...bytes.subarray(0, 2)]).toEqual([3, 0]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { frame: view.getUint16(2), y: view.getUint16(4), payload: bytes.subarray(6) };
}

/** `04 · type · u16 frame · u16 y · u16 width · u16 height`, then an access unit in Annex B. */
function readH264(bytes: Uint8Array) {
  expect(bytes[0]).toBe(4);
  expect([0, 1, 2]).toContain(bytes[1] as number);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    isKeyframe: bytes[1] === 1,
    frame: view.getUint16(2),
    y: view.getUint16(4),
    width: view.getUint16(6),
    height: view.getUint16(8),
    payload: bytes.subarray(10),
  };
}

test("JPEG stripes are placed by their header, and their own size", async () => {
  await using scene = await Scene.start(SIZE);
  await scene.painter.pattern("photo", 3);
  await using served = serve({ display: scene.display, outputMode: "jpeg", jpegFullColor: true });
  const { stripes, told } = await watch(served.url);
  await waitFor("a frame", () => told.some(({ type }) => type === "end"));
  const canvas = new Canvas(SIZE.width, SIZE.height);
  for (const bytes of stripes) {
    const { y, payload } = readJpeg(bytes);
    const [picture] = await decodeJpegs([payload]);
    if (picture) canvas.lay(picture, 0, y);
  }
  expectAlike(await scene.painter.grab(), canvas, { mean: 3, psnr: 34 });
});

test("H.264 stripes are streams by their row, begun by a keyframe, clipped to their size", async () => {
  await using scene = await Scene.start(SIZE);
  await scene.painter.pattern("photo", 3);
  await using served = serve({ display: scene.display, outputMode: "h264" });
  const { stripes, told } = await watch(served.url);
  await waitFor("a frame", () => told.some(({ type }) => type === "end"));
  const before = stripes.length;
  await scene.painter.pattern("photo", 4);
  let last = { count: before, atMs: performance.now() };
  await waitFor("the change, at rest", () => {
    const count = stripes.length;
    if (count !== last.count) last = { count, atMs: performance.now() };
    return count > before && performance.now() - last.atMs > REST_MS;
  });
  const rows = Map.groupBy(stripes.map(readH264), ({ y }) => y);
  const canvas = new Canvas(SIZE.width, SIZE.height);
  for (const [y, stream] of rows) {
    const [first] = stream;
    if (first === undefined) continue;
    expect(first.isKeyframe).toBe(true);
    const payloads = stream.map(({ payload }) => payload);
    const [picture] = await decodeH264(payloads, { lastOnly: true });
    if (picture) canvas.lay(picture, 0, y, first.width, first.height);
  }
  expectAlike(await scene.painter.grab(), canvas, { mean: 4, psnr: 32 });
});
