// SPDX-License-Identifier: MPL-2.0
import { monotonicUs } from "../../src/index.ts";
import type {
  Codec,
  FeedSink,
  FeedStripe,
  StripeFeed,
  StripeSource,
} from "../../src/server/feed.ts";
import { writeHeader } from "../../src/wire.ts";

/** A source of JPEG stripes, if they are any, that a test hands out itself. */
export class ManualSource implements StripeSource, StripeFeed {
  readonly codecs: readonly [Codec, ...Codec[]] = ["jpeg"];
  /** Where the feed's stripes go, while it runs. */
  sink: FeedSink | undefined;
  startCount = 0;
  keyframeRequests = 0;
  /** Handed out and not given back. */
  heldBytes = 0;
  heldCount = 0;
  /** What the next start rejects with. */
  refusal: unknown;
  #frameId = 0;

  open(): StripeFeed {
    return this;
  }

  nowUs(): number {
    return monotonicUs();
  }

  async start(sink: FeedSink): Promise<void> {
    this.startCount += 1;
    if (this.refusal !== undefined) throw this.refusal;
    this.sink = sink;
    this.#frameId = 0;
  }

  async stop(): Promise<void> {
    this.sink = undefined;
  }

  requestKeyframe(): void {
    this.keyframeRequests += 1;
  }

  /**
   * Hands out one frame of one stripe that covers a picture of 640×480.
   *
   * @param data - 7 bytes and more, of which the first 6 become the header.
   */
  frame(data: Uint8Array): void {
    const { sink } = this;
    if (sink === undefined) throw new Error("the feed does not run");
    const frameId = this.#frameId++;
    writeHeader(data, { type: "jpeg", frameId, y: 0 });
    if (frameId === 0) sink.screen({ width: 640, height: 480, codec: "jpeg" });
    sink.stripe(this.#stripe(frameId, data));
    sink.endFrame(frameId);
  }

  #stripe(frameId: number, data: Uint8Array): FeedStripe {
    let isHeld = true;
    this.heldBytes += data.length;
    this.heldCount += 1;
    return {
      ...{ type: "jpeg", frameId, x: 0, stripeYStart: 0, width: 640, stripeHeight: 480 },
      ...{ keyframe: true, timestamp: Math.round(monotonicUs()), data },
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.heldBytes -= data.length;
        this.heldCount -= 1;
        data.fill(0); // whoever reads it now would see
      },
    };
  }
}
