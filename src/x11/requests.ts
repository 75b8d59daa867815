// SPDX-License-Identifier: MPL-2.0
/** Requests of the core protocol, as bytes (X Window System Protocol, appendix B). Pure. */
import { padded } from "./connection.ts";

/** Atoms that every server has, by the same numbers. */
export const ATOM = {
  any: 0,
  atom: 4,
  cardinal: 6,
  resourceManager: 23,
  string: 31,
  window: 33,
  wmName: 39,
  wmClass: 67,
} as const;

/**
 * A request of 32-bit words behind its head.
 *
 * @param detail - the head's second byte: an extension's request, or a small argument.
 */
export function wordRequest(opcode: number, detail: number, ...words: number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 4);
  bytes.set([opcode, detail]);
  bytes.writeUInt16LE(bytes.length / 4, 2);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, 4 + index * 4);
  return bytes;
}

/** GetWindowAttributes. */
export const getWindowAttributes = (window: number) => wordRequest(3, 0, window);

/** GetGeometry. */
export const getGeometry = (drawable: number) => wordRequest(14, 0, drawable);

/** QueryTree. */
export const queryTree = (window: number) => wordRequest(15, 0, window);

/** InternAtom, which makes the name one where nobody has used it. */
export const makeAtom = (name: string) => nameRequest(16, 0, name);

/** InternAtom, which makes none: the answer is 0 for a name that nobody has used. */
export const findAtom = (name: string) => nameRequest(16, 1, name);

/** GetAtomName. */
export const getAtomName = (atom: number) => wordRequest(17, 0, atom);

/** QueryPointer, with the pointer's place in a window. */
export const queryPointer = (window: number) => wordRequest(38, 0, window);

/** TranslateCoordinates of a window's top left corner. */
export const translateOrigin = (window: number, to: number) => wordRequest(40, 0, window, to, 0);

/** QueryExtension. */
export const queryExtension = (name: string) => nameRequest(98, 0, name);

/** RRQueryVersion: we speak 1.5. */
export const queryRandr = (opcode: number) => wordRequest(opcode, 0, 1, 5);

/**
 * GetProperty.
 *
 * @param type - an atom; {@link ATOM}`.any` for whatever it is.
 * @param bytesMax - what is behind that is left out.
 */
export function getProperty(
  window: number,
  property: number,
  type: number,
  bytesMax: number,
): Buffer {
  return wordRequest(20, 0, window, property, type, 0, Math.ceil(bytesMax / 4));
}

/** What {@link getProperty} was answered. */
export interface Property {
  /** An atom; 0 where the window has no such property. */
  readonly type: number;
  readonly value: Buffer;
}

/** @throws RangeError where the answer is shorter than it says. */
export function readProperty(answer: Buffer | undefined): Property {
  if (answer === undefined) return { type: 0, value: Buffer.alloc(0) };
  const unitBytes = answer.readUInt8(1) / 8;
  const sizeBytes = answer.readUInt32LE(16) * unitBytes;
  if (32 + sizeBytes > answer.length) throw new RangeError("a property of more than its answer");
  return { type: answer.readUInt32LE(8), value: answer.subarray(32, 32 + sizeBytes) };
}

/** The 32-bit words of a property's value. */
export function wordsOf({ value }: Property): number[] {
  return Array.from({ length: value.length >> 2 }, (_, index) => value.readUInt32LE(index * 4));
}

function nameRequest(opcode: number, detail: number, name: string): Buffer {
  const bytes = Buffer.alloc(8 + padded(name.length));
  bytes.set([opcode, detail]);
  bytes.writeUInt16LE(bytes.length / 4, 2);
  bytes.writeUInt16LE(name.length, 4);
  bytes.write(name, 8, "latin1");
  return bytes;
}
