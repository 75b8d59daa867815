// SPDX-License-Identifier: MPL-2.0
/** An X server's answer to the connection's setup (X11 protocol, 8 and appendix B). Pure. */
import { padded } from "./connection.ts";

/** One screen of a server. */
export interface Screen {
  readonly index: number;
  /** The root window. */
  readonly root: number;
  /** In px. */
  readonly width: number;
  readonly height: number;
  /** Bits of colour a pixel. */
  readonly depth: number;
  /** Bits that a pixel takes. */
  readonly bitsPerPixel: number;
  /** Whether its pixels are 32-bit BGRX, which is what a capture reads. */
  readonly capturable: boolean;
}

const FIXED_BYTES = 40;
const FORMAT_BYTES = 8;
const SCREEN_BYTES = 40;
const DEPTH_BYTES = 8;
const VISUAL_BYTES = 24;
const TRUE_COLOR = 4;
const MASKS = [0xff0000, 0xff00, 0xff];

/** The name that the server's maker gave it, as it is. */
export function vendorOf(setup: Buffer): string {
  return setup.toString("latin1", FIXED_BYTES, FIXED_BYTES + setup.readUInt16LE(24));
}

/** @throws RangeError where the answer is shorter than it says. */
export function screensOf(setup: Buffer): Screen[] {
  const screens: Screen[] = [];
  let at = formatsAt(setup) + setup.readUInt8(29) * FORMAT_BYTES;
  for (let index = 0; index < setup.readUInt8(28); index++) {
    const depths = readDepths(setup, at);
    screens.push(readScreen(setup, at, index, depths.rootVisualIsReadable));
    at = depths.end;
  }
  return screens;
}

function formatsAt(setup: Buffer): number {
  return FIXED_BYTES + padded(setup.readUInt16LE(24));
}

function readScreen(setup: Buffer, at: number, index: number, readableVisual: boolean): Screen {
  const depth = setup.readUInt8(at + 38);
  const bitsPerPixel = bitsOf(setup, depth);
  const isLittleEndian = setup.readUInt8(30) === 0;
  return {
    index,
    root: setup.readUInt32LE(at),
    width: setup.readUInt16LE(at + 20),
    height: setup.readUInt16LE(at + 22),
    depth,
    bitsPerPixel,
    capturable: readableVisual && bitsPerPixel === 32 && isLittleEndian,
  };
}

/** Of the pixmap format of that depth. */
function bitsOf(setup: Buffer, depth: number): number {
  for (let index = 0; index < setup.readUInt8(29); index++) {
    const at = formatsAt(setup) + index * FORMAT_BYTES;
    if (setup.readUInt8(at) === depth) return setup.readUInt8(at + 1);
  }
  return 0;
}

/** Goes through the visuals of a screen, to find that of the root window, and the screen's end. */
function readDepths(
  setup: Buffer,
  screenAt: number,
): { rootVisualIsReadable: boolean; end: number } {
  const rootVisual = setup.readUInt32LE(screenAt + 32);
  let rootVisualIsReadable = false;
  let at = screenAt + SCREEN_BYTES;
  for (let count = setup.readUInt8(screenAt + 39); count > 0; count--) {
    const visuals = setup.readUInt16LE(at + 2);
    at += DEPTH_BYTES;
    for (const end = at + visuals * VISUAL_BYTES; at < end; at += VISUAL_BYTES) {
      if (setup.readUInt32LE(at) === rootVisual) rootVisualIsReadable = isReadable(setup, at);
    }
  }
  return { rootVisualIsReadable, end: at };
}

function isReadable(setup: Buffer, visualAt: number): boolean {
  const hasMask = (mask: number, index: number) =>
    setup.readUInt32LE(visualAt + 8 + index * 4) === mask;
  return setup.readUInt8(visualAt + 4) === TRUE_COLOR && MASKS.every(hasMask);
}
