// SPDX-License-Identifier: MPL-2.0
/** Pictures into fragmented MP4, so that what has been written can be played at any moment. */
import { muxFragment, type Picture, type PictureFormat } from "./fragment.ts";
import type { Target } from "./target.ts";
import { WriteQueue } from "./write-queue.ts";
import type { PictureWriter, WriterParts } from "./writer.ts";

/** Upper bounds: `ftyp` and `moov`; `moof` and `mdat` without pictures; a picture's entry and its start codes. */
const INIT_BYTES_MAX = 2048;
const FRAGMENT_BYTES_MAX = 256;
const PICTURE_BYTES_MAX = 64;

/** Size and type (ISO/IEC 14496-12, 4.2). */
const BOX_HEADER_BYTES = 8;

/** A picture's duration has 32 bits: 71 minutes. It is replaced long before. */
const DURATION_US_MAX = 3_600_000_000;

/** The last picture of a file that has been written: how long it lasts may still change. */
interface OpenPicture {
  readonly timeUs: number;
  /** Of its duration in the file. */
  readonly position: number;
}

/**
 * Writes a fragment whenever {@link advance} is called, and at keyframes.
 *
 * How long a picture lasts is known when the next one comes. In a file the last
 * picture is written with what it has lasted so far, and that number, four bytes
 * of the file, is put right from then on. A stream cannot take anything back:
 * there the last picture waits for the next one, and for a keyframe where none comes.
 */
export class Mp4Writer implements PictureWriter {
  readonly #target: Target;
  readonly #format: PictureFormat;
  readonly #queue: WriteQueue;
  #pending: Picture[] = [];
  #hasBegun = false;
  #pendingBytes = 0;
  /** Written, or about to be; an upper bound. */
  #expectedBytes = INIT_BYTES_MAX;
  #lastTimeUs = 0;
  #bytes = 0;
  #fragmentCount = 0;
  #open: OpenPicture | undefined;
  #advancedUs = 0;

  constructor({ target, format, onFailure }: WriterParts) {
    this.#target = target;
    this.#format = format;
    this.#queue = new WriteQueue(onFailure);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get canBeFollowed(): boolean {
    return this.#target.amend !== undefined;
  }

  add(picture: Picture): void {
    if (picture.isKeyframe) this.#flush(picture.timeUs);
    this.#pending.push(picture);
    this.#pendingBytes += picture.data.length + PICTURE_BYTES_MAX;
    this.#lastTimeUs = picture.timeUs;
    // A file has a picture from the beginning on.
    if (this.#hasBegun || !this.#target.amend) return;
    this.#flush(picture.timeUs + 1);
  }

  bytesWith({ data }: Picture): number {
    const ownBytes = data.length + PICTURE_BYTES_MAX + 2 * FRAGMENT_BYTES_MAX;
    return this.#expectedBytes + this.#pendingBytes + ownBytes;
  }

  advance(nowUs: number): boolean {
    const beforeUs = this.#advancedUs;
    this.#advancedUs = nowUs;
    if (this.#target.amend) {
      this.#flush(nowUs);
      this.#amend(nowUs);
      return nowUs - this.#lastTimeUs > DURATION_US_MAX;
    }
    const last = this.#pending.pop();
    if (last === undefined) return false;
    this.#flush(last.timeUs);
    this.#pending.push(last);
    return last.timeUs <= beforeUs;
  }

  room(): Promise<void> {
    return this.#queue.room();
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  end(endUs: number): Promise<void> {
    this.#flush(endUs);
    this.#amend(endUs);
    return this.#queue.end(() => this.#target.close());
  }

  #flush(endUs: number): void {
    const pictures = this.#pending;
    const [first, last] = [pictures[0], pictures.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#pending = [];
    this.#hasBegun = true;
    this.#expectedBytes += this.#pendingBytes + FRAGMENT_BYTES_MAX;
    this.#pendingBytes = 0;
    this.#amend(first.timeUs);
    const lastUs = Math.max(endUs, last.timeUs + 1);
    this.#queue.push(() => this.#write(pictures, lastUs));
  }

  async #write(pictures: readonly Picture[], endUs: number): Promise<void> {
    this.#fragmentCount += 1;
    const end = this.#target.amend ? distinctEnd(pictures, endUs) : endUs;
    const fragment = await muxFragment(pictures, end, this.#format, this.#fragmentCount);
    const init = this.#fragmentCount === 1 ? fragment.init : new Uint8Array(0);
    const start = this.#bytes + init.length;
    await this.#append(init, fragment.bytes, start);
    this.#bytes = start + fragment.bytes.length;
    const { durationIndex } = fragment;
    const timeUs = pictures.at(-1)?.timeUs;
    const isOpen = durationIndex !== undefined && timeUs !== undefined;
    this.#open = isOpen ? { timeUs, position: start + durationIndex } : undefined;
  }

  /**
   * A file gets a fragment as free space first, which players skip, and then the
   * eight bytes that make it one: the file is whole in between, too.
   */
  async #append(init: Uint8Array, fragment: Uint8Array, start: number): Promise<void> {
    const { amend } = this.#target;
    if (amend === undefined) return this.#target.append(Buffer.concat([init, fragment]));
    const header = fragment.slice(0, BOX_HEADER_BYTES);
    const free = Buffer.alloc(BOX_HEADER_BYTES);
    free.writeUInt32BE(fragment.length);
    free.write("free", 4, "latin1");
    await this.#target.append(Buffer.concat([init, free, fragment.subarray(BOX_HEADER_BYTES)]));
    await amend(start, header);
  }

  /** Has the last picture of the file end then. */
  #amend(endUs: number): void {
    const { amend } = this.#target;
    if (amend === undefined) return;
    this.#queue.push(async () => {
      const open = this.#open;
      if (open === undefined || endUs <= open.timeUs) return;
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(Math.min(endUs - open.timeUs, 2 ** 32 - 1));
      await amend(open.position, bytes);
    });
  }
}

/** An end that gives the last picture a duration of its own, which can be amended: a µs makes it so. */
function distinctEnd(pictures: readonly Picture[], endUs: number): number {
  const [before, last] = pictures.slice(-2);
  if (before === undefined || last === undefined) return endUs;
  return endUs - last.timeUs === last.timeUs - before.timeUs ? endUs + 1 : endUs;
}
