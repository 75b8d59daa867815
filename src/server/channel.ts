// SPDX-License-Identifier: MPL-2.0
/** One codec's stream and those who watch it. */
import type { FrameMessage, Quality, ScreenMessage } from "../client/messages.ts";
import { CLOSE_CODES } from "../client/messages.ts";
import { CursorImages } from "./cursor-images.ts";
import type { Codec, FeedCursor, FeedScreen, FeedSink, FeedStripe, StripeFeed } from "./feed.ts";
import type { ResolvedOptions } from "./options.ts";
import { PaceKeeper } from "./pace.ts";
import { isComplete, RowCache } from "./row-cache.ts";
import type { Picture, Segment, Viewer, ViewerHost } from "./viewer.ts";

/** A budget, where the options name none: two seconds of the stream, and at least this. */
const BUDGET_BYTES_MIN = 4 << 20;
const BUDGET_SECONDS = 2;
/** Keyframe requests of all viewers within this time count once: of those that see nothing yet… */
const FIRST_INTERVAL_MS = 200;
/** …and of those that have fallen behind. Keyframes go to everybody, and put more of them behind. */
const MEND_INTERVAL_MS = 1000;
/** First byte of the header kind whose stripes may cover a part of their rows only. */
const EXTENDED_MARK = 5;

/** What is known of one stream; see `FanoutStats`. */
export interface ChannelStats {
  /** Which one. */
  readonly codec: Codec;
  /** Whether the source runs for it now. */
  readonly running: boolean;
  /** Viewers of it now. */
  readonly viewers: number;
  /** Taken from the source since the fan-out was made. */
  readonly frames: number;
  readonly stripes: number;
  readonly bytes: number;
  /** In the last second. */
  readonly bytesPerSecond: number;
  /** Sent on to the source. */
  readonly keyframeRequests: number;
  /** How far the source has stepped down for its viewers, 0…4. */
  readonly paceStep: number;
}

/** Runs a feed while somebody watches, and hands each of its stripes to every viewer. */
export class Channel implements ViewerHost, FeedSink {
  readonly codec: Codec;
  readonly viewers = new Set<Viewer>();
  readonly cursorImages = new CursorImages();
  readonly #feed: StripeFeed;
  readonly #options: ResolvedOptions;
  readonly #pace = new PaceKeeper();
  readonly #cache = new RowCache();
  #quality: Quality = "normal";
  #screen: FeedScreen | undefined;
  #cursor: FeedCursor | undefined;

  /** Of the frame that is coming in: what has not been handed out. */
  #pending: FeedStripe[] = [];
  #frameId = -1;
  #timestampUs = 0;
  #frameOpen = false;
  #frameBegins = false;
  #flushing = false;

  #watchers = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #started = false;
  #settling: Promise<void> | undefined;
  #ending = false;
  #keyframeMs = Number.NEGATIVE_INFINITY;
  /** When the next request goes out; Infinity where there is none. */
  #keyframeDueMs = Number.POSITIVE_INFINITY;
  #keyframeTimer: ReturnType<typeof setTimeout> | undefined;
  #counts = { frames: 0, stripes: 0, bytes: 0, keyframeRequests: 0 };
  #bytesPerSecond = 0;
  #bytesBefore = 0;

  constructor(codec: Codec, feed: StripeFeed, options: ResolvedOptions) {
    this.codec = codec;
    this.#feed = feed;
    this.#options = options;
  }

  get lagMs(): number {
    return this.#options.lagMs;
  }

