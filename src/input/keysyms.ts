// SPDX-License-Identifier: MPL-2.0
/** Keysyms: the numbers of what keys mean (X11 protocol, appendix A). Pure. */

export const KEYSYM = {
  BackSpace: 0xff08,
  Tab: 0xff09,
  Return: 0xff0d,
  Escape: 0xff1b,
  Delete: 0xffff,
  Shift_L: 0xffe1,
  Shift_R: 0xffe2,
  Hyper_R: 0xffee,
  ISO_Level3_Shift: 0xfe03,
  Mode_switch: 0xff7e,
} as const;

/** Keysyms from here on are characters by their code point. */
const UNICODE = 0x01000000;

/** What keyboards have keys for, though it is no character of a text. */
const CONTROLS: ReadonlyMap<number, number> = new Map([
  [0x08, KEYSYM.BackSpace],
  [0x09, KEYSYM.Tab],
  [0x0a, KEYSYM.Return],
  [0x0d, KEYSYM.Return],
  [0x1b, KEYSYM.Escape],
  [0x7f, KEYSYM.Delete],
]);

/** The keysym of a character; `undefined` for what no key can mean: other controls, lone surrogates. */
export function keysymOfCharacter(codePoint: number): number | undefined {
  const control = CONTROLS.get(codePoint);
  if (control !== undefined) return control;
  if (codePoint < 0x20 || (codePoint >= 0x7f && codePoint < 0xa0)) return undefined;
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return undefined;
  return codePoint <= 0xff ? codePoint : UNICODE + codePoint;
}

/** Held, it changes what other keys mean. */
export function isModifier(keysym: number): boolean {
  if (keysym === KEYSYM.ISO_Level3_Shift || keysym === KEYSYM.Mode_switch) return true;
  return keysym >= KEYSYM.Shift_L && keysym <= KEYSYM.Hyper_R;
}

/** The character that a keysym is; `undefined` where it is none, as for Return. */
export function characterOf(keysym: number): string | undefined {
  if (keysym >= UNICODE && keysym <= UNICODE + 0x10ffff) {
    return String.fromCodePoint(keysym - UNICODE);
  }
  const isLatin1 = (keysym >= 0x20 && keysym < 0x7f) || (keysym >= 0xa0 && keysym <= 0xff);
  return isLatin1 ? String.fromCodePoint(keysym) : undefined;
}

/** It is a character of which CapsLock makes another. */
export function hasCase(keysym: number): boolean {
  const character = characterOf(keysym);
  return character !== undefined && character.toLowerCase() !== character.toUpperCase();
}

/** The keysym of a letter's small one; any other as it is. */
export function smallOf(keysym: number): number {
  const small = characterOf(keysym)?.toLowerCase() ?? "";
  const codePoint = small.codePointAt(0);
  const isOne = codePoint !== undefined && small === String.fromCodePoint(codePoint);
  return (isOne ? keysymOfCharacter(codePoint) : undefined) ?? keysym;
}
