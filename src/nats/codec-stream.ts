// SPDX-License-Identifier: MPL-2.0
/** The publisher's side of one codec: its feed, who watches it, and what is sent of it. */
import type {
  Codec,
  FeedScreen,
  FeedSink,
  FeedStripe,
  StripeFeed,
  StripeSource,
} from "../server/feed.ts";
import { CursorPublisher, cursorHeaders } from "./cursor-message.ts";
import { RequestMerger } from "./merger.ts";
import { drawId, type Notice, noticeHeaders, noticePayload, rowHeaders } from "./message.ts";
import { cut } from "./parts.ts";
import type { SendWindow } from "./send-window.ts";
import { type CodecSubjects, codecSubjects } from "./subjects.ts";
import { Watchers } from "./watchers.ts";

/** Requests for keyframes within this time count once. */
const KEYFRAME_INTERVAL_MS = 200;
/** A stream that is silent sends a sign of life as often, so that a loss is noticed at rest too. */
const BEAT_MS = 250;
/** A feed that has failed is not started again before that. */
const RETRY_MS = 1000;

/** Counters of one codec of a publisher, all since `publishStripes`. */
export interface PublishedCodecStats {
  /** Which one. */
  readonly codec: Codec;
  /** Whether its feed runs now, and the gateways that watch it now. */
  readonly running: boolean;
  /** Gateways that watch it now. */
  readonly gateways: number;
  /** Stripes and frames handed to the connection, and the stripes' bytes. */
  readonly stripes: number;
  readonly frames: number;
  readonly bytes: number;
  /** Messages that were dropped because no server was there, or too much waited for it. */
  readonly dropped: number;
  /** Keyframes that gateways asked for, and those that the feed was asked for. */
  readonly keyframeRequests: number;
  readonly keyframes: number;
  /** Starts of the feed, and those of them that failed or ended by themselves. */
  readonly starts: number;
  readonly failures: number;
}

/** What a stream needs of its publisher. */
export interface StreamHost {
  readonly subject: string;
  readonly source: StripeSource;
  readonly window: SendWindow;
  readonly idleMs: number;
  onError(error: unknown): void;
}

/** One start of the feed. */
class Run {
  readonly epoch = drawId();
  readonly cursor: CursorPublisher;
  sequence = 0;
  screen: FeedScreen | undefined;

  /** @param sendCursor - false where it was dropped. */
  constructor(sendCursor: (epoch: string, data: Uint8Array) => boolean) {
    this.cursor = new CursorPublisher((data) => sendCursor(this.epoch, data));
  }
}

