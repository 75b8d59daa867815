// SPDX-License-Identifier: MPL-2.0
/** The movie fragment box (ISO/IEC 14496-12, 8.8.4) of a fragment that was muxed as if it were a file. */

/** What a fragment is that its muxer cannot know. */
export interface MoofFacts {
  /** Of the fragment in its file, from 1 (8.8.5). */
  readonly sequenceNumber: number;
  /** Whether its first picture is one; no further one is. */
  readonly startsWithKeyframe: boolean;
}

/** Of a box (4.2): size and type; of a full box, version and flags behind them. */
const BOX_HEADER_BYTES = 8;
const FULL_BOX_HEADER_BYTES = 12;
const FIELD_BYTES = 4;

/** Flags of a picture that needs others and is no place to begin at (8.8.3.1). */
const DELTA_FLAGS = 0x01010000;

/** The track fragment header (8.8.7) as the muxer writes it: `moof` is the base; three defaults. */
const TFHD_FLAGS = 0x020038;
const TFHD_DURATION_INDEX = FULL_BOX_HEADER_BYTES + FIELD_BYTES;
const TFHD_SAMPLE_FLAGS_INDEX = TFHD_DURATION_INDEX + 2 * FIELD_BYTES;

/** Flags of the track run (8.8.8.1) that say which fields there are. */
const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_KNOWN = TRUN_DATA_OFFSET | TRUN_FIRST_FLAGS | TRUN_DURATION | TRUN_SIZE;

/**
 * Writes what is known of a fragment with one track and one run into its `moof`.
 *
 * @returns Where the last picture's duration is; `undefined` where it shares it
 *   with another one, since all of the fragment have the same.
 * @throws {Error} where the box is not as the muxer writes it.
 */
export function finishMoof(moof: Uint8Array, facts: MoofFacts): number | undefined {
  const view = new DataView(moof.buffer, moof.byteOffset, moof.byteLength);
  const sequence = findBox(view, "mfhd", 0) + FULL_BOX_HEADER_BYTES;
  view.setUint32(sequence, facts.sequenceNumber);
  const traf = findBox(view, "traf", 0);
  const header = findBox(view, "tfhd", traf);
  if (flagsAt(view, header) !== TFHD_FLAGS) throw unexpected("tfhd", flagsAt(view, header));
  const run = readRun(view, findBox(view, "trun", traf));
  const isAlone = run.count === 1;
  if (!facts.startsWithKeyframe) {
    const index = isAlone ? header + TFHD_SAMPLE_FLAGS_INDEX : run.firstFlagsIndex;
    if (index === undefined) throw unexpected("trun", run.flags);
    view.setUint32(index, DELTA_FLAGS);
  }
  return isAlone ? header + TFHD_DURATION_INDEX : run.lastDurationIndex;
}

interface Run {
  readonly flags: number;
  readonly count: number;
  readonly firstFlagsIndex: number | undefined;
  readonly lastDurationIndex: number | undefined;
}

function readRun(view: DataView, box: number): Run {
  const flags = flagsAt(view, box);
  if ((flags & TRUN_DATA_OFFSET) === 0 || (flags & ~TRUN_KNOWN) !== 0) {
    throw unexpected("trun", flags);
  }
  const count = view.getUint32(box + FULL_BOX_HEADER_BYTES);
  const offset = box + FULL_BOX_HEADER_BYTES + 2 * FIELD_BYTES;
  const hasFirstFlags = (flags & TRUN_FIRST_FLAGS) !== 0;
  const table = offset + (hasFirstFlags ? FIELD_BYTES : 0);
  const entryBytes = FIELD_BYTES * (Number((flags & TRUN_SIZE) !== 0) + 1);
  const hasDurations = (flags & TRUN_DURATION) !== 0;
  return {
    ...{ flags, count },
    firstFlagsIndex: hasFirstFlags ? offset : undefined,
    lastDurationIndex: hasDurations ? table + (count - 1) * entryBytes : undefined,
  };
}

function flagsAt(view: DataView, box: number): number {
  return view.getUint32(box + BOX_HEADER_BYTES) & 0xffffff;
}

/** Where a box begins that is directly inside of another one. */
function findBox(view: DataView, type: string, parent: number): number {
  const end = parent + view.getUint32(parent);
  for (let at = parent + BOX_HEADER_BYTES; at < end; at += view.getUint32(at)) {
    if (typeAt(view, at) === type) return at;
    if (view.getUint32(at) < BOX_HEADER_BYTES) break;
  }
  throw new Error(`moof: there is no ${type} in ${typeAt(view, parent)}`);
}

function typeAt(view: DataView, box: number): string {
  const codes = [4, 5, 6, 7].map((index) => view.getUint8(box + index));
  return String.fromCharCode(...codes);
}

function unexpected(box: string, flags: number): Error {
  return new Error(
    `moof: ${box} has the flags 0x${flags.toString(16)}, which the muxer never sets`,
  );
}
