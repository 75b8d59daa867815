// SPDX-License-Identifier: MPL-2.0
import { CanvasKeyboard } from "./canvas-keyboard.ts";
import { type InputMessage, NOTCHES_MAX, type PointerButton } from "./input-messages.ts";
import { fitted, type Place, placeOf, type Size } from "./picture-place.ts";

/** By the bits of `MouseEvent.buttons`. */
const BUTTONS: readonly PointerButton[] = ["left", "right", "middle", "back", "forward"];
/** What browsers call a notch of a wheel: px, lines and pages, by `WheelEvent.deltaMode`. */
const NOTCH = [100, 3, 0.33];

/**
 * Reads what is pointed and typed on a canvas that shows a picture, and tells of it:
 * movements once a frame of the page, everything else at once.
 */
export class CanvasInput {
  readonly #canvas: HTMLCanvasElement;
  readonly #send: (message: InputMessage) => void;
  #listening: AbortController | undefined;
  #keyboard: CanvasKeyboard | undefined;
  #size: Size = { width: 0, height: 0 };
  /** As in `MouseEvent.buttons`, of those that were told of. */
  #buttons = 0;
  #moved: Place | undefined;
  #turned = { x: 0, y: 0 };

  constructor(canvas: HTMLCanvasElement, send: (message: InputMessage) => void) {
    this.#canvas = canvas;
    this.#send = send;
  }

  /** The picture is of another size. */
  resize({ width, height }: Size): void {
    this.#size = { width, height };
  }

  /** Listens, or does so no longer. */
  allow(allowed: boolean): void {
    if (allowed === (this.#listening !== undefined)) return;
    if (allowed) this.#listen();
    else this.close();
  }

  /** Listens no longer; the canvas is as before. */
  close(): void {
    this.#listening?.abort();
    this.#listening = undefined;
    this.#keyboard?.close();
    this.#keyboard = undefined;
    this.#canvas.style.touchAction = "";
    this.#canvas.removeAttribute("data-input");
    this.#buttons = 0;
    this.#moved = undefined;
  }

  #listen(): void {
    const canvas = this.#canvas;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#keyboard = new CanvasKeyboard(canvas, (message) => this.#hearKeyboard(message));
    canvas.style.touchAction = "none";
    canvas.setAttribute("data-input", "");
    const on = <E extends keyof HTMLElementEventMap>(
      name: E,
      listener: (event: HTMLElementEventMap[E]) => void,
    ) => canvas.addEventListener(name, listener, { signal, passive: false });
    on("pointerdown", (event) => this.#press(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#change(event));
    on("pointercancel", (event) => this.#setButtons(0, this.#placeOf(event)));
    on("wheel", (event) => this.#turn(event));
    // The focus stays where it is put, and the browser's own doings stay away.
    for (const name of ["mousedown", "contextmenu", "auxclick", "dragstart"] as const) {
      on(name, (event) => event.preventDefault());
    }
  }

  #hearKeyboard(message: InputMessage): void {
    if (message.type === "release") this.#buttons = 0;
    this.#send(message);
  }

  #press(event: PointerEvent): void {
    event.stopPropagation(); // the page may drag the picture otherwise
    if (!this.#placeOf(event).inside) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#keyboard?.focus(event.clientX, event.clientY);
    this.#change(event);
  }

  /** One of several buttons that are pressed or released comes as a movement, too. */
  #move(event: PointerEvent): void {
    const place = this.#placeOf(event);
    if (event.buttons !== this.#buttons && this.#canvas.hasPointerCapture(event.pointerId)) {
      this.#change(event);
      return;
    }
    if (!place.inside && this.#buttons === 0) return;
    if (this.#moved === undefined) requestAnimationFrame(() => this.#tellMove());
    this.#moved = place;
  }

  #tellMove(): void {
    if (this.#moved === undefined) return;
    const { x, y } = this.#moved;
    this.#moved = undefined;
    this.#send({ type: "pointer", x, y });
  }

  #change(event: PointerEvent): void {
    this.#setButtons(event.buttons, this.#placeOf(event));
  }

  #setButtons(buttons: number, { x, y }: Place): void {
    this.#moved = undefined; // they say where they were
    for (const [bit, button] of BUTTONS.entries()) {
      const mask = 1 << bit;
      if (((buttons ^ this.#buttons) & mask) === 0) continue;
      this.#send({ type: "button", button, down: (buttons & mask) !== 0, x, y });
    }
    this.#buttons = buttons;
  }

  #turn(event: WheelEvent): void {
    event.preventDefault();
    const place = this.#placeOf(event);
    if (!place.inside) return;
    const notch = NOTCH[event.deltaMode] ?? 1;
    const dx = this.#notches("x", event.deltaX / notch);
    const dy = this.#notches("y", event.deltaY / notch);
    if (dx !== 0 || dy !== 0) this.#send({ type: "wheel", dx, dy, x: place.x, y: place.y });
  }

  /** Whole notches; what is left of them counts for the next time. */
  #notches(axis: "x" | "y", turned: number): number {
    const sum = this.#turned[axis] + turned;
    const whole = Math.trunc(sum);
    this.#turned[axis] = sum - whole;
    return Math.max(-NOTCHES_MAX, Math.min(NOTCHES_MAX, whole)) || 0;
  }

  #placeOf(event: MouseEvent): Place {
    const canvas = this.#canvas;
    const box = canvas.getBoundingClientRect();
    const isFitted = getComputedStyle(canvas).objectFit === "contain";
    const shown = isFitted ? fitted(box, this.#size) : box;
    return placeOf(event.clientX, event.clientY, shown, this.#size);
  }
}
