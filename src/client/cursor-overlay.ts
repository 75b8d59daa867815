// SPDX-License-Identifier: MPL-2.0
import type { CursorPicture, CursorView } from "./cursor-state.ts";
import { type PictureBox, pictureBox } from "./picture-box.ts";

/** A screen's size in px. */
interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The pointer, drawn above a canvas by an element of its own behind that, in the same
 * parent: as large as the picture, scaled with it, cut off at its edges, and nothing
 * that a mouse could hit. Made when there first is a pointer to be shown.
 */
export class CursorOverlay {
  readonly #canvas: HTMLCanvasElement;
  #parts: OverlayParts | undefined;
  #screen: ScreenSize | undefined;
  #view: CursorView = { x: 0, y: 0, imageId: 0 };
  #image: CursorPicture | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Of what the canvas shows. */
  set screen(screen: ScreenSize) {
    this.#screen = screen;
    this.#fit();
  }

  show(view: CursorView): void {
    this.#view = view;
    if (view.imageId !== 0) this.#parts ??= new OverlayParts(this.#canvas, () => this.#fit());
    if (view.image) {
      this.#image = view.image;
      this.#parts?.draw(view.image);
      this.#fit();
    }
    this.#place();
  }

  close(): void {
    this.#parts?.remove();
    this.#parts = undefined;
  }

  #place(): void {
    const { x, y, imageId } = this.#view;
    const image = this.#image;
    if (imageId === 0 || image === undefined) this.#parts?.hide();
    else this.#parts?.place(x - image.hotX, y - image.hotY);
  }

  #fit(): void {
    if (this.#screen) this.#parts?.fit(this.#screen);
  }
}

/** Its elements. The page's style does not reach the inner one, which is in a shadow tree. */
class OverlayParts {
  readonly #canvas: HTMLCanvasElement;
  readonly #frame = document.createElement("div");
  readonly #pointer = document.createElement("canvas");
  readonly #observer: ResizeObserver;

  /** @param onResize - called when the canvas is shown in another size, and at first. */
  constructor(canvas: HTMLCanvasElement, onResize: () => void) {
    this.#canvas = canvas;
    this.#frame.setAttribute("aria-hidden", "true");
    Object.assign(this.#frame.style, {
      ...{ position: "absolute", left: "0", top: "0", margin: "0", padding: "0", border: "0" },
      ...{ overflow: "hidden", pointerEvents: "none", transformOrigin: "0 0", display: "block" },
    });
    Object.assign(this.#pointer.style, { position: "absolute", left: "0", top: "0" });
    this.#frame.attachShadow({ mode: "closed" }).append(this.#pointer);
    canvas.after(this.#frame);
    this.#observer = new ResizeObserver(onResize);
    this.#observer.observe(canvas);
    if (canvas.parentElement) this.#observer.observe(canvas.parentElement);
  }

  draw({ width, height, pixels }: CursorPicture): void {
    this.#pointer.width = width;
    this.#pointer.height = height;
    const context = this.#pointer.getContext("2d");
    context?.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
  }

  /** @param x - where the image's left edge is, in px of the screen. */
  place(x: number, y: number): void {
    this.#pointer.style.transform = `translate(${x}px, ${y}px)`;
    this.#pointer.style.visibility = "visible";
  }

  hide(): void {
    this.#pointer.style.visibility = "hidden";
  }

  /** Lays the frame, which is as large as the screen is in px, over the picture. */
  fit({ width, height }: ScreenSize): void {
    const style = getComputedStyle(this.#canvas);
    const { left, top, scaleX, scaleY } = boxOf(this.#canvas, style, { width, height });
    Object.assign(this.#frame.style, {
      ...{ width: `${width}px`, height: `${height}px`, zIndex: style.zIndex },
      imageRendering: style.imageRendering,
      transform: `translate(${left}px, ${top}px) scale(${scaleX}, ${scaleY})`,
    });
  }

  remove(): void {
    this.#observer.disconnect();
    this.#frame.remove();
  }
}

/** Where the picture is within what both elements are placed in. */
function boxOf(
  canvas: HTMLCanvasElement,
  style: CSSStyleDeclaration,
  screen: ScreenSize,
): PictureBox {
  const px = (value: string) => Number.parseFloat(value) || 0;
  const [left, top] = [px(style.paddingLeft), px(style.paddingTop)];
  // As exactly as layout has it: clientWidth is rounded.
  const box = {
    width: px(style.width) - (isBorderBox(style) ? edges(style, "width") : 0),
    height: px(style.height) - (isBorderBox(style) ? edges(style, "height") : 0),
  };
  const inner = pictureBox(screen, box, style.objectFit, style.objectPosition);
  return {
    ...inner,
    left: canvas.offsetLeft + canvas.clientLeft + left + inner.left,
    top: canvas.offsetTop + canvas.clientTop + top + inner.top,
  };
}

function isBorderBox(style: CSSStyleDeclaration): boolean {
  return style.boxSizing === "border-box";
}

/** What of a side is border and padding. */
function edges(style: CSSStyleDeclaration, side: "width" | "height"): number {
  const names =
    side === "width"
      ? (["borderLeftWidth", "borderRightWidth", "paddingLeft", "paddingRight"] as const)
      : (["borderTopWidth", "borderBottomWidth", "paddingTop", "paddingBottom"] as const);
  return names.reduce((sum, name) => sum + (Number.parseFloat(style[name]) || 0), 0);
}
