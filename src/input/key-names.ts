// SPDX-License-Identifier: MPL-2.0
/** Keys and combinations of keys, by name. Pure. */
import { PixelfluxError } from "../errors.ts";
import { show } from "../settings.ts";
import { folded, KEYSYM_BY_NAME } from "./key-table.ts";
import { isModifier, keysymOfCharacter, smallOf } from "./keysyms.ts";

/** Names that are shown where one is not known. */
const SUGGESTIONS = 3;
/** Longer ones are no names of keys. */
const NAME_LENGTH_MAX = 40;
const KEYS_MAX = 8;

/** A combination, taken apart. */
export interface Combination {
  /** Held while the key is pressed, in this order. */
  readonly modifiers: readonly number[];
  readonly key: number;
}

/**
 * Reads `"ctrl+shift+t"`: names of modifiers, and one of any key at the end.
 *
 * The letter of a combination is the key with that letter: `"ctrl+C"` is `"ctrl+c"`.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` with `field`.
 */
export function parseCombination(text: unknown, operation: string, field = "key"): Combination {
  const names = namesOf(text, operation, field);
  const keysyms = names.map((name) => keysymOfName(name, operation, field));
  const key = keysyms.pop() ?? 0;
  for (const [index, keysym] of keysyms.entries()) {
    if (isModifier(keysym)) continue;
    const words = `has to be modifiers with at most one other key behind them, but ${show(names[index])} of ${show(text)} is no modifier. Press one key after the other.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", operation, `${operation}: ${field} ${words}`, {
      field,
    });
  }
  return { modifiers: keysyms, key: keysyms.length > 0 ? smallOf(key) : key };
}

/**
 * The keysym of one key: a character, an X keysym's name, or one of the aliases. Case
 * matters for a character only.
 *
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` with `field`; the nearest names are in the message.
 */
export function keysymOfName(name: unknown, operation: string, field = "key"): number {
  const keysym = typeof name === "string" ? findKeysym(name) : undefined;
  if (keysym !== undefined) return keysym;
  const expected = 'a character or the name of a key, as in "a", "enter" or "f5"';
  const nearest = typeof name === "string" ? nearestNames(name) : [];
  const remedy = nearest.length === 0 ? "" : ` The nearest names: ${nearest.join(", ")}.`;
  const words = `${operation}: ${field} has to be ${expected}, but is ${show(name)}.${remedy}`;
  throw new PixelfluxError("ERR_INVALID_SETTING", operation, words, { field });
}

/** {@link keysymOfName} where there may be none. */
export function findKeysym(name: string): number | undefined {
  const codePoint = name.codePointAt(0);
  if (codePoint !== undefined && name.length === String.fromCodePoint(codePoint).length) {
    return keysymOfCharacter(codePoint);
  }
  if (name.length > NAME_LENGTH_MAX) return undefined;
  return KEYSYM_BY_NAME.get(folded(name));
}

/** "+" is between the keys, and a key itself. */
function namesOf(text: unknown, operation: string, field: string): string[] {
  if (typeof text !== "string" || text === "") return [keyless(text, operation, field)];
  const names = text === "+" ? ["+"] : text.replace(/\+\+$/, "+plus").split("+");
  if (names.length <= KEYS_MAX) return names.map((name) => (name.length > 1 ? name.trim() : name));
  const words = `${operation}: ${field} has to be at most ${KEYS_MAX} keys, but ${show(text)} is ${names.length}.`;
  throw new PixelfluxError("ERR_INVALID_SETTING", operation, words, { field });
}

function keyless(text: unknown, operation: string, field: string): never {
  const words = `${operation}: ${field} has to be the names of keys with "+" between them, as in "ctrl+shift+t", but is ${show(text)}.`;
  throw new PixelfluxError("ERR_INVALID_SETTING", operation, words, { field });
}

function nearestNames(name: string): string[] {
  const wanted = folded(name.slice(0, NAME_LENGTH_MAX));
  const limit = Math.max(2, Math.floor(wanted.length / 2));
  const ranked = [...KEYSYM_BY_NAME.keys()]
    .map((known) => ({ known, distance: distanceOf(wanted, known) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked.slice(0, SUGGESTIONS).map(({ known }) => known);
}

/** Letters to be put in, taken out or exchanged (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
