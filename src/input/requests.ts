// SPDX-License-Identifier: MPL-2.0
/** The requests that input is made of, as bytes (little endian). Pure. */

/** What XTEST calls a device's events (xtestproto.txt, FakeInput: the core protocol's numbers). */
const KEY_PRESS = 2;
const KEY_RELEASE = 3;
const BUTTON_PRESS = 4;
const BUTTON_RELEASE = 5;
const MOTION_NOTIFY = 6;

const CHANGE_KEYBOARD_MAPPING = 100;
const GET_KEYBOARD_MAPPING = 101;

/** The keyboard that everybody shares (kbproto, device specifications). */
const CORE_KEYBOARD = 0x100;

function fakeInput(opcode: number, type: number, detail: number): Buffer {
  const request = Buffer.alloc(36);
  request.set([opcode, 2, 9, 0, type, detail]);
  return request;
}

/** XTEST FakeInput of a key. */
export function fakeKey(opcode: number, keycode: number, isDown: boolean): Buffer {
  return fakeInput(opcode, isDown ? KEY_PRESS : KEY_RELEASE, keycode);
}

/**
 * XTEST FakeInput of a pointer's button, numbered from 1.
 *
 * @param delayMs - the server waits so long with it, and with what is behind it.
 */
export function fakeButton(opcode: number, button: number, isDown: boolean, delayMs = 0): Buffer {
  const request = fakeInput(opcode, isDown ? BUTTON_PRESS : BUTTON_RELEASE, button);
  request.writeUInt32LE(delayMs, 8);
  return request;
}

/** XTEST FakeInput of the pointer, to a place of the root window. */
export function fakeMotion(opcode: number, root: number, x: number, y: number): Buffer {
  const request = fakeInput(opcode, MOTION_NOTIFY, 0);
  request.writeUInt32LE(root, 12);
  request.writeInt16LE(x, 24);
  request.writeInt16LE(y, 26);
  return request;
}

/** XTEST GrabControl: we are served while another client has grabbed the server, too. */
export function ignoreGrabs(opcode: number): Buffer {
  return Buffer.from([opcode, 3, 2, 0, 1, 0, 0, 0]);
}

/** GetKeyboardMapping of keycodes from the first on. */
export function getKeyboardMapping(first: number, count: number): Buffer {
  return Buffer.from([GET_KEYBOARD_MAPPING, 0, 2, 0, first, count, 0, 0]);
}

/**
 * ChangeKeyboardMapping of keycodes that follow each other, from the first on: one
 * keysym each, 0 for none.
 *
 * It is given twice, for without and with Shift: a single capital letter would get
 * its small one beside it (X11 protocol, 5, "Keyboards"), and come out small.
 */
export function changeKeyboardMapping(first: number, keysyms: readonly number[]): Buffer {
  const request = Buffer.alloc(8 + keysyms.length * 8);
  request.set([CHANGE_KEYBOARD_MAPPING, keysyms.length]);
  request.writeUInt16LE(request.length / 4, 2);
  request.set([first, 2], 4);
  keysyms.forEach((keysym, index) => {
    request.writeUInt32LE(keysym, 8 + index * 8);
    request.writeUInt32LE(keysym, 12 + index * 8);
  });
  return request;
}

/** XKB UseExtension, which has to come first. */
export function useXkb(opcode: number): Buffer {
  return Buffer.from([opcode, 0, 2, 0, 1, 0, 0, 0]);
}

/** XKB GetState. */
export function getXkbState(opcode: number): Buffer {
  const request = Buffer.from([opcode, 4, 2, 0, 0, 0, 0, 0]);
  request.writeUInt16LE(CORE_KEYBOARD, 4);
  return request;
}

/** XKB LatchLockState: of the modifiers in `mask`, those in `locked` are locked and the others are not. */
export function lockModifiers(opcode: number, mask: number, locked: number): Buffer {
  const request = Buffer.alloc(16);
  request.set([opcode, 5, 4, 0]);
  request.writeUInt16LE(CORE_KEYBOARD, 4);
  request.set([mask, locked], 6);
  return request;
}
