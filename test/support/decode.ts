// SPDX-License-Identifier: MPL-2.0
import { Canvas } from "./canvas.ts";
import { requireTool, runCommand } from "./process.ts";

/** What the tests keep of a stripe; the bytes are a copy. */
export interface RecordedStripe {
  type: "jpeg" | "h264";
  frameId: number;
  y: number;
  width: number;
  height: number;
  keyframe: boolean;
  /** µs of CLOCK_MONOTONIC. */
  timestamp: number;
  /** Without the stripe's header. */
  payload: Uint8Array;
}

/* Matrix and range are not named here: the scaler takes them from what the stream says of itself,
 * as a browser does, so a stream that lies about its colours is shown with wrong ones. */
const toRgb = "scale=flags=bicubic+accurate_rnd+full_chroma_int:out_range=full,format=rgb24";

interface FfmpegInput {
  /** ffmpeg's options for the input, format first. */
  options: string[];
  payloads: Uint8Array[];
}

/* Streams without a container have no times, and ffmpeg's guesses collide where a new SPS comes in
 * between; what matters is the order. */
const countedTimes = ["-bsf:v", "setts=ts=N"];

async function feed(sink: Bun.FileSink, payloads: Uint8Array[]): Promise<void> {
  for (const payload of payloads) {
    sink.write(payload);
    await sink.flush();
  }
  await sink.end();
}

/** Runs ffmpeg over the payloads and gives its output; throws at its end where it complained. */
export async function* feedFfmpeg(
  input: FfmpegInput,
  output: string[],
): AsyncGenerator<Uint8Array> {
  const ffmpeg = requireTool("ffmpeg", "ffmpeg");
  const child = Bun.spawn(
    [
      ...[ffmpeg, "-v", "error", "-xerror", "-nostdin", "-threads", "1", ...input.options],
      ...["-i", "pipe:0", "-fps_mode", "passthrough", ...output, ...countedTimes, "pipe:1"],
    ],
    { stdin: "pipe", stdout: "pipe", stderr: "pipe" },
  );
  const stderr = new Response(child.stderr).text();
  /* A write to an ffmpeg that has already ended fails; how it ended says more. */
  const fed = feed(child.stdin, input.payloads).catch(() => undefined);
  yield* child.stdout;
  await fed;
  await child.exited;
  const words = await stderr;
  if (child.exitCode !== 0 || words !== "") {
    throw new Error(`ffmpeg could not decode (exit ${child.exitCode}): ${words}`);
  }
}

