// SPDX-License-Identifier: MPL-2.0
import type { Scale } from "./preferences.ts";

/**
 * Where the picture is shown: how large, and which part of it. The sizes
 * themselves are the style sheet's; it gets the screen's size and the pixel
 * ratio from here.
 */
export class Stage {
  readonly #element: HTMLElement;
  readonly #observer = new ResizeObserver(() => this.#arrange());
  readonly #canvas: HTMLCanvasElement;
  #scale: Scale = "fit";
  #size = { width: 0, height: 0 };
  /** Where the picture's middle is the window's. */
  #centre = { left: 0, top: 0 };

  constructor(element: HTMLElement, canvas: HTMLCanvasElement) {
    this.#element = element;
    this.#canvas = canvas;
    this.#observer.observe(element);
    this.#observer.observe(canvas);
    this.#followPixelRatio();
    element.addEventListener("pointerdown", (event) => this.#pan(event));
  }

  /** How large the picture is. Shows its middle. */
  set scale(scale: Scale) {
    this.#scale = scale;
    this.#element.setAttribute("data-scale", scale);
    this.#showMiddle();
    this.#arrange();
  }

  /** The screen's size in px. */
  set size(size: { readonly width: number; readonly height: number }) {
    this.#size = { width: size.width, height: size.height };
    const { style } = this.#element;
    style.setProperty("--width", String(size.width));
    style.setProperty("--aspect", String(size.width / size.height));
    this.#arrange();
  }

  /** Why the picture is not the present one, which dims it; `undefined` where it is. */
  set stale(why: "connecting" | "disconnected" | undefined) {
    if (why === undefined) this.#element.removeAttribute("data-stale");
    else this.#element.setAttribute("data-stale", why);
  }

  focus(): void {
    this.#element.focus({ preventScroll: true });
  }

  #arrange(): void {
    const element = this.#element;
    element.style.setProperty("--device-pixels", String(devicePixelRatio));
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = element;
    const isMoved =
      Math.abs(scrollLeft - this.#centre.left) > 1 || Math.abs(scrollTop - this.#centre.top) > 1;
    if (!isMoved) this.#showMiddle();
    const isLarger = scrollWidth > clientWidth || scrollHeight > clientHeight;
    const isPannable = this.#scale !== "fit" && isLarger;
    element.toggleAttribute("data-pannable", isPannable);
    element.tabIndex = isPannable ? 0 : -1; // the arrow keys scroll what has the focus
    element.toggleAttribute("data-sharp", this.#isWholeMultiple());
  }

  /** Each of the screen's pixels covers a whole number of the monitor's: nothing to smooth. */
  #isWholeMultiple(): boolean {
    const { width } = this.#size;
    if (width === 0) return false;
    const shownPx = this.#canvas.getBoundingClientRect().width * devicePixelRatio;
    const factor = Math.round(shownPx / width);
    return factor >= 1 && Math.abs(shownPx - factor * width) < 1;
  }

  #showMiddle(): void {
    const element = this.#element;
    element.scrollLeft = (element.scrollWidth - element.clientWidth) / 2;
    element.scrollTop = (element.scrollHeight - element.clientHeight) / 2;
    this.#centre = { left: element.scrollLeft, top: element.scrollTop };
  }

  /** Another monitor changes how many of its pixels a CSS px is; zooming changes sizes too. */
  #followPixelRatio(): void {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", () => this.#followPixelRatio(), { once: true });
    this.#arrange();
  }

  /** Fingers scroll by themselves; mouse and pen drag. */
  #pan(down: PointerEvent): void {
    const element = this.#element;
    if (down.pointerType === "touch" || down.button !== 0) return;
    if (!element.hasAttribute("data-pannable")) return;
    let { clientX, clientY } = down;
    const move = (event: PointerEvent) => {
      element.scrollLeft += clientX - event.clientX;
      element.scrollTop += clientY - event.clientY;
      ({ clientX, clientY } = event);
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      element.toggleAttribute("data-panning", false);
    };
    element.setPointerCapture(down.pointerId);
    element.toggleAttribute("data-panning", true);
    element.addEventListener("pointermove", move);
    // Comes however the dragging ends.
    element.addEventListener("lostpointercapture", end, { once: true });
  }
}
