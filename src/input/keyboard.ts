// SPDX-License-Identifier: MPL-2.0
/** Keystrokes: from keysyms to the keys of whatever keyboard the server has at present. */
import { RequestError, type XSession } from "../x11/session.ts";
import { Attention } from "./attention.ts";
import type { Held } from "./held.ts";
import type { Combination } from "./key-names.ts";
import { Keymap } from "./keymap.ts";
import { characterOf, hasCase, isModifier, KEYSYM } from "./keysyms.ts";
import type { InputServer } from "./open.ts";
import { fakeKey, getKeyboardMapping, getXkbState, lockModifiers } from "./requests.ts";
import { SpareKeys } from "./spare-keys.ts";

/** Between two round trips, and looks at the signal. */
const STROKES_AT_ONCE = 32;
/** Keysyms that keys are sought, and lent, for at once. */
const LOOK_AHEAD = 256;

const LOCK = 2;
/** Shift, Lock, Control, Mod1, Mod4, Mod5: not those of NumLock and ScrollLock, which no character minds. */
const LOCKS_IN_THE_WAY = 0xcf;

/** Major opcodes of the extensions. */
export interface Opcodes {
  readonly xtest: number;
  readonly xkb: number;
}

/** How a text is typed. */
export interface Typing {
  readonly delayMs: number;
  readonly signal: AbortSignal | undefined;
}

/** No key has the character, and there is no key to spare for it. */
export class NoSpareKey extends Error {
  override readonly name = "NoSpareKey";
}

/** What the server's keyboard is like at present. */
interface Reading {
  readonly keymap: Keymap;
  /** The locked modifiers, as a mask. */
  readonly locked: number;
}

/** The keyboard of a connection. It does one thing at a time: whoever calls sees to that. */
export class Keyboard {
  readonly #session: XSession;
  readonly #opcodes: Opcodes;
  readonly #held: Held;
  readonly #spare = new SpareKeys();
  readonly #isHeld = (keycode: number) => this.#held.hasKeycode(keycode);

  readonly #attention: Attention;
  readonly #lending: () => void;

  /** @param lending - called when keys are about to be lent, or have been given back. */
  constructor({ session, opcodes, root }: InputServer, held: Held, lending: () => void) {
    this.#session = session;
    this.#opcodes = opcodes;
    this.#held = held;
    this.#attention = new Attention(session, root);
    this.#lending = lending;
  }

  /** Requests that give the lent keys back. */
  restorations(): Buffer[] {
    return this.#spare.restorations();
  }

  /** Whether keys are lent, which {@link restore} gives back. */
  get lends(): boolean {
    return !this.#spare.isEmpty;
  }

