// SPDX-License-Identifier: MPL-2.0
// What the benchmark makes of a recording: rectangles, copies, and when an update is seen.
import { describe, expect, test } from "bun:test";
import { playBack } from "../../bench/analysis.ts";
import { Composite } from "../../bench/composite.ts";
import { accessUnitStarts, jpegStarts } from "../../bench/ffmpeg-tool.ts";
import { drawingsOf, type Luma } from "../../bench/pictures.ts";
import type { RecordedArrival, Recording } from "../../bench/recording.ts";
import { Painter, type Update } from "../support/painter.ts";
import { requireTool } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";

const width = 320;
const height = 192;

type Place = Pick<RecordedArrival, "x" | "y" | "width" | "height">;

function arrival(type: RecordedArrival["type"], frameId: number, place: Place): RecordedArrival {
  return { arrivalNs: 0, type, frameId, ...place, offset: 0, size: 0 };
}

function grey(place: { width: number; height: number }, value: number): Luma {
  const bytes = new Uint8Array(place.width * place.height).fill(value);
  return { width: place.width, height: place.height, bytes };
}

/** The picture's rows, as the values at their first pixel. */
function rowsOf(picture: Luma): number[] {
  return Array.from({ length: picture.height }, (_, y) => picture.bytes[y * picture.width] ?? -1);
}

/** A composite of rows that are all different. */
function stairs(rows: number): Composite {
  const picture = new Composite(4, rows);
  for (let y = 0; y < rows; y++) {
    const place = { x: 0, y, width: 4, height: 1 };
    picture.draw({ arrival: arrival("jpeg", 0, place), picture: grey(place, y) });
  }
  return picture;
}

function copy(frameId: number, sourceY: number, y: number, rows: number): RecordedArrival {
  const place = { x: 0, y, width: 4, height: rows };
  return { ...arrival("copy", frameId, place), sourceX: 0, sourceY };
}

describe("a composite", () => {
  test("a rectangle covers its pixels and no other", () => {
    const picture = new Composite(4, 3);
    const place = { x: 1, y: 1, width: 2, height: 1 };
    picture.draw({ arrival: arrival("jpeg", 0, place), picture: grey(place, 9) });
    expect([...picture.bytes]).toEqual([0, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0]);
  });

  test("a coded picture may be larger than the stripe, not smaller", () => {
    const picture = new Composite(4, 3);
    const place = { x: 0, y: 2, width: 3, height: 1 };
    picture.draw({ arrival: arrival("h264", 0, place), picture: grey({ width: 4, height: 2 }, 9) });
    expect([...picture.bytes]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 0]);
    const small = { arrival: arrival("h264", 1, place), picture: grey({ width: 2, height: 2 }, 9) };
    expect(() => picture.draw(small)).toThrow("3×1 decodes to 2×2");
  });

  test("a copy may overlap itself, upwards and downwards", () => {
    const up = stairs(6);
    up.draw({ arrival: copy(1, 1, 0, 5), picture: undefined });
    expect(rowsOf(up)).toEqual([1, 2, 3, 4, 5, 5]);
    const down = stairs(6);
    down.draw({ arrival: copy(1, 0, 1, 5), picture: undefined });
    expect(rowsOf(down)).toEqual([0, 0, 1, 2, 3, 4]);
  });

  test("all copies of a frame are from the picture before it, those of the next see them", () => {
    const picture = stairs(6);
    picture.draw({ arrival: copy(1, 0, 2, 2), picture: undefined });
    picture.draw({ arrival: copy(1, 2, 4, 2), picture: undefined });
    expect(rowsOf(picture)).toEqual([0, 1, 0, 1, 2, 3]);
    picture.draw({ arrival: copy(2, 4, 0, 2), picture: undefined });
    expect(rowsOf(picture)).toEqual([2, 3, 0, 1, 2, 3]);
  });

  test("what lies outside is an error", () => {
    const picture = stairs(6);
    expect(() => picture.draw({ arrival: copy(1, 2, 0, 5), picture: undefined })).toThrow(
      "4×5 at 0,2 is outside 4×6",
    );
  });
});

/** Draws a code as painter_code.c does. */
function drawCode(picture: Luma, x: number, y: number, counter: number): void {
  const code = ((counter << 8) | (Math.imul(counter, 0x9e3779b1) >>> 24)) >>> 0;
  for (let row = 0; row < 16; row++) {
    for (let column = 0; column < 96; column++) {
      const bit = (row >> 3) * 12 + (column >> 3);
      const at = (y + row) * picture.width + x + column;
      picture.bytes[at] = (code >>> (23 - bit)) & 1 ? 255 : 0;
    }
  }
}

async function encode(picture: Luma, codec: string[]): Promise<Uint8Array> {
  const size = `${picture.width}x${picture.height}`;
  const input = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", size, "-i", "pipe:0"];
  const command = [requireTool("ffmpeg", "ffmpeg"), "-v", "error", ...input, ...codec, "pipe:1"];
  const child = Bun.spawn(command, { stdin: picture.bytes, stdout: "pipe", stderr: "inherit" });
  return new Uint8Array(await new Response(child.stdout).arrayBuffer());
}

const mjpeg = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "3", "-f", "mjpeg"];

/** Puts a recording together; frame n arrives at n × 10 ms. */
class RecordingMaker {
  readonly #arrivals: RecordedArrival[] = [];
  readonly #payloads: Uint8Array[] = [];
  #size = 0;