/* Cuts a stream of binary PPM pictures (P6, 8 bits) into canvases. */
class PpmReader {
  readonly pictures: Canvas[] = [];
  readonly #keepLastOnly: boolean;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(keepLastOnly: boolean) {
    this.#keepLastOnly = keepLastOnly;
  }

  count = 0;

  take(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    while (this.#next()) {}
  }

  #next(): boolean {
    const first = this.#chunks[0];
    if (first === undefined) return false;
    const head = /^P6\s(\d+)\s(\d+)\s255\s/.exec(
      Buffer.from(first.buffer, first.byteOffset, Math.min(first.length, 32)).toString("latin1"),
    );
    if (head === null) return this.#joinIfSplit(first);
    const width = Number(head[1]);
    const height = Number(head[2]);
    const start = head[0].length;
    const end = start + width * height * 3;
    if (this.#size < end) return false;
    const bytes = this.#join();
    if (this.#keepLastOnly) this.pictures.length = 0;
    this.pictures.push(new Canvas(width, height, bytes.slice(start, end)));
    this.count++;
    this.#chunks = end < bytes.length ? [bytes.subarray(end)] : [];
    this.#size -= end;
    return true;
  }

  #joinIfSplit(first: Uint8Array): boolean {
    if (first.length >= 32) throw new Error("ffmpeg's output is no PPM");
    if (this.#chunks.length < 2) return false;
    this.#chunks = [this.#join()];
    return true;
  }

  #join(): Uint8Array {
    return this.#chunks.length === 1
      ? (this.#chunks[0] as Uint8Array)
      : new Uint8Array(Buffer.concat(this.#chunks));
  }

  get rest(): number {
    return this.#size;
  }
}

interface Wanted {
  /** Of several pictures give only the last. */
  lastOnly?: boolean;
  /** Convert and give only those that are the so many-th, ascending; all are decoded. */
  indexes?: number[];
}

async function decode(input: FfmpegInput, { lastOnly, indexes }: Wanted = {}): Promise<Canvas[]> {
  const { length } = input.payloads;
  if (length === 0) return [];
  const reader = new PpmReader(lastOnly ?? false);
  // One too many would come out, too; with one too few the last does not.
  const chosen = [...(indexes ?? []).map((index) => `eq(n,${index})`), `gte(n,${length})`].join(
    "+",
  );
  const filters = indexes === undefined ? toRgb : `select='${chosen}',${toRgb}`;
  const output = ["-vf", filters, "-f", "image2pipe", "-c:v", "ppm"];
  for await (const bytes of feedFfmpeg(input, output)) reader.take(bytes);
  const expected = indexes?.length ?? length;
  if (reader.count !== expected || reader.rest !== 0) {
    throw new Error(`${length} pictures went in, ${reader.count} came out, not ${expected}`);
  }
  return reader.pictures;
}

/** Decodes JPEGs of one size. */
export function decodeJpegs(payloads: Uint8Array[]): Promise<Canvas[]> {
  return decode({ options: ["-f", "image2pipe", "-c:v", "mjpeg"], payloads });
}

/** Decodes PNGs of one size. */
export function decodePngs(payloads: Uint8Array[]): Promise<Canvas[]> {
  return decode({ options: ["-f", "image2pipe", "-c:v", "png"], payloads });
}

export interface H264Options {
  /** Decode everything, give only the last picture. */
  lastOnly?: boolean;
}

/** Decodes the access units of one H.264 stream, from its IDR on, one picture each. */
export function decodeH264(payloads: Uint8Array[], options: H264Options = {}): Promise<Canvas[]> {
  return decode({ options: ["-f", "h264"], payloads }, options);
}

/** What an H.264 stream says of itself, in ffprobe's words. */
export interface StreamFacts {
  profile: string;
  width: number;
  height: number;
  pix_fmt: string;
  color_range: string;
  color_space: string;
  color_transfer: string;
  color_primaries: string;
  has_b_frames: number;
}

export async function probeH264(payload: Uint8Array): Promise<StreamFacts> {
  const path = `/tmp/pf-probe-${process.pid}-${crypto.randomUUID()}.h264`;
  await Bun.write(path, payload);
  try {
    const ffprobe = requireTool("ffprobe", "ffmpeg");
    const options = ["-v", "error", "-f", "h264", "-show_streams", "-of", "json"];
    const result = await runCommand([ffprobe, ...options, path]);
    if (result.exitCode !== 0) throw new Error(`ffprobe: ${result.stderr}`);
    return JSON.parse(result.stdout).streams[0] as StreamFacts;
  } finally {
    await Bun.file(path).delete();
  }
}

/** The stripes of one place on the screen, in one codec, oldest first. */
type StripeStream = [RecordedStripe, ...RecordedStripe[]];

function isSamePlace(a: RecordedStripe, b: RecordedStripe): boolean {
  return a.type === b.type && a.y === b.y && a.width === b.width && a.height === b.height;
}

/**
 * The streams whose pictures a client still shows. A stripe of a place that is new, after a change
 * of codec, size or stripe height, covers what was shown in its rows before; one of another width
 * comes from a frame of another size, of which nothing stays.
 */
export function shownStreams(stripes: RecordedStripe[]): StripeStream[] {
  let streams: StripeStream[] = [];
  for (const stripe of stripes) {
    const stream = streams.find(([first]) => isSamePlace(first, stripe));
    if (stream !== undefined) {
      stream.push(stripe);
      continue;
    }
    streams = streams.filter(
      ([{ y, height, width }]) =>
        width === stripe.width && (y + height <= stripe.y || y >= stripe.y + stripe.height),
    );
    streams.push([stripe]);
  }
  return streams;
}

/** Throws unless the stripes cover rows 0...height exactly once, in full width. */
export function expectCover(stripes: RecordedStripe[], width: number, height: number): void {
  const sorted = [...stripes].sort((a, b) => a.y - b.y);
  let row = 0;
  for (const [index, stripe] of sorted.entries()) {
    const isLast = index === sorted.length - 1;
    if (stripe.y !== row) throw new Error(`a stripe begins at row ${stripe.y}, not at ${row}`);
    if (stripe.width !== width)
      throw new Error(`a stripe is ${stripe.width} px wide, not ${width}`);
    if (!isLast && stripe.height % 16 !== 0) throw new Error(`a stripe has ${stripe.height} rows`);
    row += stripe.height;
  }
  if (row !== height) throw new Error(`the stripes cover ${row} rows of ${height}`);
}

/** The sequence parameter sets (ITU-T H.264, 7.4.1: type 7) of some stripes, each once. */
export function parameterSetsOf(stripes: readonly RecordedStripe[]): string[] {
  const keyframes = stripes.filter(({ keyframe }) => keyframe);
  const units = keyframes.flatMap(({ payload }) =>
    Buffer.from(payload.buffer, payload.byteOffset, payload.length)
      .toString("latin1")
      .split("\0\0\x01"),
  );
  return [...new Set(units.filter((unit) => (unit.charCodeAt(0) & 31) === 7))];
}

/** Streams that one decoder takes, one after the other. */
interface StreamGroup {
  readonly streams: StripeStream[];
  /** Whether all have one set of parameters: where it changes, ffmpeg counts pictures anew. */
  readonly isSteady: boolean;
}

/**
 * Those with the same parameters together: each begins with an IDR, which forgets what was
 * before, and brings its parameters along, so that it is decoded as by a decoder of its own.
 */
function groupStreams(streams: StripeStream[]): StreamGroup[] {
  const steady = new Map<string, StripeStream[]>();
  const changing: StreamGroup[] = [];
  for (const stream of streams) {
    const [{ keyframe, y }] = stream;
    if (!keyframe) throw new Error(`the stream of row ${y} begins without a keyframe`);
    const [set] = parameterSetsOf([stream[0]]);
    if (set === undefined) throw new Error(`the stream of row ${y} begins without parameters`);
    if (parameterSetsOf(stream).length > 1) changing.push({ streams: [stream], isSteady: false });
    else steady.set(set, [...(steady.get(set) ?? []), stream]);
  }
  return [
    ...[...steady.values()].map((group) => ({ streams: group, isSteady: true })),
    ...changing,
  ];
}

async function layH264(canvas: Canvas, { streams, isSteady }: StreamGroup): Promise<void> {
  const payloads = streams.flatMap((stream) => stream.map((stripe) => stripe.payload));
  const indexes: number[] = [];
  for (const { length } of streams) indexes.push((indexes.at(-1) ?? -1) + length);
  const wanted = isSteady ? { indexes } : { lastOnly: true };
  const pictures = await decode({ options: ["-f", "h264"], payloads }, wanted);
  for (const [index, [{ y, width, height }]] of streams.entries()) {
    canvas.lay(pictures[index] as Canvas, 0, y, width, height);
  }
}

async function layJpegs(canvas: Canvas, stripes: RecordedStripe[]): Promise<void> {
  const pictures = await decodeJpegs(stripes.map((stripe) => stripe.payload));
  for (const [index, picture] of pictures.entries()) {
    const { y, width, height } = stripes[index] as RecordedStripe;
    canvas.lay(picture, 0, y, width, height);
  }
}

/**
 * What a client shows after all the stripes, given in the order of their arrival. Every H.264
 * stripe is decoded, each row by itself; of the JPEGs the last of each row.
 */
export async function showStripes(
  stripes: RecordedStripe[],
  width: number,
  height: number,
): Promise<Canvas> {
  const canvas = new Canvas(width, height);
  const streams = shownStreams(stripes);
  const last = streams.map((stream) => stream.at(-1) as RecordedStripe);
  expectCover(last, width, height);
  const jpegs = last.filter((stripe) => stripe.type === "jpeg");
  const bySize = Map.groupBy(jpegs, (stripe) => stripe.height);
  for (const group of bySize.values()) await layJpegs(canvas, group);
  const h264 = streams.filter(([first]) => first.type === "h264");
  for (const group of groupStreams(h264)) await layH264(canvas, group);
  return canvas;
}
