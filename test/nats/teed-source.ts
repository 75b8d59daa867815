// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, ScreenCapture } from "../../src/index.ts";
import {
  type Codec,
  captureSource,
  type FeedSink,
  type FeedStripe,
  type StripeFeed,
  type StripeSource,
} from "../../src/server/index.ts";

/** A stripe as the capture handed it out, copied. */
export interface SentStripe {
  readonly frameId: number;
  readonly y: number;
  readonly keyframe: boolean;
  readonly data: Uint8Array;
}

/** A picture of 30 changes a second, in few rows, since each is decoded by a process of its own. */
const SETTINGS: CaptureSettings = {
  display: "synthetic://640x480@30",
  stripeHeight: 96,
  outputMode: "h264",
  // Where the stripes of a step are refined, or sent anew, depends on the moment: near in either case.
  h264Crf: 20,
};

/**
 * Names a stripe among those of all captures: the time of its grab is of one clock, and differs
 * from frame to frame.
 */
export function keyOf(stripe: { timestamp: number; stripeYStart: number }): string {
  return `${stripe.timestamp}:${stripe.stripeYStart}`;
}

/** A capture as a source, which remembers all that it has handed out. */
export class TeedSource implements StripeSource {
  readonly codecs: StripeSource["codecs"];
  /** Of all starts, in the order of their handing out. */
  readonly sent = new Map<string, SentStripe>();
  readonly startedCodecs: Codec[] = [];
  readonly running = new Set<Codec>();
  keyframeRequests = 0;
  readonly #source: StripeSource;
  readonly #feeds: StripeFeed[] = [];

  constructor(settings: CaptureSettings = {}) {
    this.#source = captureSource(new ScreenCapture({ ...SETTINGS, ...settings }));
    this.codecs = this.#source.codecs;
  }

  open(codec: Codec): StripeFeed {
    const feed = this.#source.open(codec);
    this.#feeds.push(feed);
    return {
      nowUs: () => feed.nowUs(),
      start: async (sink) => {
        this.startedCodecs.push(codec);
        await feed.start(this.#tee(sink));
        this.running.add(codec);
      },
      stop: async () => {
        await feed.stop();
        this.running.delete(codec);
      },
      requestKeyframe: () => {
        this.keyframeRequests += 1;
        feed.requestKeyframe();
      },
    };
  }

  /** Asks the captures that run for keyframes, as nobody else does. */
  requestKeyframe(): void {
    for (const feed of this.#feeds) feed.requestKeyframe();
  }

  /**
   * The exact time of the stripe of a frame that was grabbed near `nearUs`, by the low 16 bits of its
   * number; NaN where there is none.
   */
  timestampOf(frameId: number, y: number, nearUs: number): number {
    const suffix = `:${y}`;
    const keys = [...this.sent].filter(
      ([key, sent]) => key.endsWith(suffix) && (sent.frameId & 0xffff) === frameId,
    );
    const times = keys.map(([key]) => Number.parseInt(key, 10));
    return times.find((timeUs) => Math.abs(timeUs - nearUs) < 500_000) ?? Number.NaN;
  }

  #tee(sink: FeedSink): FeedSink {
    return {
      screen: (screen) => sink.screen(screen),
      stripe: (stripe) => {
        this.#note(stripe);
        sink.stripe(stripe);
      },
      endFrame: (frameId) => sink.endFrame(frameId),
      gap: () => sink.gap(),
      fail: (error) => sink.fail(error),
    };
  }

  #note(stripe: FeedStripe): void {
    const { frameId, stripeYStart: y, keyframe, data } = stripe;
    this.sent.set(keyOf(stripe), { frameId, y, keyframe, data: data.slice() });
  }
}
