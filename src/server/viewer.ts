// SPDX-License-Identifier: MPL-2.0
/** One viewer of a channel: what it gets, and what is held back from it. */
import type { ServerWebSocket } from "bun";
import type { CursorImages } from "./cursor-images.ts";
import { type CursorOutlet, CursorSender } from "./cursor-sender.ts";
import type { Codec, FeedCursor, FeedScreen, FeedStripe } from "./feed.ts";
import { InFlight } from "./in-flight.ts";
import { type CachedRow, copySource, isComplete } from "./row-cache.ts";
import { type Band, BrokenRows } from "./rows.ts";

/** A viewer that asks for keyframes more often is made to wait: all pay for them. */
const KEYFRAME_INTERVAL_MS = 1000;

/** What came of one frame at a time, to be sent at once. */
export interface Segment {
  readonly frameId: number;
  /** When the frame's pixels were grabbed, in µs of the feed's clock. */
  readonly timestampUs: number;
  /** The first segment of its frame. */
  readonly begins: boolean;
  /** The last one. */
  readonly ends: boolean;
  readonly stripes: readonly FeedStripe[];
  /** The messages around a frame's stripes. */
  readonly beginText: string;
  readonly endText: string;
}

/** What a viewer needs of its channel. */
export interface ViewerHost {
  readonly codec: Codec;
  /** Bytes that may wait for one viewer. */
  readonly budgetBytes: number;
  readonly lagMs: number;
  readonly cursorImages: CursorImages;
  /** Present time in µs, on the clock of the stripes' timestamps. */
  nowUs(): number;
  /** @param isFirst - the viewer has not seen anything yet, or again. */
  requestKeyframe(isFirst: boolean): void;
  /** The whole present picture, where it is kept; `undefined` while a frame is coming in, too. */
  picture(): Picture | undefined;
}

/** The present picture as a frame of its own. */
export interface Picture {
  readonly frameId: number;
  readonly timestampUs: number;
  readonly beginText: string;
  readonly endText: string;
  readonly rows: readonly CachedRow[];
}

/** What is known of one viewer; see `FanoutStats`. */
export interface ViewerStats {
  /** Counts viewers from 1. */
  readonly id: number;
  /** The other end's address, `undefined` where it is not known. */
  readonly address: string | undefined;
  /** Of the stream that it gets. */
  readonly codec: Codec;
  /** Since it came, in ms. */
  readonly connectedMs: number;
  /** Handed to its socket so far; what waits there now. */
  readonly sentBytes: number;
  readonly bufferedBytes: number;
  /** Frames sent to it, and held back from it. */
  readonly frames: number;
  readonly framesHeld: number;
  /** How often complete stripes were asked for on its behalf. */
  readonly keyframeRequests: number;
  /** Messages of the pointer sent to it. */
  readonly cursorMessages: number;
  /** From the grab of the frame it acknowledged last to the acknowledgement's arrival, in ms. */
  readonly latencyMs: number | undefined;
  /** It has asked for nothing to be sent. */
  readonly paused: boolean;
  /** Frames have been held back from it, and its picture is not complete again. */
  readonly behind: boolean;
}

/**
 * One viewer. A frame is sent to it as a whole or not at all, and never waited
 * for: past its budget, or while the frames it has acknowledged are too old,
 * frames are held back and the rows they changed are broken. A broken row gets
 * nothing but what is complete in itself; that is asked for as soon as there is
 * room again, or taken from the kept picture where there is one.
 */
export class Viewer {
  readonly id: number;
  readonly #socket: ServerWebSocket<unknown>;
  readonly #host: ViewerHost;
  readonly #address: string | undefined;
  readonly #sinceMs = performance.now();
  readonly #inFlight: InFlight;
  readonly #cursor: CursorSender;
  #screen: FeedScreen | undefined;
  #rows = new BrokenRows(0);
  #takesFrame = false;
  /** The message that begins the present frame has been sent. */
  #begun = false;
  #paused = false;
  /** Until its first complete picture, and the first after a pause. */
  #seesNothing = true;
  #heldSinceTick = false;
  /** What waits in the socket last moved. */
  #progressMs = performance.now();
  #backlogged = false;
  #closeCode: number | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #counts = { sentBytes: 0, frames: 0, framesHeld: 0, keyframeRequests: 0 };

