// SPDX-License-Identifier: MPL-2.0
/** Where a fan-out gets its stripes: the interfaces between it and a capture, or whatever else has any. */

import type { Quality } from "../client/messages.ts";

/** The codec of a stream of stripes. */
export type Codec = "jpeg" | "h264";

/** How much less than asked for a capture does for viewers that cannot keep up; 0 is all of it. */
export type PaceStep = 0 | 1 | 2 | 3 | 4;

/** One stripe with its wire header. A `Stripe` of a capture is one. */
export interface FeedStripe {
  /** What its payload is. */
  readonly type: Codec | "copy";
  /** The captured frame's number, 32 bits; stripes of one frame share it. */
  readonly frameId: number;
  /** The rectangle that it covers, in px of the picture. */
  readonly x: number;
  readonly stripeYStart: number;
  readonly width: number;
  readonly stripeHeight: number;
  /** Decodes without an earlier stripe. Never true for a copy. */
  readonly keyframe: boolean;
  /** When its pixels were grabbed, in µs of {@link StripeFeed.nowUs}. */
  readonly timestamp: number;
  /** Header and payload. Readable until `release()`. */
  readonly data: Uint8Array;
  /** Gives the bytes back. May be repeated. */
  release(): void;
}

/** The picture that stripes are parts of. */
export interface FeedScreen {
  /** In px. */
  readonly width: number;
  readonly height: number;
  /** Of the stripes. */
  readonly codec: Codec;
}

/** An image of the pointer: the same object each time that it has this one. */
export interface FeedCursorImage {
  /** In px, 1…256. */
  readonly width: number;
  readonly height: number;
  /** The hot spot, from the image's top left corner, in px; it lies in the image. */
  readonly hotX: number;
  readonly hotY: number;
  /** RGBA, a byte each, not premultiplied; rows top-down. Never changed. */
  readonly pixels: Uint8Array;
}

/** The pointer where it is no part of the stripes. A `CursorState` of a capture is one. */
export interface FeedCursor {
  /** The hot spot in px of the picture. */
  readonly x: number;
  readonly y: number;
  /** Whether any of it is to be seen in the picture. */
  readonly visible: boolean;
  /** There where it is visible. */
  readonly image: FeedCursorImage | undefined;
}

/** What a running feed calls, on the thread that started it. Nothing here throws. */
export interface FeedSink {
  /** Of the stripes that follow: before the first one, and with each change. */
  screen(screen: FeedScreen): void;
  /** The stripe is the sink's to release. Frames come one after the other, copies first in theirs. */
  stripe(stripe: FeedStripe): void;
  /** Every stripe of this frame, and of those before it, has been handed out. */
  endFrame(frameId: number): void;
  /** Stripes have been lost on the way: no H.264 row goes on before its next keyframe. */
  gap(): void;
  /**
   * The pointer, as it is now: beside the stripes and at any time, also before the
   * first. Left out where it is of no use to the sink.
   */
  cursor?(cursor: FeedCursor): void;
  /** The feed has ended by itself; it may be started again. */
  fail(error: unknown): void;
}

/** One stream of stripes that can be started and stopped, again and again. */
export interface StripeFeed {
  /** Present time in µs, on the clock of the stripes' timestamps. */
  nowUs(): number;
  /**
   * Starts; the first frame is complete.
   *
   * @returns resolves when it runs; rejects where it cannot, and nothing is left then.
   */
  start(sink: FeedSink): Promise<void>;
  /** Nothing is handed out from here on. Resolves when all has been given back; never rejects. */
  stop(): Promise<void>;
  /** Has every stripe sent again, complete. Without effect while it does not run. */
  requestKeyframe(): void;
  /** Changes what is captured from the next frame on; left out where the feed cannot. */
  setPace?(step: PaceStep, quality: Quality): void;
}

/** Where feeds come from: a capture, or a subscription to one on another machine. */
export interface StripeSource {
  /** What it has; the first is for viewers that do not choose. */
  readonly codecs: readonly [Codec, ...Codec[]];
  /** Opens the stream of one of `codecs`; called once for each that is wanted. */
  open(codec: Codec): StripeFeed;
}
