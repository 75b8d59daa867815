// SPDX-License-Identifier: MPL-2.0
/** What turns a recording's pictures into a target's bytes, and the simpler one of the two that do. */
import type { Picture, PictureFormat } from "./fragment.ts";
import type { Target } from "./target.ts";
import { WriteQueue } from "./write-queue.ts";

/** Writes the pictures of one target. Times are those of {@link Picture.timeUs}. */
export interface PictureWriter {
  /** Bytes that the target has taken. */
  readonly bytes: number;
  /** Whether another file can be made beside this one. */
  readonly canBeFollowed: boolean;
  /** Takes a picture, later than those before; its bytes must not change any more. */
  add(picture: Picture): void;
  /** An upper bound of the bytes there will be with one more picture. */
  bytesWith(picture: Picture): number;
  /**
   * Writes what has come, and that the last picture is still there.
   *
   * @returns Whether that takes a keyframe.
   */
  advance(nowUs: number): boolean;
  /** Resolves when there is room for more. Never rejects. */
  room(): Promise<void>;
  /** Resolves when all that has been asked for is written, or has failed. Never rejects. */
  drained(): Promise<void>;
  /** Writes the rest, and closes the target. Resolves as {@link drained}. */
  end(endUs: number): Promise<void>;
}

/** What a writer is made of. */
export interface WriterParts {
  readonly target: Target;
  readonly format: PictureFormat;
  /** Told once of a target that failed. Nothing is written afterwards. */
  readonly onFailure: (error: unknown) => void;
}

/** Writes access units as they are. */
export class AnnexBWriter implements PictureWriter {
  readonly canBeFollowed = false;
  readonly #target: Target;
  readonly #queue: WriteQueue;
  #bytes = 0;
  #expectedBytes = 0;

  constructor({ target, onFailure }: WriterParts) {
    this.#target = target;
    this.#queue = new WriteQueue(onFailure);
  }

  get bytes(): number {
    return this.#bytes;
  }

  add({ data }: Picture): void {
    this.#expectedBytes += data.length;
    this.#queue.push(async () => {
      await this.#target.append(data);
      this.#bytes += data.length;
    });
  }

  bytesWith({ data }: Picture): number {
    return this.#expectedBytes + data.length;
  }

  /** There are no durations in such a stream. */
  advance(): boolean {
    return false;
  }

  room(): Promise<void> {
    return this.#queue.room();
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  end(): Promise<void> {
    return this.#queue.end(() => this.#target.close());
  }
}
