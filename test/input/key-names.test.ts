// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { PixelfluxError } from "../../src/errors.ts";
import { keysymOfName, parseCombination } from "../../src/input/key-names.ts";
import { KEYSYM_BY_NAME } from "../../src/input/key-table.ts";
import { Keymap } from "../../src/input/keymap.ts";
import { hasCase, keysymOfCharacter } from "../../src/input/keysyms.ts";
import { random, rounds, seedOfRun } from "../support/random.ts";
import { anyValue } from "../support/values.ts";

const seed = seedOfRun();

describe("a key's name", () => {
  test.each([
    ["a", 0x61],
    ["A", 0x41],
    ["é", 0xe9],
    ["✓", 0x01002713],
    ["😀", 0x0101f600],
    ["\n", 0xff0d],
    ["enter", 0xff0d],
    ["Return", 0xff0d],
    ["ESC", 0xff1b],
    ["Page_Up", 0xff55],
    ["pageup", 0xff55],
    ["pgup", 0xff55],
    ["ArrowLeft", 0xff51],
    ["left", 0xff51],
    ["f5", 0xffc2],
    ["F35", 0xffe0],
    ["plus", 0x2b],
    ["cmd", 0xffeb],
    ["super", 0xffeb],
    ["Meta_L", 0xffe7],
    ["altgr", 0xfe03],
    ["ControlRight", 0xffe4],
    ["KP_Add", 0xffab],
    ["NumpadEnter", 0xff8d],
    ["XF86AudioPlay", 0x1008ff14],
    ["volumeup", 0x1008ff13],
    ["space", 0x20],
    [" ", 0x20],
    ["caps lock", 0xffe5],
  ])("%s", (name, keysym) => {
    expect(keysymOfName(name, "key")).toBe(keysym);
  });

  test("no alias leads nowhere", () => {
    for (const keysym of KEYSYM_BY_NAME.values()) expect(keysym).toBeGreaterThan(0);
  });

  test.each([
    ["entr", "enter"],
    ["pageupp", "pageup"],
    ["ctlr", "ctrl"],
    ["f99", "f9"],
    ["BackSpac", "backspace"],
  ])("%s is refused with the nearest, such as %s", (name, nearest) => {
    const act = () => keysymOfName(name, "key");
    expect(act).toThrow(expect.objectContaining({ code: "ERR_INVALID_SETTING", field: "key" }));
    expect(act).toThrow(new RegExp(`${JSON.stringify(name)}.*nearest names: .*\\b${nearest}\\b`));
  });
});

describe("a combination", () => {
  test.each([
    ["ctrl+shift+t", [0xffe3, 0xffe1], 0x74],
    ["ctrl+C", [0xffe3], 0x63],
    ["A", [], 0x41],
    ["+", [], 0x2b],
    ["ctrl++", [0xffe3], 0x2b],
    ["ctrl+plus", [0xffe3], 0x2b],
    ["ctrl + Alt + Delete", [0xffe3, 0xffe9], 0xffff],
    ["super", [], 0xffeb],
    ["alt+Ü", [0xffe9], 0xfc],
  ])("%s", (text, modifiers, key) => {
    expect(parseCombination(text, "key")).toEqual({ modifiers, key });
  });

  test.each([
    "",
    "ctrl+",
    "+a",
    "ctrl++a",
    "a+b",
    "ctrl+a+b",
    "ctrl+nokey",
    "a".repeat(1000),
    "++",
  ])("%p is none", (text) => {
    expect(() => parseCombination(text, "key")).toThrow(PixelfluxError);
  });

  test(`any value is a combination or a typed error (PF_SEED=${seed})`, () => {
    const pick = random(seed);
    for (const _ of rounds(5000)) {
      try {
        parseCombination(anyValue(pick), "key");
      } catch (error) {
        expect(error).toBeInstanceOf(PixelfluxError);
      }
    }
  });
});

test("characters that no key can be", () => {
  for (const codePoint of [0, 3, 0x1f, 0x80, 0x9f, 0xd800, 0xdfff]) {
    expect(keysymOfCharacter(codePoint)).toBeUndefined();
  }
});

test("letters have a case, and nothing else", () => {
  for (const [character, expected] of [
    ["a", true],
    ["Ж", true],
    ["1", false],
    ["漢", false],
    ["✓", false],
  ] as const) {
    expect(hasCase(keysymOfCharacter(character.codePointAt(0) ?? 0) ?? 0)).toBe(expected);
  }
  expect(hasCase(0xff0d)).toBe(false);
});

/** An answer to GetKeyboardMapping, of rows of keysyms. */
function table(rows: readonly (readonly number[])[]): Buffer {
  const width = rows[0]?.length ?? 0;
  const reply = Buffer.alloc(32 + rows.length * width * 4);
  reply[1] = width;
  rows.flat().forEach((keysym, index) => {
    reply.writeUInt32LE(keysym, 32 + index * 4);
  });
  return reply;
}

describe("a keyboard's table", () => {
  const rows = [
    [0x71, 0x51, 0x6ca, 0x6ea, 0x40, 0x7d9], // q Q, in the other group Cyrillic, with AltGr @ Ω
    [0xfe03, 0, 0xfe03, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
  ];

  test("tells the key and the level", () => {
    const keymap = new Keymap(8, table(rows), 0);
    expect(keymap.find(0x71)).toEqual({ keycode: 8, shift: false, level3: false });
    expect(keymap.find(0x51)).toEqual({ keycode: 8, shift: true, level3: false });
    expect(keymap.find(0x40)).toEqual({ keycode: 8, shift: false, level3: true });
    expect(keymap.find(0x7d9)).toEqual({ keycode: 8, shift: true, level3: true });
    expect(keymap.find(0x6ca)).toBeUndefined();
    expect(keymap.spareKeycodes()).toEqual([10]);
  });

  test("is that of the present group", () => {
    const keymap = new Keymap(8, table(rows), 1);
    expect(keymap.find(0x6ea)).toEqual({ keycode: 8, shift: true, level3: false });
    expect(keymap.find(0x71)).toBeUndefined();
  });

  test("without a key for AltGr has no level 3", () => {
    const keymap = new Keymap(8, table(rows.slice(0, 1)), 0);
    expect(keymap.find(0x40)).toBeUndefined();
    expect(keymap.find(0x71)).toBeDefined();
  });

  test("that is empty has nothing", () => {
    expect(new Keymap(8, Buffer.alloc(32), 0).spareKeycodes()).toEqual([]);
    expect(new Keymap(8, table(rows), 3).find(0x71)).toBeUndefined();
  });
});
