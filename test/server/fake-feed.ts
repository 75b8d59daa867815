// SPDX-License-Identifier: MPL-2.0
/** A feed and sockets that do what the test says, for the fan-out's own rules. */
import type { ServerWebSocket } from "bun";
import type { Quality } from "../../src/client/messages.ts";
import type {
  Codec,
  FeedScreen,
  FeedSink,
  FeedStripe,
  PaceStep,
  StripeFeed,
  StripeSource,
} from "../../src/server/feed.ts";
import { isCursorMessage, parseCursor, writeHeader } from "../../src/wire.ts";

export const SCREEN = { width: 64, height: 48 } as const;
const ROW_PX = 16;
/** First rows of the screen's stripes. */
export const ROWS = [0, 16, 32] as const;

/** A stripe whose payload is one byte. */
export class FakeStripe implements FeedStripe {
  readonly x: number = 0;
  readonly width: number = SCREEN.width;
  readonly stripeHeight: number = ROW_PX;
  readonly timestamp: number;
  readonly data: Uint8Array;
  released = false;

  constructor(
    readonly type: Codec | "copy",
    readonly frameId: number,
    readonly stripeYStart: number,
    readonly keyframe: boolean,
    place: { x?: number; width?: number; sourceY?: number; isExtended?: boolean } = {},
  ) {
    Object.assign(this, place);
    this.timestamp = frameId * 1000;
    const isExtended = place.isExtended === true || type === "copy";
    const size = { width: this.width, height: this.stripeHeight };
    const common = { frameId, x: this.x, y: stripeYStart, ...size };
    const head = new Uint8Array(14);
    const frameType = keyframe ? "idr" : "inter";
    const header = type === "h264" ? { type, frameType, ...common } : { type, ...common };
    const kind = isExtended ? "extended" : "pixelflux";
    const length = writeHeader(head, header as Parameters<typeof writeHeader>[1], kind);
    const { sourceY = 0 } = place;
    const payload = type === "copy" ? [0, 0, sourceY >> 8, sourceY & 0xff] : [frameId & 0xff];
    this.data = Uint8Array.from([...head.subarray(0, length), ...payload]);
  }

  release(): void {
    this.released = true;
  }
}

/** Counts what is asked of it; the test calls its sink. */
export class FakeFeed implements StripeFeed {
  sink: FeedSink | undefined;
  starts = 0;
  stops = 0;
  keyframeRequests = 0;
  paces: [PaceStep, Quality][] = [];
  refusesStart: Error | undefined;
  readonly stripes: FakeStripe[] = [];
  readonly #codec: Codec;
  #frameId = -1;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  nowUs(): number {
    return performance.now() * 1000;
  }

  async start(sink: FeedSink): Promise<void> {
    this.starts += 1;
    if (this.refusesStart) throw this.refusesStart;
    this.sink = sink;
  }

  async stop(): Promise<void> {
    this.stops += 1;
    this.sink = undefined;
  }

  requestKeyframe(): void {
    this.keyframeRequests += 1;
  }

  setPace(step: PaceStep, quality: Quality): void {
    this.paces.push([step, quality]);
  }

  show(screen: Partial<FeedScreen> = {}): void {
    this.sink?.screen({ ...SCREEN, codec: this.#codec, ...screen });
  }

  /** One frame of these rows, those with "!" complete, and its end. */
  async frame(...rows: string[]): Promise<number> {
    this.#frameId += 1;
    for (const row of rows) {
      const keyframe = row.endsWith("!") || this.#codec === "jpeg";
      this.hand(new FakeStripe(this.#codec, this.#frameId, Number.parseInt(row, 10), keyframe));
    }
    await Promise.resolve();
    this.sink?.endFrame(this.#frameId);
    return this.#frameId;
  }

  hand(stripe: FakeStripe): void {
    this.stripes.push(stripe);
    this.sink?.stripe(stripe);
  }

  /** Stripes that have been handed out and not been released. */
  get heldRows(): number[] {
    return this.stripes.filter((s) => !s.released).map((s) => s.stripeYStart);
  }
}

export class FakeSource implements StripeSource {
  readonly codecs: readonly [Codec, ...Codec[]];
  readonly feeds = new Map<Codec, FakeFeed>();

  constructor(...codecs: [Codec, ...Codec[]]) {
    this.codecs = codecs;
  }

  open(codec: Codec): FakeFeed {
    const feed = new FakeFeed(codec);
    this.feeds.set(codec, feed);
    return feed;
  }
}

/**
 * A socket that keeps what it is sent in words: rows as `frameId/y`, with "!" where
 * complete; the pointer as `image id` and `pointer x,y id`.
 */
export class FakeSocket {
  readonly sent: string[] = [];
  bufferedBytes = 0;
  refuses = false;
  closed: [number, string] | undefined;
  onClose: () => void = () => undefined;

  get asSocket(): ServerWebSocket<unknown> {
    return this as unknown as ServerWebSocket<unknown>;
  }

  getBufferedAmount(): number {
    return this.bufferedBytes;
  }

  cork(callback: () => void): void {
    callback();
  }

  send(data: string | Uint8Array): number {
    if (this.refuses) return 0;
    this.sent.push(typeof data === "string" ? words(data) : stripeWords(data));
    return this.bufferedBytes > 0 ? -1 : data.length;
  }

  close(code: number, reason: string): void {
    if (this.closed !== undefined) return;
    this.closed = [code, reason];
    this.onClose();
  }

  /** The stripes among what was sent. */
  get stripes(): string[] {
    return this.sent.filter((text) => /^\d/.test(text));
  }

  clear(): void {
    this.sent.length = 0;
  }
}

function words(text: string): string {
  const { type, frameId } = JSON.parse(text);
  return frameId === undefined ? type : `${type} ${frameId}`;
}

function stripeWords(data: Uint8Array): string {
  if (isCursorMessage(data)) return cursorWords(data);
  const view = new DataView(data.buffer, data.byteOffset);
  if (data[0] === 3) return `${view.getUint16(2)}/${view.getUint16(4)}!`;
  if (data[0] === 4) return `${view.getUint16(2)}/${view.getUint16(4)}${data[1] === 1 ? "!" : ""}`;
  const kind = ["jpeg", "h264", "copy"][(data[1] ?? 0) & 3];
  return `${view.getUint32(2)}/${view.getUint16(8)} ${kind}`;
}

function cursorWords(data: Uint8Array): string {
  const cursor = parseCursor(data);
  if (cursor.type === "cursor-image") return `image ${cursor.id}`;
  return cursor.visible ? `pointer ${cursor.x},${cursor.y} ${cursor.imageId}` : "no pointer";
}
