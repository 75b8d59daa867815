// SPDX-License-Identifier: MPL-2.0
import { parseStripe, type WireH264Stripe, type WireJpegStripe } from "../wire.ts";
import { ServerClock } from "./clock.ts";
import { decodeJpeg, H264RowDecoder } from "./decoders.ts";
import { FrameQueue, type PaintedFrame, type StripeImage } from "./frames.ts";
import { parseServerMessage, type ServerMessage, type ViewerMessage } from "./messages.ts";
import { Picture } from "./picture.ts";

/** What the viewer saw in the last second. */
export interface PlayerStats {
  /** Frames painted. */
  readonly fps: number;
  /** Stripes received, and their bytes with headers. */
  readonly stripes: number;
  readonly bytes: number;
  /**
   * Median time from the grab of a frame's pixels to their being on the
   * canvas, in ms; `undefined` while no frame was painted or no ping answered.
   * What the screen's own refresh adds is not known to a page.
   */
  readonly latencyMs: number | undefined;
  /** Shortest recent round trip of a ping, in ms. */
  readonly roundTripMs: number | undefined;
}

/** Optional callbacks of a {@link StripePlayer}. */
export interface PlayerOptions {
  /** Called once a second. */
  readonly onStats?: (stats: PlayerStats) => void;
  /** Called when the screen's size or codec is known, and when it changes. */
  readonly onScreen?: (width: number, height: number, mode: "jpeg" | "h264") => void;
  /** Called once, when the connection has ended or could not be made. */
  readonly onClose?: (reason: string) => void;
  /** Called for each stripe that could not be decoded; the player mends itself. */
  readonly onDecodeError?: (error: unknown) => void;
}

/** A keyframe request is not repeated sooner. */
const KEYFRAME_INTERVAL_MS = 1000;
/** Frames that may wait for their decoders before the player starts anew. */
const QUEUED_FRAMES_MAX = 60;
/** How long a frame may wait for its decoders before the player starts anew. */
const STALL_MS = 2000;
/** Frames whose grab time is remembered until they are painted. */
const TIMESTAMP_COUNT_MAX = 256;
/** First byte of the header kind `"extended"`, and of no other that is read here. */
const EXTENDED_MARK = 5;
/** Frames are told apart by as much of their number as every header kind carries. */
const FRAME_ID_MASK = 0xffff;

/**
 * Shows a stream of stripes on a canvas.
 *
 * Takes the protocol of {@link ServerMessage}: one stripe a binary message, in
 * the header format `"pixelflux"` or `"extended"`. Whole frames appear at once: all stripes of
 * one are drawn in one task, between two paintings of the page. The canvas gets
 * the screen's true size in px; how large it is shown is up to the page's style.
 */
export class StripePlayer {
  /** Counters since the start. */
  readonly totals = { frames: 0, stripes: 0, bytes: 0, decodeErrors: 0 };

  readonly #picture: Picture;
  readonly #socket: WebSocket;
  readonly #options: PlayerOptions;
  readonly #clock = new ServerClock();
  readonly #queue = new FrameQueue((frame) => this.#paint(frame));
  /** H.264 decoders by the row that their stripes begin in. */
  readonly #rows = new Map<number, H264RowDecoder>();
  readonly #timestamps = new Map<number, number>();
  readonly #ticker: ReturnType<typeof setInterval>;
  #screen: { width: number; height: number; mode: "jpeg" | "h264" } | undefined;
  #latencies: number[] = [];
  #before = { frames: 0, stripes: 0, bytes: 0 };
  #keyframeAskedMs = Number.NEGATIVE_INFINITY;
  /** A request came too soon after the one before, and nothing has mended the picture since. */
  #keyframeDue = false;
  #closed = false;
  #reason = "the connection was lost";

  /**
   * Connects at once.
   *
   * @param canvas - Drawn on through its 2D context, opaque, sRGB.
   * @param url - A `ws:` or `wss:` address.
   */
  constructor(canvas: HTMLCanvasElement, url: string | URL, options: PlayerOptions = {}) {
    this.#picture = new Picture(canvas);
    this.#options = options;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#ping();
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = () => this.#end();
    this.#ticker = setInterval(() => this.#tick(), 1000);
  }