  async jpeg(frameId: number, place: Place, codes: [number, number, number][]): Promise<void> {
    const picture = grey(place, 128);
    for (const [x, y, counter] of codes) drawCode(picture, x - place.x, y - place.y, counter);
    const payload = await encode(picture, mjpeg);
    this.#push({ ...arrival("jpeg", frameId, place), size: payload.length });
    this.#payloads.push(payload);
    this.#size += payload.length;
  }

  copy(frameId: number, place: Place, sourceX: number, sourceY: number): void {
    this.#push({ ...arrival("copy", frameId, place), sourceX, sourceY });
  }

  #push(made: RecordedArrival): void {
    this.#arrivals.push({ ...made, offset: this.#size, arrivalNs: made.frameId * 1e7 });
  }

  get recording(): Recording {
    return { arrivals: this.#arrivals, bytes: new Uint8Array(Buffer.concat(this.#payloads)) };
  }
}

/** An update painted 5 ms before frame `counter`, by codes one below the other. */
function update(counter: number, codeX: number, codeY: number, codeCount = 1): Update {
  const area = { x: codeX, y: codeY, width: 96, height: 16 };
  const ns = counter * 1e7 - 5e6;
  return { counter, ns, codeX, codeY, codeCount, codeStep: 64, area };
}

describe("a recording that is played back", () => {
  test("a rectangle shows its update, a copy one that it moves, a stripe a part", async () => {
    const maker = new RecordingMaker();
    await maker.jpeg(0, { x: 0, y: 0, width, height }, []);
    await maker.jpeg(1, { x: 16, y: 48, width: 128, height: 32 }, [[32, 48, 1]]);
    // The code of update 2, but not yet where it belongs; then it is moved there, over itself.
    await maker.jpeg(2, { x: 160, y: 112, width: 112, height: 16 }, [[168, 112, 2]]);
    maker.copy(3, { x: 160, y: 104, width: 112, height: 16 }, 160, 112);
    // Update 4 has two codes, which come in stripes of different frames.
    await maker.jpeg(4, { x: 0, y: 0, width, height: 64 }, [[0, 0, 4]]);
    await maker.jpeg(5, { x: 0, y: 64, width, height: 64 }, [[0, 64, 4]]);
    const updates = [update(1, 32, 48), update(2, 168, 104), update(3, 0, 176), update(4, 0, 0, 2)];
    const { latencies, inMotion, atRest } = await playBack(maker.recording, updates, {
      width,
      height,
    });
    expect(latencies.first).toEqual([5, 15, 5]);
    expect(latencies.last).toEqual([5, 15, 15]);
    // Update 3 is never shown, and of update 4 no one frame shows the whole first.
    expect(inMotion.map((sample) => sample.update.counter)).toEqual([1, 2]);
    expect(atRest?.update.counter).toBe(4);
  });

  test("JPEGs of several sizes are decoded whole, whichever comes first", async () => {
    const places = [
      { x: 16, y: 16, width: 32, height: 16 },
      { x: 0, y: 0, width, height },
      { x: 64, y: 32, width: 48, height: 64 },
    ];
    const payloads = await Promise.all(
      places.map((place, index) => encode(grey(place, 60 * (index + 1)), mjpeg)),
    );
    let offset = 0;
    const arrivals = places.map((place, index) => {
      const size = payloads[index]?.length ?? 0;
      offset += size;
      return { ...arrival("jpeg", index, place), offset: offset - size, size };
    });
    const bytes = new Uint8Array(Buffer.concat(payloads));
    const picture = new Composite(width, height);
    for await (const drawing of drawingsOf({ arrivals, bytes })) picture.draw(drawing);
    const value = (x: number, y: number) => picture.bytes[y * width + x] ?? 0;
    expect(value(20, 20)).toBeWithin(118, 123); // covered by the second
    expect(value(width - 1, height - 1)).toBeWithin(118, 123);
    expect(value(64 + 47, 32 + 63)).toBeWithin(178, 183);
    expect(value(64 + 48, 32 + 63)).toBeWithin(118, 123);
  });

  test("a payload that is no picture is an error", async () => {
    const place = { x: 0, y: 0, width: 16, height: 16 };
    const broken = { ...arrival("jpeg", 0, place), size: 100 };
    const recording = { arrivals: [broken], bytes: new Uint8Array(100).fill(7) };
    await expect(playBack(recording, [], { width, height })).rejects.toThrow();
  });
});

test("streams of ffmpeg are cut where their pictures begin", async () => {
  const picture = grey({ width, height: height * 3 }, 0);
  const pictures = { width, height, bytes: picture.bytes };
  const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-f", "h264"];
  const h264 = Buffer.from(await encode(pictures, x264));
  const starts = accessUnitStarts(h264);
  expect(starts.length).toBe(3);
  expect(starts[0]).toBe(0);
  for (const at of starts) expect(h264.readUInt32BE(at)).toBe(1);
  const jpegs = Buffer.from(await encode(pictures, mjpeg));
  expect(jpegStarts(jpegs).length).toBe(3);
});

test("the painter paints an update once more", async () => {
  await using server = await Xvfb.start({ width: 640, height: 480 });
  await using painter = await Painter.start(server.display);
  await painter.prepare("drag", 1);
  const count = await painter.run(0.2);
  const last = await painter.grab();
  await painter.frame(1);
  const first = await painter.grab();
  await painter.frame(count);
  const again = await painter.grab();
  expect(Buffer.compare(first.rgb, last.rgb)).not.toBe(0);
  expect(Buffer.compare(again.rgb, last.rgb)).toBe(0);
  const updates = await painter.updates();
  expect(updates.length).toBe(count);
  const { x, y, width, height } = (updates[0] as Update).area;
  expect(x >= 0 && y >= 0 && x + width <= 640 && y + height <= 480).toBe(true);
});
