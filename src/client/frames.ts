// SPDX-License-Identifier: MPL-2.0

/** A decoded stripe: something to draw, to be closed once. */
export interface StripeImage {
  readonly source: CanvasImageSource;
  /** The stripe's true size in px; `source` may be padded to even. */
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** Where a stripe's image goes, in px. */
export interface StripePlace {
  readonly x: number;
  readonly y: number;
  /** What it shows depends on no earlier stripe. */
  readonly keyframe: boolean;
}

/** A decoded stripe and its place. */
export interface PlacedImage extends StripePlace {
  readonly image: StripeImage;
}

/** A rectangle of the picture before the frame, and where it is now. In px. */
export interface CopiedRectangle {
  readonly sourceX: number;
  readonly sourceY: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One frame as it is to be painted. */
export interface PaintedFrame {
  readonly id: number;
  /** Frames before it have been left out: what is shown is not what its copies start from. */
  readonly afterGap: boolean;
  /** To be made first, each from the picture as it was before. */
  readonly copies: readonly CopiedRectangle[];
  readonly images: readonly PlacedImage[];
  /** The first rows of stripes that could not be decoded. */
  readonly lost: readonly StripePlace[];
}

/** The place of one stripe that is still being decoded. */
export interface Slot {
  /** Hands over the decoded stripe, which is the queue's to close from now on. */
  fill(image: StripeImage): void;
  /** The stripe could not be decoded: the frame does without it. */
  drop(): void;
}

interface Frame extends PaintedFrame {
  readonly copies: CopiedRectangle[];
  readonly images: PlacedImage[];
  readonly lost: StripePlace[];
  pendingCount: number;
  /** Rows of its stripes that are as wide as the frame. */
  rowsPx: number;
  arrivedMs: number;
  closed: boolean;
  /** The server has said so: a stripe with this number is of another frame. */
  ended: boolean;
  discarded: boolean;
}

/**
 * Puts decoded stripes together to frames, so that whole frames are painted.
 *
 * The server sends a stripe as soon as it is encoded and only those that have
 * changed. A frame is closed when its full-width stripes cover every row, when
 * the server says that it has ended, or when a stripe of another frame arrives.
 * Closed frames whose stripes are all decoded are painted in the order of their
 * arrival.
 *
 * Pure but for `paint`: no clock, no timer, no canvas.
 */
export class FrameQueue {
  #frames: Frame[] = [];
  #gap = false;
  readonly #paint: (frame: PaintedFrame) => void;

  /** Size of a whole frame in px; 0 while it is not known. */
  widthPx = 0;
  heightPx = 0;

  /**
   * @param paint - Draws one frame; its images are closed when it returns.
   */
  constructor(paint: (frame: PaintedFrame) => void) {
    this.#paint = paint;
  }

  /** Frames that are not painted yet. */
  get length(): number {
    return this.#frames.length;
  }

  /** Whether the oldest frame waits for its decoders, and not only for its end. */
  get isDecoding(): boolean {
    return (this.#frames[0]?.pendingCount ?? 0) > 0;
  }

  /** When the oldest frame that is not painted yet got its last stripe. */
  get oldestMs(): number | undefined {
    return this.#frames[0]?.arrivedMs;
  }

  /**
   * Announces a stripe that is about to be decoded.
   *
   * @param frameId - From its header; only compared for equality.
   * @param nowMs - When it arrived.
   */
  add(frameId: number, place: StripePlace, nowMs: number): Slot {
    const frame = this.#frameFor(frameId, nowMs);
    frame.pendingCount += 1;
    let settled = false;
    const settle = (image?: StripeImage) => {
      if (settled || frame.discarded) {
        image?.close();
        return;
      }
      settled = true;
      frame.pendingCount -= 1;
      if (image) this.#fill(frame, place, image);
      else frame.lost.push(place);
      this.#advance();
    };
    return { fill: settle, drop: settle };
  }

  /** Adds a rectangle that is copied before the frame's images are drawn; see {@link add}. */
  addCopy(frameId: number, copy: CopiedRectangle, nowMs: number): void {
    this.#frameFor(frameId, nowMs).copies.push(copy);
  }

  /** Closes this frame and those before it: no further stripe of them comes. */
  close(frameId: number): void {
    const last = this.#frames.findLastIndex((frame) => frame.id === frameId);
    for (const frame of this.#frames.slice(0, last + 1)) {
      frame.closed = true;
      frame.ended = true;
    }
    this.#advance();
  }

  /** Between the frames so far and the next one, others have been left out. */
  addGap(): void {
    this.#gap = true;
    for (const frame of this.#frames) frame.closed = true;
    this.#advance();
  }

  /**
   * Forgets every frame that is not painted yet, and closes its stripes: a gap.
   *
   * @returns the number of the last of them.
   */
  clear(): number | undefined {
    const lastId = this.#frames.at(-1)?.id;
    for (const frame of this.#frames) {
      frame.discarded = true;
      for (const { image } of frame.images) image.close();
    }
    this.#frames = [];
    this.#gap = true;
    return lastId;
  }

  #fill(frame: Frame, place: StripePlace, image: StripeImage): void {
    frame.images.push({ ...place, image });
    if (place.x !== 0 || image.width < this.widthPx) return;
    frame.rowsPx += image.height;
    if (this.heightPx > 0 && frame.rowsPx >= this.heightPx) frame.closed = true;
  }

  #frameFor(frameId: number, nowMs: number): Frame {
    const open = this.#frames.find((frame) => frame.id === frameId && !frame.ended);
    if (open) {
      open.arrivedMs = nowMs;
      return open;
    }
    for (const frame of this.#frames) frame.closed = true;
    const frame: Frame = {
      id: frameId,
      afterGap: this.#gap,
      ...{ copies: [], images: [], lost: [] },
      ...{ pendingCount: 0, rowsPx: 0, arrivedMs: nowMs, closed: false },
      ...{ ended: false, discarded: false },
    };
    this.#gap = false;
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
        this.#paint(frame);
      } finally {
        for (const { image } of frame.images) image.close();
      }
    }
  }
}
