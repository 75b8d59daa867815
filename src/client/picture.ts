// SPDX-License-Identifier: MPL-2.0
import type { CopiedRectangle, PaintedFrame, PlacedImage } from "./frames.ts";

/** What a picture is drawn on: the page's canvas, or its other end in a worker. */
export type PictureCanvas = HTMLCanvasElement | OffscreenCanvas;

type PictureContext = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A screen's size in px. */
export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/** What became of a frame. */
export interface PaintResult {
  /** Something was drawn. */
  readonly painted: boolean;
  /** A copy had to be left out: what is shown is not what the server believes. */
  readonly broken: boolean;
}

/**
 * The picture on a canvas, and which rows of it are as the server believes:
 * nothing may be copied out of others. A row is, once a full-width keyframe has
 * covered it, until a stripe of it is lost.
 */
export class Picture {
  readonly #canvas: PictureCanvas;
  readonly #context: PictureContext;
  /** By row: 1 where it is as the server believes. */
  #intact = new Uint8Array(0);

  constructor(canvas: PictureCanvas) {
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
  }

  /** Whether every row is as the server believes. */
  get isWhole(): boolean {
    return this.#intact.length > 0 && !this.#intact.includes(0);
  }

  /** Draws a frame: its copies first, from the picture before it, then its images. */
  paint(frame: PaintedFrame, screen: ScreenSize): PaintResult {
    if (frame.copies.length + frame.images.length > 0) this.#resize(screen);
    if (frame.afterGap) this.#intact.fill(0);
    const copies = frame.copies.filter((copy) => this.#canCopy(copy));
    this.#copy(copies);
    if (copies.length < frame.copies.length) {
      for (const { y, height } of frame.copies) this.#mark(y, height, 0);
    }
    // How tall a lost stripe was is not known where only its image would have told.
    for (const { y } of frame.lost) this.#intact.fill(0, y);
    for (const placed of frame.images) this.#draw(placed);
    return {
      painted: copies.length + frame.images.length > 0,
      broken: copies.length < frame.copies.length,
    };
  }

  /** Setting the size clears the canvas, so it waits until there is something to draw. */
  #resize({ width, height }: ScreenSize): void {
    if (this.#canvas.width === width && this.#intact.length === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#intact = new Uint8Array(height);
  }

  #canCopy({ sourceX, sourceY, x, y, width, height }: CopiedRectangle): boolean {
    const { width: screenWidth, height: screenHeight } = this.#canvas;
    if (Math.max(x, sourceX) + width > screenWidth) return false;
    if (Math.max(y, sourceY) + height > screenHeight) return false;
    return !this.#intact.subarray(sourceY, sourceY + height).includes(0);
  }

  /**
   * A canvas drawn onto itself is read as a whole before it is written (HTML,
   * 4.12.5.1.14), so one copy may overlap itself; of several, the later ones
   * need the picture as it was before the first.
   */
  #copy(copies: readonly CopiedRectangle[]): void {
    const before = copies.length > 1 ? this.#snapshot() : this.#canvas;
    for (const { sourceX, sourceY, x, y, width, height } of copies) {
      this.#context.drawImage(before, sourceX, sourceY, width, height, x, y, width, height);
    }
  }

  #snapshot(): PictureCanvas {
    const copy = emptyLike(this.#canvas);
    contextOf(copy).drawImage(this.#canvas, 0, 0);
    return copy;
  }

  #draw({ x, y, keyframe, image }: PlacedImage): void {
    const { source, width, height } = image;
    this.#context.drawImage(source, 0, 0, width, height, x, y, width, height);
    if (keyframe && x === 0 && width >= this.#canvas.width) this.#mark(y, height, 1);
  }

  #mark(y: number, height: number, value: 0 | 1): void {
    this.#intact.fill(value, y, y + height);
  }
}

/** Another canvas of the same kind and size. */
function emptyLike(canvas: PictureCanvas): PictureCanvas {
  if ("cloneNode" in canvas) return canvas.cloneNode() as HTMLCanvasElement;
  return new OffscreenCanvas(canvas.width, canvas.height);
}

/**
 * Firefox gives the context of a canvas that a worker was handed only once, and
 * throws for the next player on it.
 */
const contexts = new WeakMap<PictureCanvas, PictureContext>();

/** Opaque and sRGB: what the stripes' colours are. */
function contextOf(canvas: PictureCanvas): PictureContext {
  const known = contexts.get(canvas);
  if (known) return known;
  const options: CanvasRenderingContext2DSettings = { alpha: false, colorSpace: "srgb" };
  const context = canvas.getContext("2d", options) as PictureContext | null;
  if (context === null) throw new Error("the canvas is in use by another kind of context");
  contexts.set(canvas, context);
  return context;
}
