// SPDX-License-Identifier: MPL-2.0
/** What one viewer points and types. */
import type { InputMessage, KeyMessage, PointerButton } from "../client/input-messages.ts";
import { PixelfluxError } from "../index.ts";
import type { Input, Point } from "../input/index.ts";
import { INPUT_RATE, MessageAllowance } from "./control.ts";

/** Operations that wait for the X server: more than that a person does not do. */
const WAITING_MAX = 256;
/** Keys that one viewer may hold: more than fingers. */
const HELD_MAX = 16;
/** Where on the keyboard a key is says more than what it means: which of two. */
const WHICH_OF_TWO = ["ShiftRight", "ControlRight", "AltRight", "MetaRight", "NumpadEnter"];

/** What they change is in the viewer's characters already; and for others they would stay on. */
const LOCKS = ["caps", "capslock", "numlock", "scrolllock", "shiftlock"];

/**
 * Does what a viewer's messages say, in their order. Movements that come faster than
 * the X server takes them are left out; what the viewer holds is released when it goes.
 */
export class ViewerInput {
  readonly #input: Input;
  readonly #onError: (error: unknown) => void;
  readonly #allowance = new MessageAllowance(performance.now(), INPUT_RATE);
  /** Names of held keys, by which key of the viewer's keyboard holds them. */
  readonly #keys = new Map<string, string>();
  readonly #buttons = new Set<PointerButton>();
  /** Where the pointer is to be moved when it has been moved to where it is on its way to. */
  #wanted: Point | undefined;
  #moving = false;
  #waiting = 0;

  constructor(input: Input, onError: (error: unknown) => void) {
    this.#input = input;
    this.#onError = onError;
  }

  /** @returns false where the viewer has sent too much. */
  take(message: InputMessage): boolean {
    const isMuch = !this.#allowance.spend(performance.now(), true);
    if (isMuch || this.#waiting >= WAITING_MAX) return false;
    switch (message.type) {
      case "pointer":
        this.#move(message);
        break;
      case "button":
        this.#click(message.button, message.down, message);
        break;
      case "wheel":
        this.#do(this.#input.scroll(message.dx, message.dy, placeOf(message)));
        break;
      case "key":
        this.#key(message);
        break;
      case "text":
        this.#do(this.#input.type(message.text));
        break;
      case "release":
        this.release();
        break;
    }
    return true;
  }

  /** Releases what this viewer holds, and nothing else. */
  release(): void {
    this.#wanted = undefined;
    for (const button of this.#buttons) this.#do(this.#input.up({ button }));
    for (const name of this.#keys.values()) this.#do(this.#input.up(name));
    this.#buttons.clear();
    this.#keys.clear();
  }

  #move(message: Point): void {
    this.#wanted = placeOf(message);
    if (!this.#moving) void this.#follow();
  }

  async #follow(): Promise<void> {
    this.#moving = true;
    while (this.#wanted) {
      const { x, y } = this.#wanted;
      this.#wanted = undefined;
      await this.#do(this.#input.move(x, y));
    }
    this.#moving = false;
  }

  #click(button: PointerButton, down: boolean, { x, y }: Point): void {
    this.#wanted = undefined;
    if (down) {
      this.#buttons.add(button);
      // Where the place is none on the present screen, nothing else is clicked.
      this.#do(this.#input.down({ button }, { at: { x, y } }));
      return;
    }
    this.#do(this.#input.move(x, y));
    // Another viewer may hold it, too.
    if (this.#buttons.delete(button)) this.#do(this.#input.up({ button }));
  }

  #key(message: KeyMessage): void {
    const id = message.code || message.key;
    const held = this.#keys.get(id);
    if (!message.down) {
      this.#keys.delete(id);
      if (held !== undefined) this.#do(this.#input.up(held));
      return;
    }
    if (held !== undefined || this.#keys.size >= HELD_MAX) return;
    const name = nameOf(message);
    if (LOCKS.includes(name.toLowerCase().replace(/[\s_-]/g, ""))) return;
    this.#keys.set(id, name);
    this.#do(this.#input.down(name, { exactly: true }));
  }

  /** Never rejects. */
  async #do(operation: Promise<void>): Promise<void> {
    this.#waiting += 1;
    try {
      await operation;
    } catch (error) {
      // The screen is another than the viewer has seen, has no such key, or is gone, as its capture tells.
      if (!(error instanceof PixelfluxError)) this.#onError(error);
    } finally {
      this.#waiting -= 1;
    }
  }
}

function placeOf({ x, y }: Point): Point {
  return { x, y };
}

/** A character is itself, whatever the layouts; of other keys the name, or which key it is. */
function nameOf({ code, key }: KeyMessage): string {
  if (WHICH_OF_TWO.includes(code) && key !== "AltGraph" && [...key].length > 1) return code;
  return key;
}
