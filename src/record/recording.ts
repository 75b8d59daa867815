// SPDX-License-Identifier: MPL-2.0
/** A recording that runs. */
import { monotonicUs, PixelfluxError, type ScreenCapture, type Stripe } from "../index.ts";
import type { ResolvedRecordOptions } from "./options.ts";
import type { RecordingSegment, Segments, TimedPicture } from "./segments.ts";
import { Timeline } from "./timeline.ts";

/** A target that takes nothing for so long at the end is given up. */
const END_MS_MAX = 10_000;

/** What ended a recording: `stop()` or the signal, or one of its limits. */
export type RecordingEnd = "stop" | "durationMs" | "sizeBytesMax";

/** What has been recorded. */
export interface RecordingResult {
  /** Length without the pauses. */
  readonly durationMs: number;
  /** Pictures: those that differed from the one before. */
  readonly frames: number;
  /** Size in bytes, of all segments together. */
  readonly bytes: number;
  /** The first file; `undefined` for a stream. */
  readonly path: string | undefined;
  /** One, and one more for each change of the screen's size. */
  readonly segments: readonly RecordingSegment[];
  /** What has ended it. */
  readonly endedBy: RecordingEnd;
}

/** How far a recording is. */
export interface RecordingStats {
  /** What it does now. */
  readonly state: "recording" | "paused" | "ended";
  /** Length so far without the pauses. */
  readonly durationMs: number;
  /** Pictures taken. */
  readonly frames: number;
  /** Bytes written; those of the last `fragmentMs` come later. */
  readonly bytes: number;
  /** Files begun; 1 for a stream. */
  readonly segments: number;
}

type State = "recording" | "paused" | "resuming" | "ending" | "ended";

/** As callers see them. */
const STATES: Record<State, RecordingStats["state"]> = {
  ...{ recording: "recording", paused: "paused", resuming: "paused" },
  ...{ ending: "ended", ended: "ended" },
};

/** Made by `record`. `await using` stops it at the end of the block. */
export class Recording implements AsyncDisposable {
  /**
   * Resolves when the recording has ended and everything is written.
   *
   * @throws {PixelfluxError} by rejection: `ERR_WRITE` where the target takes no
   *   more bytes; `ERR_RESIZED`; `ERR_DISPLAY_LOST` and what else ends a capture.
   *   What was recorded before is written, and can be played.
   */
  readonly finished: Promise<RecordingResult>;
  /** @internal Resolves when a file has its first picture, or with the end before that. Never rejects. */
  readonly begun: Promise<void>;
  readonly #capture: ScreenCapture;
  readonly #segments: Segments;
  readonly #options: ResolvedRecordOptions;
  readonly #timeline = new Timeline();
  readonly #settle = Promise.withResolvers<RecordingResult>();
  readonly #beginning = Promise.withResolvers<void>();
  readonly #onAbort = (): void => this.#end({ endedBy: "stop" });
  readonly #advanceTimer: ReturnType<typeof setInterval>;
  #limitTimer: ReturnType<typeof setTimeout> | undefined;
  #state: State = "recording";
  /** The loop over the capture's pictures; never rejects. */
  #reading: Promise<void>;
  /** The pauses and resumptions asked for so far, one after the other. */
  #orders: Promise<void> = Promise.resolve();
  /** When a keyframe came last, or was asked for. */
  #keyframeUs = 0;
  #failure: unknown;

  /** @internal Recordings come from `record`. */
  constructor(capture: ScreenCapture, segments: Segments, options: ResolvedRecordOptions) {
    this.#capture = capture;
    this.#segments = segments;
    this.#options = options;
    segments.onFailure = (error) => this.#fail(error);
    this.begun = this.#beginning.promise;
    this.finished = this.#settle.promise;
    // onError has told of a failure already; whoever waits for `finished` gets it too.
    this.finished.catch(() => undefined);
    this.#advanceTimer = setInterval(() => this.#advance(), options.fragmentMs);
    // A capture keeps the process alive, a paused recording does not.
    this.#advanceTimer.unref();
    options.signal?.addEventListener("abort", this.#onAbort);
    this.#reading = this.#read();
  }

  /** How far it is; the final values after the end. Does not block. */
  stats(): RecordingStats {
    const { frames, bytes, count } = this.#segments;
    return {
      state: STATES[this.#state],
      durationMs: this.#nowUs / 1000,
      ...{ frames, bytes, segments: count },
    };
  }

  /**
   * Stops the clock and the capture until {@link resume}; nothing is captured
   * meanwhile. May be repeated.
   *
   * @returns resolves when what was recorded before is written; a stream gets
   *   the last picture later, when it is known how long it lasts. Never rejects.
   */
  pause(): Promise<void> {
    this.#orders = this.#orders.then(() => this.#pause());
    return this.#orders;
  }

  /**
   * Goes on after {@link pause}, with a picture that follows the last one
   * without a gap. May be repeated.
   *
   * @returns resolves when that has been grabbed. Never rejects: a capture that
   *   cannot be started again is a failure of the recording.
   */
  resume(): Promise<void> {
    this.#orders = this.#orders.then(() => this.#resume());
    return this.#orders;
  }

  /**
   * Ends the recording. May be called at any time, any number of times.
   *
   * @returns {@link finished}
   */
  stop(): Promise<RecordingResult> {
    this.#end({ endedBy: "stop" });
    return this.finished;
  }

  /** Stops and waits, for `await using`. Does not reject: see {@link finished}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.stop()]);
  }

  /** Its target has failed, maybe with its last bytes. */
  #fail(error: PixelfluxError): void {
    this.#failure ??= error;
    this.#end({ error });
  }

  get #nowUs(): number {
    const { durationMs } = this.#options;
    const nowUs = this.#timeline.at(this.#timeline.isRunning ? monotonicUs() : 0);
    return durationMs === undefined ? nowUs : Math.min(nowUs, durationMs * 1000);
  }

