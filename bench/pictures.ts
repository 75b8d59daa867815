// SPDX-License-Identifier: MPL-2.0
// Decodes a recording: what a client would draw with each stripe, luma only, in arrival order.
import { feedFfmpeg } from "../test/support/decode.ts";
import type { RecordedArrival, Recording } from "./recording.ts";

/** 8-bit luma in full range, rows top-down without padding. */
export interface Luma {
  width: number;
  height: number;
  bytes: Uint8Array;
}

/** A stripe, and its picture unless it is a copy. The coded picture may be larger by a pixel. */
export interface Drawing {
  arrival: RecordedArrival;
  picture: Luma | undefined;
}

const PGM_HEAD_BYTES_MAX = 32;

/* Cuts a stream of binary PGM pictures (P5, 8 bits), whatever the sizes of its chunks. */
class PgmReader {
  #head = new Uint8Array(0);
  #picture: Luma | undefined;
  #filled = 0;

  *take(chunk: Uint8Array): Generator<Luma> {
    let bytes = chunk;
    while (bytes.length > 0) {
      bytes = this.#picture === undefined ? this.#takeHead(bytes) : this.#takeBody(bytes);
      if (this.#picture !== undefined && this.#filled === this.#picture.bytes.length) {
        yield this.#picture;
        this.#picture = undefined;
      }
    }
  }

  end(): void {
    if (this.#picture !== undefined || this.#head.length > 0) {
      throw new Error("ffmpeg's output ends within a picture");
    }
  }

  /* Gives what is left of the bytes. */
  #takeHead(bytes: Uint8Array): Uint8Array {
    const joined = new Uint8Array(Buffer.concat([this.#head, bytes]));
    const text = Buffer.from(joined.subarray(0, PGM_HEAD_BYTES_MAX)).toString("latin1");
    const head = /^P5\s(\d+)\s(\d+)\s255\s/.exec(text);
    if (head === null) {
      if (joined.length >= PGM_HEAD_BYTES_MAX) throw new Error("ffmpeg's output is no PGM");
      this.#head = joined;
      return new Uint8Array(0);
    }
    const [width, height] = [Number(head[1]), Number(head[2])];
    this.#head = new Uint8Array(0);
    this.#picture = { width, height, bytes: new Uint8Array(width * height) };
    this.#filled = 0;
    return joined.subarray(head[0].length);
  }

  #takeBody(bytes: Uint8Array): Uint8Array {
    const picture = this.#picture as Luma;
    const part = bytes.subarray(0, picture.bytes.length - this.#filled);
    picture.bytes.set(part, this.#filled);
    this.#filled += part.length;
    return bytes.subarray(part.length);
  }
}

async function* picturesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Luma> {
  const reader = new PgmReader();
  for await (const bytes of stream) yield* reader.take(bytes);
  reader.end();
}

/** One decoder for all JPEGs; one for the H.264 stripes of each place. */
function streamOf({ type, y, height }: RecordedArrival): string {
  return type === "h264" ? `h264 ${y} ${height}` : type;
}

/** ffmpeg's PGM encoder keeps the first picture's size: every one is padded to the largest. */
function padding(stream: RecordedArrival[]): string {
  const [width, height] = stream.reduce(
    ([w, h], arrival) => [Math.max(w, arrival.width), Math.max(h, arrival.height)],
    [1, 1],
  );
  return `pad=${width}:${height}`;
}

function decoderOf(stream: RecordedArrival[], bytes: Uint8Array): AsyncGenerator<Luma> {
  const jpeg = stream[0]?.type === "jpeg";
  const options = jpeg ? ["-f", "image2pipe", "-c:v", "mjpeg"] : ["-f", "h264"];
  const payloads = stream.map(({ offset, size }) => bytes.subarray(offset, offset + size));
  const range = "scale=out_range=full,format=gray";
  const filter = jpeg ? `${range},${padding(stream)}` : range;
  const output = ["-noautoscale", "-vf", filter, "-f", "image2pipe", "-c:v", "pgm"];
  return picturesOf(feedFfmpeg({ options, payloads }, output));
}

/** Every stripe with its picture, in the order of arrival. Throws where a decoder complains. */
export async function* drawingsOf(recording: Recording): AsyncGenerator<Drawing> {
  const { arrivals, bytes } = recording;
  const decoders = new Map(
    Map.groupBy(
      arrivals.filter(({ type }) => type !== "copy"),
      streamOf,
    )
      .entries()
      .map(([key, stream]) => [key, decoderOf(stream, bytes)]),
  );
  for (const arrival of arrivals) {
    const picture = await decoders.get(streamOf(arrival))?.next();
    if (picture?.done) throw new Error("fewer pictures came out of a decoder than stripes went in");
    yield { arrival, picture: picture?.value };
  }
  for (const decoder of decoders.values()) {
    if (!(await decoder.next()).done) {
      throw new Error("more pictures came out of a decoder than stripes went in");
    }
  }
}
