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

/** Bounds of the pause after which a frame counts as whole. */
const IDLE_MIN_MS = 3;
const IDLE_MAX_MS = 33;
/** How much a long pause between two stripes is forgotten with each stripe. */
const GAP_DECAY = 0.995;

/**
 * Puts decoded stripes together to frames, so that whole frames are painted.
 *
 * The server sends a stripe as soon as it is encoded and only those that have
 * changed, so nothing in the stream says which stripe is a frame's last. A
 * frame is closed when its stripes cover every row, when a stripe of another
 * frame arrives, or when none has arrived for a little longer than stripes of
 * one frame have lately been apart. Closed frames whose stripes are all decoded
 * are painted in the order of their arrival.
 *
 * Pure but for `paint`: no clock, no timer, no canvas.
 */
export class FrameQueue {
  #frames: Frame[] = [];
  #last: Frame | undefined;
  #gapMs = 0;
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

  /** The pause after a stripe, in ms, at whose end {@link close} is due. */
  get idleMs(): number {
    return Math.min(IDLE_MAX_MS, Math.max(IDLE_MIN_MS, this.#gapMs * 1.5));
  }

  /** Closes the newest frame: no stripe has arrived for {@link idleMs}. */
  close(): void {
    for (const frame of this.#frames) frame.closed = true;
    this.#advance();
  }

  /** Forgets every frame that is not painted yet, and closes its stripes. */
  clear(): void {
    for (const frame of this.#frames) {
      frame.discarded = true;
      for (const { image } of frame.images) image.close();
    }
    this.#frames = [];
    this.#last = undefined;
  }

  #frameFor(frameId: number, nowMs: number): Frame {
    if (this.#last?.id === frameId) {
      this.#gapMs = Math.max(nowMs - this.#last.arrivedMs, this.#gapMs * GAP_DECAY);
    }
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
    this.#last = frame;
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
