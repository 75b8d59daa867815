// SPDX-License-Identifier: MPL-2.0
/**
 * Keys that mean nothing are lent a character each, for characters that no key has.
 *
 * A program asks what a key means when it looks at the keystroke, which may be later
 * than the keystroke was made: a key gets another meaning only some time after its
 * last stroke, and loses it only then.
 */
import type { Keymap } from "./keymap.ts";
import { changeKeyboardMapping } from "./requests.ts";

/** Programs have looked at a keystroke after so long. */
export const SETTLE_MS = 150;

interface Loan {
  readonly keysym: number;
  /** When it was last pressed. */
  usedMs: number;
}

/** A change of the keyboard's table. */
export interface MappingChange {
  readonly requests: readonly Buffer[];
  /** How long to wait before it is made. */
  readonly waitMs: number;
}

/** The keys that have been lent. Pure but for the clock that it is told. */
export class SpareKeys {
  readonly #loans = new Map<number, Loan>();

  get isEmpty(): boolean {
    return this.#loans.size === 0;
  }

  /** Keys that may be lent, or lent anew. */
  capacity(keymap: Keymap, isHeld: (keycode: number) => boolean): number {
    return this.#free(keymap).length + this.#lent(keymap, isHeld).length;
  }

  /** Whether it is by a loan that the key has its meaning. */
  isLent(keycode: number): boolean {
    return this.#loans.has(keycode);
  }

  /** A lent key has been pressed. */
  use(keycode: number, nowMs: number): void {
    const loan = this.#loans.get(keycode);
    if (loan) loan.usedMs = nowMs;
  }

  /**
   * Lends a key to each of `missing`, which are no more than the capacity less `kept`.
   *
   * @param kept - keysyms whose loans are to stay.
   */
  lend(
    missing: readonly number[],
    kept: ReadonlySet<number>,
    keymap: Keymap,
    isHeld: (keycode: number) => boolean,
    nowMs: number,
  ): MappingChange {
    const again = this.#lent(keymap, isHeld).filter(([, { keysym }]) => !kept.has(keysym));
    again.sort(([, a], [, b]) => a.usedMs - b.usedMs);
    const keycodes = [...this.#free(keymap), ...again.map(([keycode]) => keycode)];
    const meanings = new Map<number, number>();
    let usedMs = Number.NEGATIVE_INFINITY;
    for (const [index, keysym] of missing.entries()) {
      const keycode = keycodes[index];
      if (keycode === undefined) break;
      usedMs = Math.max(usedMs, this.#loans.get(keycode)?.usedMs ?? usedMs);
      meanings.set(keycode, keysym);
      this.#loans.set(keycode, { keysym, usedMs: nowMs });
    }
    return { requests: mappingRequests(meanings), waitMs: waitAfter(usedMs, nowMs) };
  }

  /** Requests that take every loan back. */
  restorations(): Buffer[] {
    return mappingRequests(new Map([...this.#loans.keys()].map((keycode) => [keycode, 0])));
  }

  /** Takes every loan back that is still ours, but of keys that are held. */
  restore(keymap: Keymap, isHeld: (keycode: number) => boolean, nowMs: number): MappingChange {
    const lent = this.#lent(keymap, isHeld);
    const usedMs = Math.max(...lent.map(([, loan]) => loan.usedMs));
    for (const [keycode] of lent) this.#loans.delete(keycode);
    const meanings = new Map(lent.map(([keycode]) => [keycode, 0]));
    return { requests: mappingRequests(meanings), waitMs: waitAfter(usedMs, nowMs) };
  }

  #free(keymap: Keymap): number[] {
    return keymap.spareKeycodes().filter((keycode) => !this.#loans.has(keycode));
  }

  /** Forgets keys that somebody has given another meaning meanwhile, such as by a new layout. */
  #lent(keymap: Keymap, isHeld: (keycode: number) => boolean): [number, Loan][] {
    for (const [keycode, { keysym }] of this.#loans) {
      if (keymap.meaning(keycode) !== keysym) this.#loans.delete(keycode);
    }
    return [...this.#loans].filter(([keycode]) => !isHeld(keycode));
  }
}

function waitAfter(usedMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil(usedMs + SETTLE_MS - nowMs));
}

/** One request for each run of keys that follow each other: each makes every program read the table. */
function mappingRequests(meanings: ReadonlyMap<number, number>): Buffer[] {
  const requests: Buffer[] = [];
  const keycodes = [...meanings.keys()].sort((a, b) => a - b);
  for (let at = 0; at < keycodes.length; ) {
    const first = keycodes[at] ?? 0;
    const keysyms: number[] = [];
    while (keycodes[at] === first + keysyms.length) {
      keysyms.push(meanings.get(first + keysyms.length) ?? 0);
      at += 1;
    }
    requests.push(changeKeyboardMapping(first, keysyms));
  }
  return requests;
}
