// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, monotonicUs, ScreenCapture, type Stripe } from "../../src/index.ts";
import type { Codec, FeedSink, StripeFeed, StripeSource } from "../../src/server/feed.ts";

/** A stripe as the capture handed it out, copied. */
export interface SentStripe {
  readonly frameId: number;
  readonly y: number;
  readonly keyframe: boolean;
  readonly data: Uint8Array;
}

/** A picture of 30 changes a second. */
export const MOVING = "synthetic://640x480@30";

/** Few rows, since each is decoded by a process of its own. */
const SETTINGS = { display: MOVING, stripeHeight: 96 } as const;

/**
 * Names a stripe among those of all captures: the time of its grab is of one clock, and differs
 * from frame to frame.
 */
export function keyOf(stripe: { timestamp: number; stripeYStart: number }): string {
  return `${stripe.timestamp}:${stripe.stripeYStart}`;
}

/** A source of real captures, which remembers all that it has handed out. */
export class TeedSource implements StripeSource {
  readonly codecs = ["h264", "jpeg"] as const;
  /** Of all starts, in the order of their handing out. */
  readonly sent = new Map<string, SentStripe>();
  readonly startedCodecs: Codec[] = [];
  runningCount = 0;
  keyframeRequests = 0;
  lastFrameId = -1;
  readonly #settings: CaptureSettings;
  readonly #feeds: StripeFeed[] = [];

  constructor(settings: CaptureSettings = {}) {
    this.#settings = settings;
  }

  open(codec: Codec): StripeFeed {
    const feed = new TeedFeed(this, { ...SETTINGS, ...this.#settings, outputMode: codec });
    this.#feeds.push(feed);
    return feed;
  }

  /** Asks the captures that run for keyframes, as nobody else does. */
  requestKeyframe(): void {
    for (const feed of this.#feeds) feed.requestKeyframe();
  }

  note(stripe: Stripe): void {
    const { frameId, stripeYStart: y, keyframe, data } = stripe;
    this.sent.set(keyOf(stripe), { frameId, y, keyframe, data: data.slice() });
  }
}

class TeedFeed implements StripeFeed {
  readonly #source: TeedSource;
  readonly #settings: CaptureSettings;
  #capture: ScreenCapture | undefined;

  constructor(source: TeedSource, settings: CaptureSettings) {
    this.#source = source;
    this.#settings = settings;
  }

  nowUs(): number {
    return monotonicUs();
  }

  async start(sink: FeedSink): Promise<void> {
    const capture = new ScreenCapture(this.#settings);
    this.#capture = capture;
    const source = this.#source;
    source.startedCodecs.push(capture.settings.outputMode);
    capture.on("frame", ({ frameId }) => {
      sink.endFrame(frameId);
      source.lastFrameId = frameId;
    });
    let size = "";
    await capture.start((stripe) => {
      const { width, height } = capture;
      if (size !== `${width} ${height}`) {
        sink.screen({ width, height, codec: capture.settings.outputMode });
      }
      size = `${width} ${height}`;
      source.note(stripe);
      sink.stripe(stripe);
    });
    source.runningCount += 1;
  }

  async stop(): Promise<void> {
    const capture = this.#capture;
    this.#capture = undefined;
    if (capture?.running) this.#source.runningCount -= 1;
    await capture?.stop();
  }

  requestKeyframe(): void {
    this.#source.keyframeRequests += 1;
    if (this.#capture?.running) this.#capture.requestKeyframe();
  }
}
