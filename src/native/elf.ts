// SPDX-License-Identifier: MPL-2.0
/** Whether a library is there as a whole, which the system's loader does not ask. */
import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Bun's folder of the files within a compiled program, which it reads as a whole. */
const EMBEDDED = "/$bunfs/";
const HEADER_BYTES = 64;
const PT_LOAD = 1;

/**
 * Why the file cannot be loaded without harm; `undefined` where it can be, or where the
 * loader itself will say why not. A file that was cut off, by a full disk or a broken
 * download, is mapped as if it were whole, and the first access behind its end is a
 * SIGBUS, which ends the process (mmap(2)).
 */
export function reasonNotToMap(path: string): string | undefined {
  if (path.startsWith(EMBEDDED)) return undefined;
  const facts = statSync(path);
  if (!facts.isFile()) return "it is no file";
  const endBytes = endOf(path, facts.size);
  if (endBytes <= facts.size) return undefined;
  return `it is cut off: it has ${facts.size} bytes, of ${endBytes} at least`;
}

/** Where what the ELF headers name ends (elf(5), 64-bit, little-endian); 0 where they name nothing. */
function endOf(path: string, sizeBytes: number): number {
  const file = openSync(path, "r");
  try {
    const header = readAt(file, 0, HEADER_BYTES);
    const isElf =
      header.length === HEADER_BYTES && header.toString("latin1", 0, 6) === "\x7fELF\x02\x01";
    if (!isElf) return 0;
    const [segments, sections] = [tableAt(header, 32, 54), tableAt(header, 40, 58)];
    const end = Math.max(segments.end, sections.end);
    if (end > sizeBytes) return end;
    const entries = readAt(file, segments.offset, segments.end - segments.offset);
    return Math.max(end, ...segmentEnds(entries, segments.entryBytes));
  } finally {
    closeSync(file);
  }
}

interface Table {
  readonly offset: number;
  readonly entryBytes: number;
  readonly end: number;
}

/** A table of the header: its offset in the file, and the size and number of its entries. */
function tableAt(header: Buffer, offsetAt: number, entryBytesAt: number): Table {
  const offset = Number(header.readBigUInt64LE(offsetAt));
  const entryBytes = header.readUInt16LE(entryBytesAt);
  const end = offset + entryBytes * header.readUInt16LE(entryBytesAt + 2);
  return { offset, entryBytes, end };
}

/** Where the parts of the file end that are mapped. */
function segmentEnds(entries: Buffer, entryBytes: number): number[] {
  const ends: number[] = [];
  for (let at = 0; entryBytes > 0 && at + 40 <= entries.length; at += entryBytes) {
    if (entries.readUInt32LE(at) !== PT_LOAD) continue;
    ends.push(Number(entries.readBigUInt64LE(at + 8) + entries.readBigUInt64LE(at + 32)));
  }
  return ends;
}

/** What the file has there: fewer bytes at its end. */
function readAt(file: number, position: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  return bytes.subarray(0, readSync(file, bytes, 0, sizeBytes, position));
}
