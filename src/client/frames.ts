// SPDX-License-Identifier: MPL-2.0

/** A decoded stripe: something to draw, to be closed once. */
export interface StripeImage {
  readonly source: CanvasImageSource;
  /** The stripe's true size in px; `source` may be padded to even. */
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** A decoded stripe and the row of the screen that its first row is. */
export interface PlacedImage {
  readonly y: number;
  readonly image: StripeImage;
}

/** The place of one stripe that is still being decoded. */
export interface Slot {
  /** Hands over the decoded stripe, which is the queue's to close from now on. */
  fill(image: StripeImage): void;
  /** The stripe could not be decoded: the frame does without it. */
  drop(): void;
}

interface Frame {
  readonly id: number;
  readonly images: PlacedImage[];
  pendingCount: number;
  rowsPx: number;
  arrivedMs: number;
  closed: boolean;
  discarded: boolean;
}

/**
 * Puts decoded stripes together to frames, so that whole frames are painted.
 *
 * The server sends a stripe as soon as it is encoded and only those that have
 * changed. A frame is closed when its stripes cover every row, when the server
 * says that it has ended, or when a stripe of another frame arrives. Closed
 * frames whose stripes are all decoded are painted in the order of their
 * arrival.
 *
 * Pure but for `paint`: no clock, no timer, no canvas.
 */
export class FrameQueue {
  #frames: Frame[] = [];
  readonly #paint: (frameId: number, images: readonly PlacedImage[]) => void;

  /** Rows of a whole frame in px; 0 while they are not known. */
  heightPx = 0;

  /**
   * @param paint - Draws one frame's stripes; they are closed when it returns.
   */
  constructor(paint: (frameId: number, images: readonly PlacedImage[]) => void) {
    this.#paint = paint;
  }

  /** Frames that are not painted yet. */
  get length(): number {
    return this.#frames.length;
  }

  /** When the oldest frame that is not painted yet got its last stripe. */
  get oldestMs(): number | undefined {
    return this.#frames[0]?.arrivedMs;
  }

  /**
   * Announces a stripe that is about to be decoded.
   *
   * @param frameId - From its header; only compared for equality.
   * @param y - Its first row.
   * @param nowMs - When it arrived.
   */
  add(frameId: number, y: number, nowMs: number): Slot {
    const frame = this.#frameFor(frameId, nowMs);
    frame.pendingCount += 1;
    frame.arrivedMs = nowMs;
    let settled = false;
    const settle = (image?: StripeImage) => {
      if (settled || frame.discarded) {
        image?.close();
        return;
      }
      settled = true;
      frame.pendingCount -= 1;
      if (image) {
        frame.images.push({ y, image });
        frame.rowsPx += image.height;
        if (this.heightPx > 0 && frame.rowsPx >= this.heightPx) frame.closed = true;
      }
      this.#advance();
    };
    return { fill: settle, drop: settle };
  }

  /** Closes this frame and those before it: no further stripe of them comes. */
  close(frameId: number): void {
    const last = this.#frames.findIndex((frame) => frame.id === frameId);
    for (const frame of this.#frames.slice(0, last + 1)) frame.closed = true;
    this.#advance();
  }

  /** Forgets every frame that is not painted yet, and closes its stripes. */
  clear(): void {
    for (const frame of this.#frames) {
      frame.discarded = true;
      for (const { image } of frame.images) image.close();
    }
    this.#frames = [];
  }

  #frameFor(frameId: number, nowMs: number): Frame {
    const open = this.#frames.find((frame) => frame.id === frameId);
    if (open) return open;
    for (const frame of this.#frames) frame.closed = true;
    const frame: Frame = {
      id: frameId,
      images: [],
      pendingCount: 0,
      rowsPx: 0,
      arrivedMs: nowMs,
      closed: false,
      discarded: false,
    };
    this.#frames.push(frame);
    this.#advance(); // the one before may have waited only for its end
    return frame;
  }

  #advance(): void {
    for (;;) {
      const frame = this.#frames[0];
      if (frame === undefined || !frame.closed || frame.pendingCount > 0) return;
      // The frame that add() has just opened is closed by later stripes only.
      this.#frames.shift();
      frame.discarded = true;
      try {
        if (frame.images.length > 0) this.#paint(frame.id, frame.images);
      } finally {
        for (const { image } of frame.images) image.close();
      }
    }
  }
}
