// SPDX-License-Identifier: MPL-2.0
// What the writer leaves behind at any moment can be played, and says the truth about time.
import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import type { Picture, PictureFormat } from "../../src/record/fragment.ts";
import { Mp4Writer } from "../../src/record/mp4-writer.ts";
import type { Target } from "../../src/record/target.ts";
import { durationOf, packetsOf, picturesOf } from "../support/movie.ts";
import { random, seedOfRun } from "../support/random.ts";
import { collectStripes, makeCapture } from "../unit/synthetic.ts";
import { Folder } from "./folder.ts";

const PICTURES = 24;

let pictures: Picture[];
let format: PictureFormat;

beforeAll(async () => {
  const settings = { outputMode: "h264", h264FullFrame: true, stripeHeader: "none" } as const;
  const stripes = await collectStripes(makeCapture(settings), PICTURES);
  const [first] = stripes;
  if (first === undefined) throw new Error("no stripe");
  pictures = stripes.map((stripe) => ({
    data: stripe.payload.slice(),
    isKeyframe: stripe.keyframe,
    timeUs: stripe.timestamp - first.timestamp,
  }));
  const { data: keyframe } = pictures[0] as Picture;
  format = { codec: first.codec, codedWidth: 640, codedHeight: 480, keyframe };
  for (const stripe of stripes) stripe.release();
});

/** One write to a file. */
interface Write {
  position: number;
  bytes: Uint8Array;
  /** Pictures that had been added when it was made. */
  added: number;
}

/** Keeps the writes instead of making them. */
class Log {
  readonly writes: Write[] = [];
  added = 0;
  #size = 0;

  target(canAmend: boolean): Target {
    const amend = async (position: number, bytes: Uint8Array) => this.#keep(position, bytes);
    return {
      append: async (bytes) => {
        this.#keep(this.#size, bytes);
        this.#size += bytes.length;
      },
      amend: canAmend ? amend : undefined,
      close: async () => undefined,
    };
  }

  /** The file after so many writes, and so many bytes of the next one. */
  file(count: number, bytes = 0): Uint8Array {
    const file = Buffer.alloc(this.#size);
    let size = 0;
    for (const [index, write] of this.writes.slice(0, count + 1).entries()) {
      const part = index === count ? write.bytes.subarray(0, bytes) : write.bytes;
      file.set(part, write.position);
      if (part.length > 0) size = Math.max(size, write.position + part.length);
    }
    return file.subarray(0, size);
  }

  #keep(position: number, bytes: Uint8Array): void {
    this.writes.push({ position, bytes: bytes.slice(), added: this.added });
  }
}

/** How long each picture lasts, in µs, by the container: ffprobe does not tell. */
async function durationsOf(file: Uint8Array): Promise<number[]> {
  const input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  if (!track) throw new Error("no track");
  const durations: number[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) {
    durations.push(Math.round(packet.duration * 1e6));
  }
  return durations;
}

/** Writes all pictures, with an advance after every few of them. */
async function write(log: Log, canAmend: boolean, every: number, endUs: number) {
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => void failures.push(error);
  const writer = new Mp4Writer({ target: log.target(canAmend), format, onFailure });
  for (const [index, picture] of pictures.entries()) {
    writer.add(picture);
    log.added = index + 1;
    if (index % every === every - 1) writer.advance(picture.timeUs + 5000);
    await writer.drained();
  }
  await writer.end(endUs);
  expect(failures).toEqual([]);
  expect(writer.bytes).toBe(log.file(log.writes.length).length);
}

test("a kill at any moment leaves a file that plays", async () => {
  const seed = seedOfRun();
  const pick = random(seed);
  using folder = new Folder();
  const path = folder.file("killed.mp4");
  const log = new Log();
  await write(log, true, 5, (pictures.at(-1)?.timeUs ?? 0) + 1_000_000);
  // The first write is the file's beginning, the second makes a fragment of its first picture.
  for (let round = 0; round < 12; round++) {
    const count = 2 + pick(log.writes.length - 1);
    const next = log.writes[count];
    // Eight bytes and fewer are written as a whole.
    const bytes = next !== undefined && next.bytes.length > 8 ? pick(next.bytes.length) : 0;
    writeFileSync(path, log.file(count, bytes));
    const what = `seed ${seed}, ${count} of ${log.writes.length} writes, ${bytes} bytes`;
    const packets = await packetsOf(path);
    expect((await picturesOf(path)).length, what).toBe(packets.length);
    const before = log.writes[count - 1] as Write;
    expect(packets.length, what).toBeGreaterThanOrEqual(Math.max(1, before.added - 5));
    const expected = pictures.slice(0, packets.length).map(({ timeUs }) => timeUs);
    expect(
      packets.map(({ timeUs }) => timeUs),
      what,
    ).toEqual(expected);
  }
}, 120_000);

describe.each([true, false])("amended %p", (canAmend) => {
  test.each([1, 2, 7, 100])("fragments of %d pictures", async (every) => {
    using folder = new Folder();
    const path = folder.file("fragments.mp4");
    const log = new Log();
    const endUs = (pictures.at(-1)?.timeUs ?? 0) + 2_345_678;
    await write(log, canAmend, every, endUs);
    writeFileSync(path, log.file(log.writes.length));
    const packets = await packetsOf(path);
    expect(packets).toEqual(pictures.map(({ timeUs, isKeyframe }) => ({ timeUs, isKeyframe })));
    const times = [...pictures.map(({ timeUs }) => timeUs), endUs];
    const expected = times.slice(1).map((timeUs, index) => timeUs - (times[index] as number));
    expect(await durationsOf(log.file(log.writes.length))).toEqual(expected);
    expect((await picturesOf(path)).length).toBe(PICTURES);
    expect(await durationOf(path)).toBeCloseTo(endUs / 1e6, 6);
  });

  test("pictures at even intervals", async () => {
    using folder = new Folder();
    const path = folder.file("even.mp4");
    const even = pictures.map((picture, index) => ({ ...picture, timeUs: index * 20_000 }));
    const log = new Log();
    const onFailure = (error: unknown) => {
      throw error;
    };
    const writer = new Mp4Writer({ target: log.target(canAmend), format, onFailure });
    for (const picture of even) writer.add(picture);
    writer.advance(PICTURES * 20_000);
    await writer.end(PICTURES * 20_000 + 500_000);
    writeFileSync(path, log.file(log.writes.length));
    expect((await packetsOf(path)).map(({ timeUs }) => timeUs)).toEqual(
      even.map(({ timeUs }) => timeUs),
    );
    expect(await durationOf(path)).toBeCloseTo(PICTURES * 0.02 + 0.5, 6);
  });
});

test("a picture that lasts for an hour asks for another one", async () => {
  const log = new Log();
  const onFailure = () => undefined;
  const writer = new Mp4Writer({ target: log.target(true), format, onFailure });
  writer.add(pictures[0] as Picture);
  expect(writer.advance(3_599_000_000)).toBeFalse();
  expect(writer.advance(3_601_000_000)).toBeTrue();
  await writer.end(3_601_000_000);
  using folder = new Folder();
  writeFileSync(folder.file("hour.mp4"), log.file(log.writes.length));
  expect(await durationOf(folder.file("hour.mp4"))).toBeCloseTo(3601, 6);
});
