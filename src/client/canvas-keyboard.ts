// SPDX-License-Identifier: MPL-2.0
import { type InputMessage, TEXT_LENGTH_MAX } from "./input-messages.ts";

/** Keys that say no more than that an input method is at work. */
const OF_INPUT_METHODS = ["Dead", "Process", "Unidentified", "Compose"];
/** The locks are this keyboard's: what they change is in `key` already. */
const LOCKS = ["CapsLock", "NumLock", "ScrollLock"];

/**
 * Reads the keyboard, while it has the focus, and tells of it.
 *
 * A canvas gets no text of an input method, so the focus is an unseen text field's.
 */
export class CanvasKeyboard {
  readonly #field = document.createElement("textarea");
  readonly #send: (message: InputMessage) => void;
  /** What was sent for keys that are down, by what they are known by. */
  readonly #held = new Map<string, { readonly code: string; readonly key: string }>();

  constructor(canvas: HTMLCanvasElement, send: (message: InputMessage) => void) {
    this.#send = send;
    const field = this.#field;
    field.setAttribute("aria-label", "Keyboard of the shown screen; Shift+Escape leaves it");
    for (const name of ["autocapitalize", "autocomplete", "autocorrect"]) {
      field.setAttribute(name, "off");
    }
    field.spellcheck = false;
    field.tabIndex = -1;
    const style = { position: "fixed", left: "0", top: "0", width: "1px", height: "1px" };
    Object.assign(field.style, style, { opacity: "0", border: "0", padding: "0", resize: "none" });
    field.style.pointerEvents = "none";
    field.addEventListener("keydown", (event) => this.#press(event));
    field.addEventListener("keyup", (event) => this.#release(event));
    field.addEventListener("compositionend", () => this.#takeText());
    field.addEventListener("input", (event) => {
      if (!(event instanceof InputEvent && event.isComposing)) this.#takeText();
    });
    field.addEventListener("blur", () => this.#leave());
    canvas.after(field);
  }

  /** Takes the focus; input methods show their windows near the place, in CSS px of the window. */
  focus(clientX: number, clientY: number): void {
    this.#field.style.left = `${clientX}px`;
    this.#field.style.top = `${clientY}px`;
    this.#field.focus({ preventScroll: true });
  }

  /** Gives up the focus, and the page is as before. */
  close(): void {
    this.#field.remove(); // a blur, where it had the focus
    this.#leave();
  }

  #press(event: KeyboardEvent): void {
    const { key, code } = event;
    if (event.isComposing || OF_INPUT_METHODS.includes(key)) return;
    event.preventDefault();
    if (key === "Escape" && event.shiftKey) {
      this.#field.blur();
      return;
    }
    if (event.repeat || LOCKS.includes(key)) return;
    // Windows has AltGr press the left Ctrl, too.
    if (key === "AltGraph") this.#let("ControlLeft");
    const known = { code, key };
    this.#held.set(code || key, known);
    this.#send({ type: "key", ...known, down: true });
  }

  #release(event: KeyboardEvent): void {
    if (!event.isComposing) event.preventDefault();
    this.#let(event.code || event.key);
    // macOS does not tell of keys that are released while Command is held.
    if (event.key === "Meta") for (const name of [...this.#held.keys()]) this.#let(name);
  }

  #let(name: string): void {
    const held = this.#held.get(name);
    this.#held.delete(name);
    if (held) this.#send({ type: "key", ...held, down: false });
  }

  #takeText(): void {
    let text = this.#field.value.replace(/\p{Cc}/gu, (c) => ("\n\t".includes(c) ? c : ""));
    this.#field.value = "";
    while (text !== "") {
      const part = headOf(text);
      this.#send({ type: "text", text: part });
      text = text.slice(part.length);
    }
  }

  #leave(): void {
    this.#field.value = "";
    this.#held.clear();
    this.#send({ type: "release" });
  }
}

/** As much of a text as a message may hold; no surrogates are parted. */
function headOf(text: string): string {
  const head = text.slice(0, TEXT_LENGTH_MAX);
  return head.isWellFormed() ? head : head.slice(0, -1);
}