  get budgetBytes(): number {
    const bySpeed = Math.max(BUDGET_BYTES_MIN, BUDGET_SECONDS * this.#bytesPerSecond);
    return this.#options.budgetBytes ?? bySpeed;
  }

  nowUs(): number {
    return this.#feed.nowUs();
  }

  /** Adds a viewer, which gets a complete picture at once, or as soon as there is one. */
  join(viewer: Viewer): void {
    this.viewers.add(viewer);
    viewer.showCursor(this.#cursor);
    this.watch();
    if (this.#screen === undefined) return; // a feed that starts sends everything by itself
    viewer.begin(this.#screen, this.#screenText(this.#screen));
    viewer.mend();
  }

  leave(viewer: Viewer): void {
    this.viewers.delete(viewer);
    if (!viewer.paused) this.unwatch();
  }

  pause(viewer: Viewer): void {
    if (viewer.pause()) this.unwatch();
  }

  resume(viewer: Viewer): void {
    if (!viewer.paused) return;
    this.watch();
    viewer.resume();
  }

  /** Counts one more for whom the feed runs. */
  watch(): void {
    this.#watchers += 1;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    this.#settle();
  }

  /** Counts one less. The feed is stopped some time after the last. */
  unwatch(): void {
    this.#watchers -= 1;
    if (this.#watchers > 0 || this.#ending) return;
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined;
      this.#settle();
    }, this.#options.idleMs);
  }

  setQuality(quality: Quality): void {
    if (quality === this.#quality) return;
    this.#quality = quality;
    this.#feed.setPace?.(this.#pace.step, quality);
    this.#tellScreen();
  }

  /** To be called once a second. */
  tick(nowMs: number): void {
    this.#bytesPerSecond = this.#counts.bytes - this.#bytesBefore;
    this.#bytesBefore = this.#counts.bytes;
    const active = [...this.viewers].filter((viewer) => !viewer.paused);
    for (const viewer of active) {
      viewer.mend(); // whatever became of the last request for it
      this.#closeStalled(viewer, nowMs);
    }
    // Of every viewer: what it tells is reset by asking.
    const held = active.map((viewer) => viewer.takeHeld());
    if (!this.#options.adapt) return;
    const allBehind = held.length > 0 && !held.includes(false);
    if (this.#pace.note(nowMs, allBehind)) this.#feed.setPace?.(this.#pace.step, this.#quality);
  }

  stats(): ChannelStats {
    return {
      ...{ codec: this.codec, running: this.#started, viewers: this.viewers.size },
      ...this.#counts,
      bytesPerSecond: this.#bytesPerSecond,
      paceStep: this.#pace.step,
    };
  }

  /** Stops the feed for good; resolves when it has. */
  async end(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#keyframeTimer);
    await this.#feed.stop(); // a start that is under way gives up
    await this.#settling;
    this.#forget();
  }

  /** At once, or where the last request is too recent with the others that come meanwhile. */
  requestKeyframe(isFirst: boolean): void {
    if (this.#screen === undefined) return;
    const nowMs = performance.now();
    const earliestMs = this.#keyframeMs + (isFirst ? FIRST_INTERVAL_MS : MEND_INTERVAL_MS);
    const dueMs = Math.max(nowMs, earliestMs);
    if (dueMs >= this.#keyframeDueMs) return;
    clearTimeout(this.#keyframeTimer);
    this.#keyframeDueMs = dueMs;
    if (dueMs === nowMs) this.#askNow();
    else this.#keyframeTimer = setTimeout(() => this.#askNow(), dueMs - nowMs);
  }

  picture(): Picture | undefined {
    if (this.#frameOpen || this.#screen === undefined) return undefined;
    const frameId = this.#frameId;
    const rows = this.#cache.rows(this.#screen.height, frameId);
    if (rows === undefined) return undefined;
    // What has come to rest long ago is shown as it is now.
    const timestampUs = this.nowUs();
    return { frameId, timestampUs, ...frameTexts(frameId, timestampUs), rows };
  }

  screen(screen: FeedScreen): void {
    this.#flush(true);
    this.#screen = screen;
    this.#cache.clear();
    this.#tellScreen((viewer, text) => viewer.begin(screen, text));
  }

  stripe(stripe: FeedStripe): void {
    if (!this.#frameOpen || stripe.frameId !== this.#frameId) this.#openFrame(stripe);
    this.#counts.stripes += 1;
    this.#counts.bytes += stripe.data.length;
    this.#showOwner(stripe);
    this.#pending.push(stripe);
    if (this.#flushing) return;
    // Stripes of one drain come in one task: they go out together.
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#pending.length > 0) this.#flush(false);
    });
  }

  endFrame(frameId: number): void {
    if (!this.#frameOpen || frameId !== this.#frameId) return;
    this.#flush(true);
    for (const viewer of this.viewers) viewer.mend();
  }

  cursor(cursor: FeedCursor | undefined): void {
    this.#cursor = cursor;
    for (const viewer of this.viewers) viewer.showCursor(cursor);
  }

  gap(): void {
    this.#flush(true);
    this.#cache.clear();
    for (const viewer of this.viewers) viewer.gap();
    for (const viewer of this.viewers) viewer.mend();
  }

  fail(error: unknown): void {
    this.#started = false;
    this.#forget();
    const message = error instanceof Error ? error.message : String(error);
    const text = JSON.stringify({ type: "failure", message });
    for (const viewer of this.viewers) {
      viewer.tell(text);
      viewer.close(CLOSE_CODES.failed, "the capture has failed");
    }
    this.#options.onError(error);
  }

  /** What the owner's function throws is told, and keeps the stripe from nobody. */
  #showOwner(stripe: FeedStripe): void {
    try {
      this.#options.onStripe?.(stripe);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #openFrame({ frameId, timestamp }: FeedStripe): void {
    this.#flush(true);
    this.#counts.frames += 1;
    this.#frameId = frameId;
    this.#timestampUs = timestamp;
    this.#frameOpen = true;
    this.#frameBegins = true;
  }

  /** Hands out what has come of the present frame; `ends` where no more of it comes. */
  #flush(ends: boolean): void {
    if (!this.#frameOpen) return;
    const stripes = this.#pending;
    this.#pending = [];
    const { frameId, timestampUs } = { frameId: this.#frameId, timestampUs: this.#timestampUs };
    const texts = frameTexts(frameId, timestampUs);
    const begins = this.#frameBegins;
    const segment: Segment = { frameId, timestampUs, begins, ends, stripes, ...texts };
    this.#frameBegins = false;
    this.#frameOpen = !ends;
    for (const viewer of this.viewers) viewer.take(segment);
    for (const stripe of stripes) this.#keepOrRelease(stripe);
  }

  #keepOrRelease(stripe: FeedStripe): void {
    const screen = this.#screen;
    const keeps = stripe.type === "jpeg" && stripe.data[0] !== EXTENDED_MARK;
    if (keeps && screen !== undefined && isComplete(stripe, screen.width)) this.#cache.add(stripe);
    else stripe.release();
  }

  #tellScreen(tell = (viewer: Viewer, text: string) => viewer.tell(text)): void {
    if (this.#screen === undefined) return;
    const text = this.#screenText(this.#screen);
    for (const viewer of this.viewers) tell(viewer, text);
  }

  #screenText({ width, height, codec: mode }: FeedScreen): string {
    const { codecs, viewerQuality } = this.#options;
    const quality = viewerQuality && this.#feed.setPace ? { quality: this.#quality } : {};
    const message: ScreenMessage = { type: "screen", width, height, mode, codecs, ...quality };
    return JSON.stringify(message);
  }

  #closeStalled(viewer: Viewer, nowMs: number): void {
    const { stallMs } = this.#options;
    if (viewer.stalledMs(nowMs) < stallMs) return;
    const reason = `nothing has been read for ${Math.round(stallMs / 1000)} s`;
    viewer.close(CLOSE_CODES.tooSlow, reason);
  }

  #askNow(): void {
    this.#keyframeTimer = undefined;
    this.#keyframeDueMs = Number.POSITIVE_INFINITY;
    this.#keyframeMs = performance.now();
    this.#counts.keyframeRequests += 1;
    this.#feed.requestKeyframe();
  }

  get #wanted(): boolean {
    return (this.#watchers > 0 || this.#idleTimer !== undefined) && !this.#ending;
  }

  /** Starts or stops the feed, one after the other, until it is as it should be. */
  #settle(): void {
    if (this.#settling !== undefined || this.#started === this.#wanted) return;
    this.#settling = this.#startOrStop();
  }

  async #startOrStop(): Promise<void> {
    try {
      while (this.#started !== this.#wanted) {
        if (this.#started) {
          await this.#feed.stop();
          this.#started = false;
          this.#forget();
        } else {
          await this.#feed.start(this);
          this.#started = true;
        }
      }
    } catch (error) {
      if (!this.#ending) this.fail(error); // the next viewer tries again
    } finally {
      this.#settling = undefined;
    }
  }

  /** Nothing of what was shown counts any more. */
  #forget(): void {
    for (const stripe of this.#pending) stripe.release();
    this.#pending = [];
    this.#frameOpen = false;
    this.#cache.clear();
    this.#screen = undefined;
    this.cursor(undefined);
  }
}

function frameTexts(frameId: number, timestamp: number): { beginText: string; endText: string } {
  const id = frameId & 0xffff;
  const begin: FrameMessage = { type: "frame", frameId: id, timestamp };
  return { beginText: JSON.stringify(begin), endText: `{"type":"end","frameId":${id}}` };
}