  async #read(): Promise<void> {
    try {
      for await (const stripe of this.#capture) {
        if (this.#state === "recording") await this.#take(this.#copy(stripe));
        else stripe.release();
      }
      // Somebody else may have stopped the capture: it is one of runningCaptures().
      if (this.#state === "recording") this.#end({ endedBy: "stop" });
    } catch (error) {
      this.#end({ error });
    }
  }

  /** Copies a stripe and releases it: a slow target must not keep the capture's memory. */
  #copy(stripe: Stripe): TimedPicture {
    using held = stripe;
    if (!this.#timeline.isRunning) this.#armLimit();
    const { codec, keyframe: isKeyframe, width, stripeHeight: height } = held;
    const timeUs = this.#timeline.take(held.timestamp);
    return { data: held.payload.slice(), codec, isKeyframe, timeUs, width, height };
  }

  async #take(picture: TimedPicture): Promise<void> {
    const { durationMs, sizeBytesMax } = this.#options;
    if (durationMs !== undefined && picture.timeUs >= durationMs * 1000) {
      return this.#end({ endedBy: "durationMs" });
    }
    const isTooMuch = sizeBytesMax && this.#segments.bytesWith(picture) > sizeBytesMax;
    if (isTooMuch && this.#segments.frames > 0) return this.#end({ endedBy: "sizeBytesMax" });
    this.#wantKeyframe(picture);
    const isFirst = this.#segments.frames === 0;
    const taken = this.#segments.take(picture);
    if (isFirst) void this.#segments.playable().then(this.#beginning.resolve);
    await taken;
  }

  #wantKeyframe({ isKeyframe, timeUs }: TimedPicture): void {
    if (isKeyframe) this.#keyframeUs = timeUs;
    if (timeUs - this.#keyframeUs < this.#options.keyframeMs * 1000) return;
    this.#keyframeUs = timeUs;
    if (this.#capture.running) this.#capture.requestKeyframe();
  }

  #advance(): void {
    if (this.#state !== "recording" || !this.#timeline.isRunning) return;
    const isKeyframeNeeded = this.#segments.advance(this.#nowUs);
    if (isKeyframeNeeded && this.#capture.running) this.#capture.requestKeyframe();
  }

  /** To be called when the clock is about to run. */
  #armLimit(): void {
    const { durationMs } = this.#options;
    if (durationMs === undefined) return;
    const leftMs = durationMs - this.#nowUs / 1000;
    this.#limitTimer = setTimeout(() => this.#end({ endedBy: "durationMs" }), leftMs);
  }

  async #pause(): Promise<void> {
    if (this.#state !== "recording") return;
    this.#state = "paused";
    if (this.#timeline.isRunning) this.#timeline.pause(monotonicUs());
    clearTimeout(this.#limitTimer);
    await this.#capture.stop();
    await this.#reading;
    this.#segments.advance(this.#nowUs);
    await this.#segments.drained();
  }

  async #resume(): Promise<void> {
    if (this.#state !== "paused") return;
    this.#state = "resuming";
    try {
      await this.#capture.start();
    } catch (error) {
      this.#end({ error });
    }
    if (this.#state !== "resuming") return;
    this.#state = "recording";
    this.#reading = this.#read();
  }

  /** Ends the recording once. */
  #end(how: { endedBy: RecordingEnd } | { error: unknown }): void {
    if (this.#state === "ending" || this.#state === "ended") return;
    this.#state = "ending";
    this.#beginning.resolve();
    if (this.#timeline.isRunning) this.#timeline.pause(monotonicUs());
    clearInterval(this.#advanceTimer);
    clearTimeout(this.#limitTimer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if ("error" in how) this.#failure ??= how.error;
    void this.#finish("endedBy" in how ? how.endedBy : "stop");
  }

  async #finish(endedBy: RecordingEnd): Promise<void> {
    const ended = await within(END_MS_MAX, this.#close());
    if (ended === undefined) this.#failure ??= stalled();
    this.#state = "ended";
    if (this.#failure === undefined) {
      const { frames, bytes } = this.#segments;
      const segments = ended ?? [];
      const path = segments[0]?.path;
      const durationMs = this.#nowUs / 1000;
      this.#settle.resolve({ durationMs, frames, bytes, path, segments, endedBy });
    } else {
      const error = asPixelfluxError(this.#failure);
      this.#settle.reject(error);
      this.#options.onError(error);
    }
  }

  async #close(): Promise<readonly RecordingSegment[]> {
    await this.#capture.stop();
    await Promise.all([this.#reading, this.#orders]);
    return this.#segments.end(this.#nowUs);
  }
}

/** What the promise resolves with, or `undefined` where that takes too long. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function stalled(): PixelfluxError {
  const text = `record: the target has not taken the last bytes for ${END_MS_MAX / 1000} s. Have its reader read on.`;
  return new PixelfluxError("ERR_WRITE", "record", text);
}

function asPixelfluxError(error: unknown): PixelfluxError {
  if (error instanceof PixelfluxError) return error;
  const text = `record: the recording has failed: ${error instanceof Error ? error.message : String(error)}`;
  return new PixelfluxError("ERR_ENCODER", "record", text, { cause: error });
}
