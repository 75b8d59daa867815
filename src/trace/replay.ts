// SPDX-License-Identifier: MPL-2.0
/** Traces as the screen of captures. */
import { FrameSource, PixelfluxError, type Region } from "../index.ts";
import { BYTES_PER_PIXEL, type TraceFrame, traceError } from "./format.ts";
import {
  checkPath,
  type ReplayTraceOptions,
  type ResolvedReplay,
  resolveReplay,
} from "./options.ts";
import { TraceReader } from "./reader.ts";

/** How long the last frame of a round stays before the next one begins. */
const LAST_FRAME_MS = 1000 / 60;

/**
 * Opens a trace to be replayed: its source shows the first frame, and the others when it is
 * played.
 *
 * @throws {PixelfluxError} by rejection: `ERR_TRACE` where it is none, has no whole frame, or its
 *   first one is damaged; `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`; what `new FrameSource`
 *   throws. The signal's reason where that is aborted.
 */
export async function replayTrace(path: string, options: ReplayTraceOptions = {}): Promise<Replay> {
  const resolved = resolveReplay(options);
  resolved.signal?.throwIfAborted();
  const reader = await TraceReader.open(checkPath("replayTrace", path), resolved.requireEnd);
  try {
    const first = await reader.next();
    if (first === undefined) throw traceError("it has no whole frame", 0);
    return new Replay(reader, new FrameSource(), first, resolved);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** A trace that is replayed. `await using` closes it, and its source. */
export class Replay implements AsyncDisposable {
  /** For `new ScreenCapture({ source })`; any number of captures. */
  readonly source: FrameSource;
  readonly #reader: TraceReader;
  readonly #options: ResolvedReplay;
  readonly #stop = new AbortController();
  #canvas = new Uint8Array(0);
  #width = 0;
  #height = 0;
  #frames = 0;
  #playing: Promise<number> | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Replays come from {@link replayTrace}. */
  constructor(
    reader: TraceReader,
    source: FrameSource,
    first: TraceFrame,
    options: ResolvedReplay,
  ) {
    this.#reader = reader;
    this.source = source;
    this.#options = options;
    this.#show(first);
  }

  /** Frames shown so far, over all rounds. */
  get frames(): number {
    return this.#frames;
  }

  /** When the trace was recorded, in microseconds since the Unix epoch. */
  get startedUs(): number {
    return this.#reader.startedUs;
  }

  /**
   * Shows the frames behind the first one, at their times counted from now, or as the captures
   * take them. Once only; later calls give the same promise.
   *
   * With `speed: "taken"` start the captures first: where there is none, nobody takes anything,
   * and all of it is shown at once.
   *
   * @returns the number of frames shown, when the last one is there; with `"taken"`, when it has
   *   been taken.
   * @throws {PixelfluxError} by rejection: `ERR_TRACE` at the first damaged frame; `ERR_ABORTED`
   *   by {@link close}. The signal's reason where that is aborted.
   */
  play(): Promise<number> {
    this.#playing ??= this.#play();
    return this.#playing;
  }

  /** Ends it: the source's captures go on with the last frame. May be repeated. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const text = "replayTrace: the replay was closed before its end";
    this.#stop.abort(new PixelfluxError("ERR_ABORTED", "replayTrace", text));
    await Promise.allSettled([this.#playing]);
    this.source.close();
    await this.#reader.close();
  }

  async #play(): Promise<number> {
    const { loops, signal: given } = this.#options;
    const signal = given ? AbortSignal.any([given, this.#stop.signal]) : this.#stop.signal;
    for (let round = 0; round < loops; round++) {
      const beginMs = performance.now();
      if (round > 0) this.#reader.rewind();
      for (;;) {
        signal.throwIfAborted();
        const frame = await this.#reader.next();
        if (frame === undefined) break;
        await this.#awaitTurn(frame, beginMs, signal);
        this.#show(frame);
      }
      if (round + 1 < loops) await this.#rest(signal);
    }
    if (this.#options.speed === "taken") await this.source.taken({ signal });
    return this.#frames;
  }

  /** Waits until it is the frame's time. */
  async #awaitTurn({ timestamp }: TraceFrame, beginMs: number, signal: AbortSignal) {
    const { speed } = this.#options;
    if (speed === "taken") {
      await this.source.taken({ signal });
      return;
    }
    const leftMs = beginMs + timestamp / 1000 / speed - performance.now();
    if (leftMs > 0) await sleep(leftMs, signal);
  }

  /** The last frame of a round is to be seen, too; and a trace of one alone would never rest. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { speed } = this.#options;
    if (speed !== "taken") await sleep(LAST_FRAME_MS / speed, signal);
  }

  #show({ width, height, rectangles, data }: TraceFrame): void {
    const isOther = width !== this.#width || height !== this.#height;
    if (isOther) {
      this.#canvas = new Uint8Array(width * height * BYTES_PER_PIXEL);
      this.#width = width;
      this.#height = height;
    }
    let at = 0;
    for (const each of rectangles) at = this.#draw(each, data, at);
    const damage = isOther ? {} : { damage: rectangles };
    this.source.push(this.#canvas, { width, height, ...damage });
    this.#frames += 1;
  }

  /** Draws a rectangle's pixels, and returns where the next one's begin. */
  #draw({ x, y, width, height }: Region, data: Uint8Array, from: number): number {
    const rowBytes = width * BYTES_PER_PIXEL;
    let at = from;
    for (let row = y; row < y + height; row++, at += rowBytes) {
      const to = (row * this.#width + x) * BYTES_PER_PIXEL;
      this.#canvas.set(data.subarray(at, at + rowBytes), to);
    }
    return at;
  }
}

/** Resolves after so long; rejects with the signal's reason. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
