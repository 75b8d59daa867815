// SPDX-License-Identifier: MPL-2.0
// Texts that have to arrive as they are.

/** Line ends, tabs, marks that combine, what lies beyond the basic plane, and many letters. */
export const EXACT_TEXT = [
  "Hello, World!\t0123456789 ~`!@#$%^&*()_-+={}[]|\\:;\"'<>,.?/",
  "ünïcödé ßÉÈ ¿ñ? € ✓",
  "漢字 かな 한글 Ж я",
  "😀 👍🏽 👩‍👩‍👧 e\u0301 n\u0303",
  "The quick brown fox jumps over the lazy dog. ".repeat(3),
  "",
].join("\n");

/** So many characters that no keyboard of the tests has, each another, in lines. */
export function manyCharacters(count: number): string {
  const characters = Array.from({ length: count }, (_, index) =>
    String.fromCodePoint(0x4e00 + ((index * 37) % 20_000)),
  );
  return characters.map((one, index) => (index % 40 === 39 ? `${one} a\n` : one)).join("");
}
