// SPDX-License-Identifier: MPL-2.0
import type { ServerWebSocket } from "bun";
import type { Stripe } from "pixelflux-ffi";
import type { ServerMessage } from "pixelflux-ffi/client";

/** Bytes that may wait for a viewer before frames are kept from it. */
const BACKLOG_BYTES_MAX = 1 << 20;

/** A viewer that asks for keyframes more often is made to wait: all pay for them. */
const KEYFRAME_INTERVAL_MS = 1000;

/**
 * One browser that watches. It gets whole frames or none: where its backlog is
 * over the limit it is spared frames until that is written, and then a keyframe
 * brings it up to date. So a slow viewer holds nobody back and its backlog stays
 * bounded by the limit and one frame.
 */
export class Viewer {
  readonly #socket: ServerWebSocket<unknown>;
  readonly #requestKeyframe: () => void;
  /** Rows whose stream this viewer has from its last keyframe on without a gap. */
  readonly #rows = new Set<number>();
  #frameId = -1;
  #takesFrame = true;
  #behind = false;
  /** Frames have been kept from this viewer, and it has not been told. */
  #gap = false;
  #keyframeAskedMs = Number.NEGATIVE_INFINITY;
  #keyframeTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param requestKeyframe - Asks the capture for complete stripes.
   */
  constructor(socket: ServerWebSocket<unknown>, requestKeyframe: () => void) {
    this.#socket = socket;
    this.#requestKeyframe = requestKeyframe;
  }

  /** Sends a text message. */
  tell(message: ServerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends a stripe, where this viewer can use it and keeps up. Copies; the stripe may go. */
  show(stripe: Stripe): void {
    if (stripe.frameId !== this.#frameId) this.#beginFrame(stripe);
    if (!this.#takesFrame) return;
    if (stripe.keyframe) this.#rows.add(stripe.stripeYStart);
    else if (stripe.type !== "copy" && !this.#rows.has(stripe.stripeYStart)) return;
    if (this.#socket.send(stripe.data) === 0) this.#fallBehind();
  }

  /** No further stripe of this frame comes. */
  endFrame(frameId: number): void {
    if (frameId === this.#frameId && this.#takesFrame) {
      this.tell({ type: "end", frameId: frameId & 0xffff });
    }
  }

  /** Asks for complete stripes, now or as soon as the last request is a second ago. */
  requestKeyframe(): void {
    if (this.#keyframeTimer !== undefined) return;
    const wait = this.#keyframeAskedMs + KEYFRAME_INTERVAL_MS - performance.now();
    if (wait <= 0) {
      this.#askNow();
      return;
    }
    this.#keyframeTimer = setTimeout(() => this.#askNow(), wait);
  }

  /** The backlog has been written. */
  drained(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.requestKeyframe();
  }

  /** Ends the connection; 1000 is a normal end, 1011 a failure (RFC 6455, 7.4.1). */
  dismiss(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** The connection has ended. */
  gone(): void {
    clearTimeout(this.#keyframeTimer);
  }

  #askNow(): void {
    this.#keyframeTimer = undefined;
    this.#keyframeAskedMs = performance.now();
    this.#requestKeyframe();
  }

  #beginFrame(stripe: Stripe): void {
    this.#frameId = stripe.frameId;
    if (this.#socket.getBufferedAmount() > BACKLOG_BYTES_MAX) this.#fallBehind();
    this.#takesFrame = !this.#behind;
    if (!this.#takesFrame) return;
    if (this.#gap) this.tell({ type: "gap" });
    this.#gap = false;
    this.tell({ type: "frame", frameId: stripe.frameId & 0xffff, timestamp: stripe.timestamp });
  }

  #fallBehind(): void {
    this.#behind = true;
    this.#gap = true;
    this.#takesFrame = false;
    this.#rows.clear();
  }
}
