// SPDX-License-Identifier: MPL-2.0
/** What is held down at present. */
import { fakeButton, fakeKey } from "./requests.ts";

/** Keys and buttons that have been pressed and not released, and the requests that do either. */
export class Held {
  /** Keycodes by the keysym that was meant, in the order in which they were pressed. */
  readonly #keycodes = new Map<number, number>();
  readonly #buttons = new Set<number>();
  readonly #xtest: number;
  readonly #changed: () => void;

  /** @param changed - called after each change, ahead of its request's being sent. */
  constructor(xtestOpcode: number, changed: () => void) {
    this.#xtest = xtestOpcode;
    this.#changed = changed;
  }

  /** Of a keysym that is held. */
  keycodeOf(keysym: number): number | undefined {
    return this.#keycodes.get(keysym);
  }

  hasKeycode(keycode: number): boolean {
    return this.#keycodes.values().some((held) => held === keycode);
  }

  /** Keycodes of those held keys for whose keysyms `chooses` says true. */
  keycodes(chooses: (keysym: number) => boolean): number[] {
    const entries = this.#keycodes.entries().filter(([keysym]) => chooses(keysym));
    return entries.map(([, keycode]) => keycode).toArray();
  }

  pressKey(keysym: number, keycode: number): Buffer {
    this.#keycodes.set(keysym, keycode);
    this.#changed();
    return fakeKey(this.#xtest, keycode, true);
  }

  releaseKey(keysym: number, keycode: number): Buffer {
    this.#keycodes.delete(keysym);
    this.#changed();
    return fakeKey(this.#xtest, keycode, false);
  }

  pressButton(button: number): Buffer {
    this.#buttons.add(button);
    this.#changed();
    return fakeButton(this.#xtest, button, true);
  }

  releaseButton(button: number): Buffer {
    this.#buttons.delete(button);
    this.#changed();
    return fakeButton(this.#xtest, button, false);
  }

  /** The requests that release everything, last pressed first; nothing is held afterwards. */
  releaseAll(): Buffer[] {
    const requests = this.releases();
    this.#keycodes.clear();
    this.#buttons.clear();
    this.#changed();
    return requests;
  }

  /** {@link releaseAll}, for whoever does it later. */
  releases(): Buffer[] {
    const buttons = [...this.#buttons].reverse();
    const keycodes = [...this.#keycodes.values()].reverse();
    return [
      ...buttons.map((button) => fakeButton(this.#xtest, button, false)),
      ...keycodes.map((keycode) => fakeKey(this.#xtest, keycode, false)),
    ];
  }
}