  /** Strikes one key after the other, so that each arrives as what it is, whatever is held or locked. */
  async type(keysyms: readonly number[], { delayMs, signal }: Typing): Promise<void> {
    const chunk = delayMs > 0 ? 1 : STROKES_AT_ONCE;
    const { locked } = await this.#read();
    await this.#withoutModifiers(locked, async () => {
      for (let at = 0, end = 0; at < keysyms.length; at = end) {
        const { keymap, count } = await this.#prepare(keysyms.slice(at, at + LOOK_AHEAD));
        for (end = at + count; at < end; at = Math.min(end, at + chunk)) {
          signal?.throwIfAborted();
          const part = keysyms.slice(at, Math.min(end, at + chunk));
          this.#session.send(...part.flatMap((keysym) => this.#stroke(keymap, keysym, new Set())));
          await this.#session.settle();
          if (delayMs > 0) await Bun.sleep(delayMs);
        }
      }
    });
  }

  /** Presses the modifiers and the key with them, and releases all of it. What is held stays held. */
  async press({ modifiers, key }: Combination): Promise<void> {
    const reading = await this.#readingWith([...modifiers, key]);
    const [before, after] = this.#modifierRequests(reading.keymap, modifiers);
    const pressed = modifiers.map((keysym) => this.#keycode(reading.keymap, keysym));
    const down = new Set([...pressed, ...this.#heldModifiers(reading.keymap)]);
    const stroke = this.#stroke(reading.keymap, key, down);
    this.#session.send(...before, ...this.#unlocked(reading, key, stroke), ...after);
    await this.#session.settle();
  }

  /** Sends requests with presses of the modifiers before and their releases behind, in one piece. */
  async sendWith(modifiers: readonly number[], requests: readonly Buffer[]): Promise<void> {
    if (modifiers.length === 0) {
      this.#session.send(...requests);
    } else {
      const { keymap } = await this.#readingWith(modifiers);
      const [before, after] = this.#modifierRequests(keymap, modifiers);
      this.#session.send(...before, ...requests, ...after);
    }
    await this.#session.settle();
  }

  /** Holds the modifiers while something is done. */
  async holding(modifiers: readonly number[], work: () => Promise<void>): Promise<void> {
    const mine = modifiers.filter((keysym) => this.#held.keycodeOf(keysym) === undefined);
    for (const keysym of mine) await this.down(keysym, false);
    try {
      await work();
    } finally {
      for (const keysym of mine.reverse()) this.#release(keysym);
      await this.#session.settle();
    }
  }

  /**
   * Holds a key down.
   *
   * @param exactly - a character arrives as what it is, though Shift or AltGr are held.
   */
  async down(keysym: number, exactly: boolean): Promise<void> {
    if (this.#held.keycodeOf(keysym) !== undefined) return;
    const reading = await this.#readingWith([keysym]);
    const keycode = this.#keycode(reading.keymap, keysym);
    const held = this.#heldModifiers(reading.keymap);
    const level = this.#levelKeycodes(reading.keymap, keysym).filter(
      (code) => !held.includes(code),
    );
    const lifted = exactly && characterOf(keysym) ? this.#inTheWayOf(reading.keymap, keysym) : [];
    const requests = [
      ...lifted.map((code) => this.#fake(code, false)),
      ...level.map((code) => this.#fake(code, true)),
      this.#held.pressKey(keysym, keycode),
      ...level.map((code) => this.#fake(code, false)),
      ...lifted.map((code) => this.#fake(code, true)),
    ];
    this.#spare.use(keycode, performance.now());
    this.#session.send(...this.#unlocked(reading, keysym, requests));
    await this.#session.settle();
  }

  /** Releases a key, whoever holds it. */
  async up(keysym: number): Promise<void> {
    if (this.#held.keycodeOf(keysym) === undefined) {
      const { keymap } = await this.#read();
      const keycode = keymap.find(keysym)?.keycode;
      if (keycode !== undefined) this.#session.send(this.#fake(keycode, false));
    } else {
      this.#release(keysym);
    }
    await this.#session.settle();
  }

  /** Gives the lent keys back, once programs have looked at what was typed with them. */
  async restore(): Promise<void> {
    if (!this.lends) return;
    const { keymap } = await this.#read();
    const { requests, waitMs } = this.#spare.restore(keymap, this.#isHeld, performance.now());
    await this.#looked(waitMs);
    this.#session.send(...requests);
    await this.#session.settle();
    this.#lending();
  }

  /** The program with the focus has been given time for what it was sent; more where it asks for that. */
  async #looked(waitMs: number): Promise<void> {
    if (waitMs === 0) return;
    await Promise.all([Bun.sleep(waitMs), this.#attention.gained().catch(onlyIfGone)]);
  }

  async #read(): Promise<Reading> {
    const first = this.#session.setup.readUInt8(34);
    const count = this.#session.setup.readUInt8(35) - first + 1;
    const [mapping, state] = await Promise.all([
      this.#session.ask(getKeyboardMapping(first, count)),
      this.#session.ask(getXkbState(this.#opcodes.xkb)),
    ]);
    const keymap = new Keymap(first, mapping, state.readUInt8(12));
    return { keymap, locked: state.readUInt8(11) };
  }

  /** Lends keys to what no key means. */
  async #readingWith(keysyms: readonly number[]): Promise<Reading> {
    const reading = await this.#read();
    const missing = [...new Set(keysyms.filter((keysym) => !reading.keymap.find(keysym)))];
    return missing.length === 0 ? reading : await this.#lend(missing, new Set(keysyms), reading);
  }

  /** Sees to keys for as many of the first keysyms as there are keys for at the same time. */
  async #prepare(keysyms: readonly number[]): Promise<{ keymap: Keymap; count: number }> {
    const reading = await this.#read();
    const { keymap } = reading;
    const capacity = this.#spare.capacity(keymap, this.#isHeld);
    const missing = new Set<number>();
    const borrowers = new Set<number>();
    let count = 0;
    for (const keysym of keysyms) {
      const stroke = keymap.find(keysym);
      if (stroke === undefined) missing.add(keysym);
      if (stroke === undefined || this.#spare.isLent(stroke.keycode)) borrowers.add(keysym);
      if (borrowers.size > capacity) missing.delete(keysym);
      if (borrowers.size > capacity) break;
      count += 1;
    }
    if (count === 0) throw new NoSpareKey();
    if (missing.size === 0) return { keymap, count };
    return { keymap: (await this.#lend([...missing], borrowers, reading)).keymap, count };
  }

  async #lend(
    missing: readonly number[],
    kept: ReadonlySet<number>,
    { keymap }: Reading,
  ): Promise<Reading> {
    const nowMs = performance.now();
    if (this.#spare.capacity(keymap, this.#isHeld) < missing.length) throw new NoSpareKey();
    const change = this.#spare.lend(missing, kept, keymap, this.#isHeld, nowMs);
    this.#lending();
    await this.#looked(change.waitMs);
    this.#session.send(...change.requests);
    const sentMs = performance.now();
    await this.#session.settle();
    await this.#looked(noticeMs(performance.now() - sentMs));
    return this.#read();
  }

  /** Down and up, with what chooses the key's level around it unless that is down already. */
  #stroke(keymap: Keymap, keysym: number, down: ReadonlySet<number>): Buffer[] {
    const keycode = this.#keycode(keymap, keysym);
    const levels = this.#levelKeycodes(keymap, keysym).filter((level) => !down.has(level));
    this.#spare.use(keycode, performance.now());
    return [
      ...levels.map((level) => this.#fake(level, true)),
      this.#fake(keycode, true),
      this.#fake(keycode, false),
      ...levels.map((level) => this.#fake(level, false)),
    ];
  }

  #levelKeycodes(keymap: Keymap, keysym: number): number[] {
    const stroke = keymap.find(keysym);
    return [
      ...(stroke?.shift ? [this.#keycode(keymap, KEYSYM.Shift_L)] : []),
      ...(stroke?.level3 ? [this.#keycode(keymap, KEYSYM.ISO_Level3_Shift)] : []),
    ];
  }

  /** Keycodes of held modifiers; one Shift is as good as the other. */
  #heldModifiers(keymap: Keymap): number[] {
    const isShifted = this.#held.keycodeOf(KEYSYM.Shift_R) !== undefined;
    const shift = isShifted ? [this.#keycode(keymap, KEYSYM.Shift_L)] : [];
    return [...this.#held.keycodes(isModifier), ...shift];
  }

  /** Held keys that would choose another level than the keysym's. */
  #inTheWayOf(keymap: Keymap, keysym: number): number[] {
    const stroke = keymap.find(keysym);
    return this.#held.keycodes((held) => {
      if (held === KEYSYM.Shift_L || held === KEYSYM.Shift_R) return !stroke?.shift;
      return held === KEYSYM.ISO_Level3_Shift && !stroke?.level3;
    });
  }

  /** The requests with CapsLock out of the way, where that is on and would change the keysym. */
  #unlocked({ locked }: Reading, keysym: number, requests: readonly Buffer[]): readonly Buffer[] {
    if ((locked & LOCK) === 0 || !hasCase(keysym)) return requests;
    const { xkb } = this.#opcodes;
    return [lockModifiers(xkb, LOCK, 0), ...requests, lockModifiers(xkb, LOCK, LOCK)];
  }

  async #withoutModifiers(locked: number, work: () => Promise<void>): Promise<void> {
    const mask = locked & LOCKS_IN_THE_WAY;
    const lifted = this.#held.keycodes(isModifier);
    this.#session.send(
      ...lifted.map((keycode) => this.#fake(keycode, false)),
      ...(mask === 0 ? [] : [lockModifiers(this.#opcodes.xkb, mask, 0)]),
    );
    try {
      await work();
    } finally {
      this.#session.send(
        ...(mask === 0 ? [] : [lockModifiers(this.#opcodes.xkb, mask, mask)]),
        ...lifted.map((keycode) => this.#fake(keycode, true)),
      );
    }
    await this.#session.settle();
  }

  /** Presses of those modifiers that are not held, and their releases. */
  #modifierRequests(keymap: Keymap, modifiers: readonly number[]): [Buffer[], Buffer[]] {
    const keycodes = modifiers
      .map((keysym) => this.#keycode(keymap, keysym))
      .filter((keycode) => !this.#isHeld(keycode));
    const presses = keycodes.map((keycode) => this.#fake(keycode, true));
    return [presses, keycodes.reverse().map((keycode) => this.#fake(keycode, false))];
  }

  #release(keysym: number): void {
    const keycode = this.#held.keycodeOf(keysym);
    if (keycode !== undefined) this.#session.send(this.#held.releaseKey(keysym, keycode));
  }

  #keycode(keymap: Keymap, keysym: number): number {
    const keycode = this.#held.keycodeOf(keysym) ?? keymap.find(keysym)?.keycode;
    if (keycode === undefined) throw new NoSpareKey();
    return keycode;
  }

  #fake(keycode: number, isDown: boolean): Buffer {
    return fakeKey(this.#opcodes.xtest, keycode, isDown);
  }
}

/**
 * How long programs are given to ask for a table that has changed: Chromium goes on
 * with the old one until it has the new. A server that takes its time says that the
 * machine is busy.
 */
function noticeMs(roundTripMs: number): number {
  return Math.min(1000, 100 + 20 * roundTripMs);
}

/** A window that has gone meanwhile needs no time; anything else is the caller's. */
function onlyIfGone(error: unknown): false {
  if (error instanceof RequestError) return false;
  throw error;
}