  /** Asks the server for every stripe, complete; at most once a second, later where need be. */
  requestKeyframe(): void {
    const now = performance.now();
    this.#keyframeDue = now - this.#keyframeAskedMs < KEYFRAME_INTERVAL_MS;
    if (this.#keyframeDue) return;
    if (this.#send({ type: "keyframe" })) this.#keyframeAskedMs = now;
  }

  /** Closes the connection and frees every decoder. The canvas keeps its picture. */
  close(): void {
    this.#reason = "closed";
    this.#socket.close();
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#startAnew();
    this.#options.onClose?.(this.#reason);
  }

  /** Forgets what is being decoded; each row waits for its next keyframe. */
  #startAnew(): void {
    this.#queue.clear();
    for (const decoder of this.#rows.values()) decoder.close();
    this.#rows.clear();
    this.#timestamps.clear();
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    if (data instanceof ArrayBuffer) {
      this.#receiveStripe(new Uint8Array(data));
      return;
    }
    const message = parseServerMessage(data);
    if (message !== undefined) this.#receiveMessage(message);
  }

  #receiveMessage(message: ServerMessage): void {
    switch (message.type) {
      case "screen":
        this.#changeScreen(message.width, message.height, message.mode);
        return;
      case "frame":
        this.#remember(message.frameId & FRAME_ID_MASK, message.timestamp);
        return;
      case "end":
        this.#queue.close(message.frameId & FRAME_ID_MASK);
        return;
      case "gap":
        this.#queue.addGap();
        return;
      case "pong":
        this.#clock.add(message.sent, performance.now(), message.timestamp);
        return;
      case "failure":
        this.#reason = message.message;
        return;
    }
  }

  #changeScreen(width: number, height: number, mode: "jpeg" | "h264"): void {
    if (mode === "h264" && typeof VideoDecoder === "undefined") {
      this.#reason = "H.264 needs WebCodecs, which browsers offer on https or localhost only";
      this.#socket.close();
      return;
    }
    // Same size and codec: the rows' streams go on, or say themselves that not.
    if (this.#screen?.width === width && this.#screen.height === height) {
      if (this.#screen.mode === mode) return;
    }
    this.#startAnew();
    this.#screen = { width, height, mode };
    this.#queue.widthPx = width;
    this.#queue.heightPx = height;
    this.#options.onScreen?.(width, height, mode);
  }

  #receiveStripe(bytes: Uint8Array): void {
    this.totals.stripes += 1;
    this.totals.bytes += bytes.length;
    const stripe = parseStripe(bytes, bytes[0] === EXTENDED_MARK ? "extended" : "pixelflux");
    const { x = 0, y, keyframe } = stripe;
    if (stripe.frameId === undefined || y === undefined) return;
    const frameId = stripe.frameId & FRAME_ID_MASK;
    if (stripe.type === "copy") {
      this.#queue.addCopy(frameId, stripe, performance.now());
    } else if (stripe.type === this.#screen?.mode) {
      const slot = this.#queue.add(frameId, { x, y, keyframe }, performance.now());
      this.#decode(stripe, y).then((image) => (image ? slot.fill(image) : slot.drop()));
    } else {
      this.#queue.addGap();
    }
    if (this.#queue.length > QUEUED_FRAMES_MAX) this.#mend();
  }

  #decode(stripe: WireJpegStripe | WireH264Stripe, y: number): Promise<StripeImage | undefined> {
    if (stripe.type === "jpeg") {
      return decodeJpeg(stripe.payload, (error) => this.#decodeFailed(error));
    }
    if (stripe.keyframe) this.#closeRowsInside(y, stripe.height ?? 0);
    return this.#rowDecoder(y).decode(stripe);
  }

  /** A keyframe has its rows to itself: a stream that begins inside them is of an older cut. */
  #closeRowsInside(y: number, height: number): void {
    for (const [start, decoder] of this.#rows) {
      if (start <= y || start >= y + height) continue;
      decoder.close();
      this.#rows.delete(start);
    }
  }

  #rowDecoder(y: number): H264RowDecoder {
    const known = this.#rows.get(y);
    if (known) return known;
    const decoder = new H264RowDecoder((error) => this.#decodeFailed(error));
    this.#rows.set(y, decoder);
    return decoder;
  }

  #decodeFailed(error: unknown): void {
    this.totals.decodeErrors += 1;
    this.#options.onDecodeError?.(error);
    this.requestKeyframe();
  }

  /** The decoders do not keep up, or hold pictures back. */
  #mend(): void {
    this.#startAnew();
    this.#keyframeAskedMs = Number.NEGATIVE_INFINITY;
    this.requestKeyframe();
  }

  #paint(frame: PaintedFrame): void {
    const screen = this.#screen;
    if (screen === undefined) return;
    const { painted, broken } = this.#picture.paint(frame, screen);
    if (broken) this.requestKeyframe();
    else if (this.#picture.isWhole && this.#queue.length === 0) this.#keyframeDue = false;
    if (!painted) return;
    this.totals.frames += 1;
    const timestamp = this.#timestamps.get(frame.id);
    if (timestamp === undefined) return;
    const age = this.#clock.ageMs(timestamp, performance.now());
    if (age !== undefined) this.#latencies.push(age);
  }

  #remember(frameId: number, timestamp: number): void {
    this.#timestamps.delete(frameId);
    this.#timestamps.set(frameId, timestamp);
    if (this.#timestamps.size <= TIMESTAMP_COUNT_MAX) return;
    for (const oldest of this.#timestamps.keys()) {
      this.#timestamps.delete(oldest);
      return;
    }
  }

  #tick(): void {
    const { frames, stripes, bytes } = this.totals;
    const oldest = this.#queue.oldestMs;
    if (oldest !== undefined && performance.now() - oldest > STALL_MS) this.#mend();
    else if (this.#keyframeDue) this.requestKeyframe();
    this.#ping();
    this.#latencies.sort((a, b) => a - b);
    this.#options.onStats?.({
      fps: frames - this.#before.frames,
      stripes: stripes - this.#before.stripes,
      bytes: bytes - this.#before.bytes,
      latencyMs: this.#latencies[this.#latencies.length >> 1],
      roundTripMs: this.#clock.roundTripMs,
    });
    this.#before = { frames, stripes, bytes };
    this.#latencies = [];
  }

  #ping(): void {
    this.#send({ type: "ping", sent: performance.now() });
  }

  #send(message: ViewerMessage): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }
}