/** Runs one feed while somebody watches, and publishes what it hands out. */
export class CodecStream {
  readonly codec: Codec;
  readonly #host: StreamHost;
  readonly #subjects: CodecSubjects;
  readonly #watchers = new Watchers();
  readonly #keyframes = new RequestMerger(KEYFRAME_INTERVAL_MS, () => this.#serveKeyframe());
  readonly #counts = {
    ...{ stripes: 0, frames: 0, bytes: 0, dropped: 0, keyframeRequests: 0, keyframes: 0 },
    ...{ starts: 0, failures: 0 },
  };
  #feed: StripeFeed | undefined;
  #run: Run | undefined;
  #ending: Promise<void> | undefined;
  #failure: { readonly words: string; readonly atMs: number } | undefined;
  #sentMs = 0;
  #closed = false;

  constructor(codec: Codec, host: StreamHost) {
    this.codec = codec;
    this.#host = host;
    this.#subjects = codecSubjects(host.subject, codec);
  }

  /** Time on the feed's clock in µs; `undefined` before anybody has watched. */
  nowUs(): number | undefined {
    return this.#feed?.nowUs();
  }

  /**
   * A gateway has told that it watches.
   *
   * @returns false where there are too many.
   */
  watch(id: string): boolean {
    const nowMs = performance.now();
    if (this.#closed || !this.#watchers.heard(id, nowMs)) return false;
    if (this.#run !== undefined || this.#ending !== undefined) return true;
    const failure = this.#failure;
    if (failure && nowMs - failure.atMs < RETRY_MS)
      this.#tellFailure(this.#newRun(), failure.words);
    else void this.#start();
    return true;
  }

  leave(id: string): void {
    this.#watchers.left(id, performance.now());
  }

  /** A gateway wants everything complete, as the first frame is that has not come yet. */
  requestKeyframe(): void {
    this.#counts.keyframeRequests += 1;
    if (this.#run !== undefined && this.#run.sequence > 0) this.#keyframes.request();
  }

  /** Called four times a second. */
  tick(nowMs: number): void {
    this.#watchers.sweep(nowMs);
    const run = this.#run;
    if (run === undefined) return;
    if (this.#watchers.count === 0 && this.#watchers.idleMs(nowMs) >= this.#host.idleMs) {
      void this.#end();
    } else if (run.screen !== undefined && nowMs - this.#sentMs >= BEAT_MS) {
      this.#notice(run, { kind: "beat", ...sizeOf(run.screen) });
    }
  }

  /** Ends for good; resolves when the feed has stopped. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#end();
  }

  stats(): PublishedCodecStats {
    const running = this.#run !== undefined;
    return { codec: this.codec, running, gateways: this.#watchers.count, ...this.#counts };
  }

  #newRun(): Run {
    return new Run((epoch, data) =>
      this.#host.window.send(this.#subjects.frame, cursorHeaders(epoch), data),
    );
  }

  async #start(): Promise<void> {
    const run = this.#newRun();
    this.#run = run;
    this.#failure = undefined;
    this.#counts.starts += 1;
    try {
      this.#feed ??= this.#host.source.open(this.codec);
      await this.#feed.start(this.#sinkOf(run));
    } catch (error) {
      this.#fail(run, error); // but for a run that has been ended meanwhile
    }
  }

  #end(): Promise<void> {
    if (this.#run === undefined) return this.#ending ?? Promise.resolve();
    this.#run = undefined;
    this.#keyframes.reset();
    this.#ending = (this.#feed?.stop() ?? Promise.resolve()).then(() => {
      this.#ending = undefined;
      if (!this.#closed && this.#watchers.count > 0) void this.#start();
    });
    return this.#ending;
  }

  #fail(run: Run, error: unknown): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    this.#keyframes.reset();
    this.#counts.failures += 1;
    const words = error instanceof Error ? error.message : String(error);
    this.#failure = { words, atMs: performance.now() };
    this.#tellFailure(run, words);
    // Their feeds end with that message; those of them that go on say so.
    this.#watchers.clear(performance.now());
    this.#host.onError(error);
  }

  #sinkOf(run: Run): FeedSink {
    const isOver = () => this.#run !== run;
    return {
      screen: (screen) => {
        if (isOver()) return;
        run.screen = screen;
        this.#notice(run, { kind: "screen", ...sizeOf(screen) });
      },
      stripe: (stripe) => {
        if (isOver()) stripe.release();
        else this.#stripe(run, stripe);
      },
      endFrame: (frameId) => {
        if (isOver() || run.screen === undefined) return;
        this.#counts.frames += 1;
        this.#notice(run, { kind: "end", frameId, ...sizeOf(run.screen) });
        this.#host.window.mark();
      },
      cursor: (cursor) => {
        if (!isOver()) run.cursor.show(cursor);
      },
      gap: () => {
        run.sequence += 1; // which gateways see as a message that is missing
      },
      fail: (error) => this.#fail(run, error),
    };
  }

  #stripe(run: Run, stripe: FeedStripe): void {
    const { window } = this.#host;
    const parts = cut(stripe.data, window.messageBytesMax);
    const subject = this.#subjects.row(stripe.stripeYStart);
    let sentCount = 0;
    for (const [index, part] of parts.entries()) {
      run.sequence += 1;
      const headers = rowHeaders(run, stripe, index + 1, parts.length);
      if (!window.send(subject, headers, part)) break;
      sentCount += 1;
    }
    if (sentCount > 0) window.keep(stripe);
    else stripe.release();
    this.#sentMs = performance.now();
    if (sentCount < parts.length) {
      this.#counts.dropped += 1;
      return;
    }
    this.#counts.stripes += 1;
    this.#counts.bytes += parts.reduce((sum, part) => sum + part.length, 0);
  }

  #notice(run: Run, notice: Notice): void {
    run.sequence += 1;
    this.#sentMs = performance.now();
    const sent = this.#host.window.send(
      this.#subjects.frame,
      noticeHeaders(run, notice),
      noticePayload(notice),
    );
    if (!sent) this.#counts.dropped += 1;
  }

  #tellFailure(run: Run, words: string): void {
    this.#notice(run, { kind: "failure", words });
  }

  /** The size goes ahead: a gateway that has just come needs it for the stripes that follow. */
  #serveKeyframe(): void {
    const run = this.#run;
    if (run === undefined) return;
    if (run.screen !== undefined) this.#notice(run, { kind: "screen", ...sizeOf(run.screen) });
    run.cursor.repeat();
    this.#counts.keyframes += 1;
    this.#feed?.requestKeyframe();
  }
}

function sizeOf({ width, height }: FeedScreen): { width: number; height: number } {
  return { width, height };
}