  constructor(
    id: number,
    socket: ServerWebSocket<unknown>,
    host: ViewerHost,
    address: string | undefined,
  ) {
    this.id = id;
    this.#socket = socket;
    this.#host = host;
    this.#address = address;
    this.#inFlight = new InFlight(host.lagMs);
    const outlet: CursorOutlet = {
      send: (data) => this.#send(data),
      sentBytes: () => this.#counts.sentBytes,
      bufferedBytes: () => socket.getBufferedAmount(),
      isPaused: () => this.#paused,
    };
    this.#cursor = new CursorSender(outlet, host.cursorImages);
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Sends a text message. */
  tell(text: string): void {
    this.#send(text);
  }

  /** The viewer draws the pointer itself: it is told of it from here on. */
  wantCursor(): void {
    this.#cursor.want();
  }

  showCursor(cursor: FeedCursor | undefined): void {
    this.#cursor.show(cursor);
  }

  /** What follows is of another size or codec, or of a stream begun anew: complete at first. */
  begin(screen: FeedScreen, text: string): void {
    this.#screen = screen;
    this.#rows = new BrokenRows(screen.height);
    this.#takesFrame = false;
    this.tell(text);
  }

  /** Sends what this viewer can use of a part of a frame. Copies; the stripes may go. */
  take(segment: Segment): void {
    if (segment.begins) {
      this.#begun = false;
      this.#takesFrame = this.#hasRoom();
      if (!this.#takesFrame) this.#hold();
    }
    if (!this.#takesFrame) {
      for (const stripe of segment.stripes) this.#rows.break(bandOf(stripe));
      return;
    }
    const wanted = segment.stripes.filter((stripe) => this.#accepts(stripe));
    if (wanted.length === 0 && !(segment.ends && this.#begun)) return;
    this.#socket.cork(() => {
      if (!this.#begun) this.#beginFrame(segment);
      for (const stripe of wanted) this.#sendBand(bandOf(stripe), stripe.data);
      if (segment.ends) this.#send(segment.endText);
    });
  }

  /** Stripes have been lost on the way here. */
  gap(): void {
    this.#rows.breakAll();
    this.#takesFrame = false;
  }

  /** Has broken rows shown again: out of the kept picture, or by a keyframe. To be called between frames. */
  mend(): void {
    this.#cursor.flush();
    if (!this.#rows.any) this.#seesNothing = false;
    if (!this.#rows.any || this.#screen === undefined || !this.#hasRoom()) return;
    const picture = this.#host.picture();
    if (picture) this.#show(picture);
    else this.requestKeyframe();
  }

  /** Asks for complete stripes, now or as soon as the last request is a second ago. */
  requestKeyframe(): void {
    if (this.#askTimer !== undefined) return;
    const waitMs = this.#askedMs + KEYFRAME_INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.#askNow();
    else this.#askTimer = setTimeout(() => this.#askNow(), waitMs);
  }

  /**
   * The viewer wants everything anew, from the source, whatever has been sent to it: that is not
   * waited for, since it may be what the viewer cannot use.
   */
  restart(): void {
    this.#rows.breakAll();
    this.#inFlight.clear();
    this.requestKeyframe();
  }

  acknowledge(frameId: number): void {
    this.#inFlight.acknowledge(frameId, performance.now(), this.#host.nowUs());
    this.mend();
  }

  /** @returns whether that was news. */
  pause(): boolean {
    if (this.#paused) return false;
    this.#paused = true;
    this.#takesFrame = false;
    this.#rows.breakAll();
    return true;
  }

  /** @returns whether that was news. */
  resume(): boolean {
    if (!this.#paused) return false;
    this.#paused = false;
    this.#seesNothing = true;
    this.#inFlight.clear();
    this.mend();
    return true;
  }

  /** The socket has written some of what waited. */
  drained(): void {
    this.#progressMs = performance.now();
    this.mend();
  }

  /** How long what waits for this viewer has not moved, in ms. */
  stalledMs(nowMs: number): number {
    if (this.#socket.getBufferedAmount() === 0) this.#progressMs = nowMs;
    return nowMs - this.#progressMs;
  }

  /** Whether frames were held back since it was last asked for. */
  takeHeld(): boolean {
    const held = this.#heldSinceTick || (this.#rows.any && !this.#paused && !this.#hasRoom());
    this.#heldSinceTick = false;
    return held;
  }

  /** Why we have closed it; `undefined` where we have not. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  close(code: number, reason: string): void {
    this.#closeCode = code;
    this.#socket.close(code, reason);
  }

  /** The connection has ended. */
  gone(): void {
    clearTimeout(this.#askTimer);
  }

  stats(): ViewerStats {
    return {
      ...{ id: this.id, address: this.#address, codec: this.#host.codec },
      connectedMs: performance.now() - this.#sinceMs,
      bufferedBytes: this.#socket.getBufferedAmount(),
      ...this.#counts,
      cursorMessages: this.#cursor.count,
      latencyMs: this.#inFlight.latencyMs,
      paused: this.#paused,
      behind: this.#rows.any && !this.#paused,
    };
  }

  #hasRoom(): boolean {
    if (this.#paused) return false;
    if (this.#socket.getBufferedAmount() > this.#host.budgetBytes) return false;
    return this.#inFlight.hasRoom(performance.now());
  }

  #hold(): void {
    this.#counts.framesHeld += 1;
    this.#heldSinceTick = !this.#paused;
  }

  /** Whether the viewer can use a stripe. Rows of one that it cannot are broken. */
  #accepts(stripe: FeedStripe): boolean {
    const screen = this.#screen;
    if (screen === undefined) return false;
    const band = bandOf(stripe);
    if (isComplete(stripe, screen.width)) {
      this.#rows.mend(band);
      return true;
    }
    const builds = stripe.type === "copy" ? [band, copySource(stripe)] : [band];
    if (!this.#rows.any || !builds.some((part) => this.#rows.touches(part))) return true;
    this.#rows.break(band);
    return false;
  }

  #show(picture: Picture): void {
    const broken = picture.rows.filter((row) => this.#rows.touches(row));
    this.#socket.cork(() => {
      this.#beginFrame(picture);
      for (const row of broken) {
        this.#rows.mend(row);
        this.#sendBand(row, row.data);
      }
      this.#send(picture.endText);
    });
  }

  #beginFrame({ frameId, timestampUs, beginText }: Picture | Segment): void {
    this.#begun = true;
    this.#counts.frames += 1;
    this.#inFlight.add(frameId, performance.now(), timestampUs);
    this.#send(beginText);
  }

  #sendBand(band: Band, data: Uint8Array): void {
    if (!this.#send(data)) this.#rows.break(band);
  }

  /** False where the socket's own limit, far above the budget, has refused it, or it is closed. */
  #send(data: string | Uint8Array): boolean {
    const status = this.#socket.send(data as string | Uint8Array<ArrayBuffer>);
    if (status === 0) return false;
    this.#counts.sentBytes += data.length;
    if (status < 0 && !this.#backlogged) this.#progressMs = performance.now();
    this.#backlogged = status < 0;
    return true;
  }

  #askNow(): void {
    this.#askTimer = undefined;
    if (this.#paused) return;
    this.#askedMs = performance.now();
    this.#counts.keyframeRequests += 1;
    this.#host.requestKeyframe(this.#seesNothing);
  }
}

function bandOf({ stripeYStart: y, stripeHeight: height }: FeedStripe): Band {
  return { y, height };
}
