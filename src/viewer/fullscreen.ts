// SPDX-License-Identifier: MPL-2.0

/** How long the pointer rests in fullscreen before the bar fades away. */
const REST_MS = 2500;

const AWAKENING = ["pointermove", "pointerdown", "keydown", "focusin", "fullscreenchange"] as const;

/** Fullscreen, of the whole page, with a bar that goes when nobody wants it. */
export class Fullscreen {
  readonly #root = document.documentElement;
  readonly #button: HTMLButtonElement;
  readonly #isBarNeeded: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param button - Switches it; hidden where the browser has no fullscreen.
   * @param isBarNeeded - Whether the bar has to stay, though the pointer rests.
   */
  constructor(button: HTMLButtonElement, isBarNeeded: () => boolean) {
    this.#button = button;
    this.#isBarNeeded = isBarNeeded;
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", () => this.toggle());
    for (const name of AWAKENING) document.addEventListener(name, () => this.#wake());
    document.addEventListener("fullscreenchange", () => this.#show());
  }

  /** Enters or leaves it. Needs a user's gesture to enter. */
  toggle(): void {
    if (!document.fullscreenEnabled) return;
    const change = this.#isOn ? document.exitFullscreen() : this.#root.requestFullscreen();
    // Refused: the user, or the page that this one is in, does not want it.
    change.catch((error: unknown) => console.warn("no fullscreen:", error));
  }

  get #isOn(): boolean {
    return document.fullscreenElement !== null;
  }

  #show(): void {
    this.#button.setAttribute("aria-pressed", String(this.#isOn));
  }

  #wake(): void {
    this.#root.toggleAttribute("data-idle", false);
    clearTimeout(this.#timer);
    if (this.#isOn) this.#timer = setTimeout(() => this.#rest(), REST_MS);
  }

  #rest(): void {
    if (this.#isBarNeeded()) this.#wake();
    else this.#root.toggleAttribute("data-idle", this.#isOn);
  }
}
