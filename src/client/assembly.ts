// SPDX-License-Identifier: MPL-2.0
import { parseStripe, type WireH264Stripe, type WireJpegStripe, type WireStripe } from "../wire.ts";
import { decodeJpeg } from "./decoders.ts";
import { FrameQueue, type PaintedFrame, type StripeImage } from "./frames.ts";
import type { ScreenMessage } from "./messages.ts";
import { RowDecoders, type RowHandler } from "./rows.ts";

/** What an assembly calls. */
export interface AssemblyHandler extends Pick<RowHandler, "acceleration" | "opened"> {
  /** A frame is complete; its images are closed when this returns. */
  paint(frame: PaintedFrame): void;
  /** This frame, and all before it that were not painted, have come to nothing. */
  dropped(frameId: number): void;
  /**
   * A stripe could not be decoded, or was none.
   *
   * @param y - Where it begins, where that is known.
   */
  failed(error: unknown, y: number | undefined): void;
}

/** Frames that may wait for their decoders. */
const QUEUED_FRAMES_MAX = 60;
/** How long a frame may wait for its decoders. */
const STALL_MS = 2000;
/** First byte of the header kind `"extended"`, and of no other that is read here. */
const EXTENDED_MARK = 5;
/** Frames are told apart by as much of their number as every header kind carries. */
const FRAME_ID_MASK = 0xffff;

/** Makes frames of one connection's messages: parses stripes, has them decoded, puts them together. */
export class Assembly {
  readonly #handler: AssemblyHandler;
  readonly #queue: FrameQueue;
  readonly #rows: RowDecoders;
  #screen: ScreenMessage | undefined;

  constructor(handler: AssemblyHandler) {
    this.#handler = handler;
    this.#queue = new FrameQueue((frame) => handler.paint(frame));
    this.#rows = new RowDecoders(handler);
  }

  /** No frame is waiting. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Whether the decoders do not keep up, or hold pictures back. */
  get isStalled(): boolean {
    const { length, oldestMs } = this.#queue;
    if (length > QUEUED_FRAMES_MAX) return true;
    return oldestMs !== undefined && performance.now() - oldestMs > STALL_MS;
  }

  /** Whether it is a decoder that the oldest frame waits for, and not only its end. */
  get isDecoding(): boolean {
    return this.#queue.isDecoding;
  }

  /** Of the stripes that follow. */
  set screen(screen: ScreenMessage) {
    const before = this.#screen;
    this.#screen = screen;
    // Same size and codec: the rows' streams go on, or say themselves that not.
    if (before?.width === screen.width && before.height === screen.height) {
      if (before.mode === screen.mode) return;
    }
    this.clear();
    this.#queue.widthPx = screen.width;
    this.#queue.heightPx = screen.height;
  }

  /** Takes a binary message. */
  receive(bytes: Uint8Array): void {
    const stripe = this.#parse(bytes);
    if (stripe === undefined) this.#queue.addGap();
    else this.#add(stripe);
  }

  /** No further stripe of this frame comes. */
  end(frameId: number): void {
    this.#queue.close(frameId & FRAME_ID_MASK);
  }

  /** Frames have been left out. */
  addGap(): void {
    this.#queue.addGap();
  }

  /** Forgets what is being decoded, and frees the decoders; rows wait for their next keyframes. */
  clear(): void {
    const lastId = this.#queue.clear();
    this.#rows.close();
    if (lastId !== undefined) this.#handler.dropped(lastId);
  }

  #parse(bytes: Uint8Array): WireStripe | undefined {
    try {
      return parseStripe(bytes, bytes[0] === EXTENDED_MARK ? "extended" : "pixelflux");
    } catch (error) {
      this.#handler.failed(error, undefined);
      return undefined;
    }
  }

  #add(stripe: WireStripe): void {
    const { x = 0, y, keyframe } = stripe;
    if (stripe.frameId === undefined || y === undefined) return;
    const frameId = stripe.frameId & FRAME_ID_MASK;
    if (stripe.type === "copy") {
      this.#queue.addCopy(frameId, stripe, performance.now());
    } else if (stripe.type === this.#screen?.mode) {
      const slot = this.#queue.add(frameId, { x, y, keyframe }, performance.now());
      this.#decode(stripe, y).then((image) => (image ? slot.fill(image) : slot.drop()));
    } else {
      this.#queue.addGap(); // of a codec that has just been left, or is not announced yet
    }
  }

  #decode(stripe: WireJpegStripe | WireH264Stripe, y: number): Promise<StripeImage | undefined> {
    if (stripe.type === "h264") return this.#rows.decode(stripe, y);
    return decodeJpeg(stripe.payload, (error) => this.#handler.failed(error, y));
  }
}
