// SPDX-License-Identifier: MPL-2.0
import type { PlayerState } from "../client/index.ts";
import { element } from "./elements.ts";
import { sentence } from "./words.ts";

/** The countdown changes once a second, and should not be late by more than this. */
const COUNTDOWN_INTERVAL_MS = 200;

/** Says over the picture why there is no new one, and offers to connect at once. */
export class Notice {
  readonly #box = element("notice", HTMLElement);
  readonly #title = element("notice-title", HTMLElement);
  readonly #reason = element("notice-reason", HTMLElement);
  readonly #retry = element("notice-retry", HTMLElement);
  readonly #button = element("retry", HTMLButtonElement);
  #countdown: ReturnType<typeof setInterval> | undefined;

  /**
   * @param retry - Called when the user does not want to wait.
   */
  constructor(retry: () => void) {
    this.#button.addEventListener("click", retry);
  }

  /** Whether it lies over the picture. */
  get isShown(): boolean {
    return !this.#box.hidden;
  }

  /** Whether the button that is about to go has the keyboard's focus. */
  get hasFocus(): boolean {
    return document.activeElement === this.#button;
  }

  /**
   * Shows a state; the live one needs no words.
   *
   * @param isScreenKnown - The server has answered, and the first picture is on its way.
   */
  show(state: PlayerState, isScreenKnown: boolean): void {
    clearInterval(this.#countdown);
    this.#box.hidden = state.name === "live";
    this.#box.setAttribute("data-state", state.name);
    switch (state.name) {
      case "live":
        return;
      case "connecting":
        this.#say(isScreenKnown ? "Waiting for the first picture…" : "Connecting…");
        return;
      case "waiting":
        this.#say("Disconnected", state.reason, "Try now");
        this.#count(state.retryMs);
        return;
      case "closed":
        this.#say("Connection closed", state.reason, "Connect again");
        return;
    }
  }

  #say(title: string, reason?: string, action?: string): void {
    this.#title.textContent = title;
    this.#reason.textContent = reason === undefined ? "" : sentence(reason);
    this.#reason.hidden = reason === undefined;
    this.#button.textContent = action ?? "";
    this.#button.hidden = action === undefined;
    this.#retry.hidden = true;
  }

  #count(retryMs: number): void {
    const endMs = performance.now() + retryMs;
    const tell = () => {
      const seconds = Math.ceil((endMs - performance.now()) / 1000);
      const words = seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…";
      if (this.#retry.textContent !== words) this.#retry.textContent = words;
    };
    tell();
    this.#retry.hidden = false;
    this.#countdown = setInterval(tell, COUNTDOWN_INTERVAL_MS);
  }
}
