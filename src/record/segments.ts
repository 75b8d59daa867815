// SPDX-License-Identifier: MPL-2.0
/** What a recording is written to: one file for each size that the screen has, or one stream. */
import { format, parse } from "node:path";
import { PixelfluxError } from "../index.ts";
import type { PictureFormat } from "./fragment.ts";
import { Mp4Writer } from "./mp4-writer.ts";
import { openPath, openStream, type Target, writeError } from "./target.ts";
import { AnnexBWriter, type PictureWriter } from "./writer.ts";

/** A file of a recording, or all that a stream got. */
export interface RecordingSegment {
  /** `undefined` for a stream. */
  readonly path: string | undefined;
  /** Of the screen, in px. The coded pictures may be one column and one row larger. */
  readonly width: number;
  readonly height: number;
  /** Length without the pauses. */
  readonly durationMs: number;
  /** Pictures. */
  readonly frames: number;
  /** Size in bytes. */
  readonly bytes: number;
}

/** A picture as it comes from the capture, on the recording's time. */
export interface TimedPicture {
  /** An access unit in Annex B, of its own memory. */
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
  readonly timeUs: number;
  /** Of the screen, in px. */
  readonly width: number;
  readonly height: number;
  /** As in `"avc1.42c01f"`. */
  readonly codec: string;
}

/** High 4:4:4 Predictive, `profile_idc` 244 (ITU-T H.264, A.2.11). */
const FULL_COLOR_CODEC = "avc1.f4";

interface Segment {
  readonly path: string | undefined;
  readonly width: number;
  readonly height: number;
  /** When it begins, on the recording's time. */
  readonly startUs: number;
  readonly writer: PictureWriter;
  frames: number;
}

/** Writes a recording's pictures; {@link open} comes first. */
export class Segments {
  /** Told of a target that takes no more bytes. */
  onFailure: (error: PixelfluxError) => void = () => undefined;
  readonly #given: string | WritableStream<Uint8Array>;
  readonly #container: "mp4" | "annexb";
  readonly #done: RecordingSegment[] = [];
  /** Opened, but without a picture so far. */
  #target: Target | undefined;
  #segment: Segment | undefined;
  #openedCount = 0;

  constructor(target: string | WritableStream<Uint8Array>, container: "mp4" | "annexb") {
    this.#given = target;
    this.#container = container;
  }

  /** Opens the first target. @throws {PixelfluxError} `ERR_WRITE` or `ERR_INVALID_SETTING`. */
  async open(): Promise<void> {
    this.#openedCount += 1;
    const given = this.#given;
    this.#target =
      typeof given === "string" ? await openPath(this.#pathOf(given)) : openStream(given);
  }

  /** The file that was opened last. */
  get #path(): string | undefined {
    return typeof this.#given === "string" ? this.#pathOf(this.#given) : undefined;
  }

  #pathOf(given: string): string {
    if (this.#openedCount < 2) return given;
    const { dir, name, ext } = parse(given);
    return format({ dir, name: `${name}-${this.#openedCount}`, ext });
  }

  get frames(): number {
    return sum(this.#done.map(({ frames }) => frames)) + (this.#segment?.frames ?? 0);
  }

  /** Bytes that the targets have taken. */
  get bytes(): number {
    return this.#doneBytes + (this.#segment?.writer.bytes ?? 0);
  }

  /** Segments that have a picture. */
  get count(): number {
    return this.#done.length + Number(this.#segment !== undefined);
  }

  /** An upper bound of the bytes there will be with one more picture. */
  bytesWith(picture: TimedPicture): number {
    return this.#doneBytes + (this.#segment?.writer.bytesWith(picture) ?? 0);
  }

  /**
   * Writes a picture, where its size is a new one into a segment of its own.
   *
   * @throws {PixelfluxError} `ERR_RESIZED` where the target cannot have a second
   *   one; `ERR_WRITE` where that cannot be opened.
   */
  async take(picture: TimedPicture): Promise<void> {
    if (this.#segment && this.#isOfAnotherKind(this.#segment, picture)) {
      await this.#finish(picture.timeUs);
      await this.open();
    }
    this.#segment ??= this.#begin(picture);
    const { writer, startUs } = this.#segment;
    const { data, isKeyframe, timeUs } = picture;
    writer.add({ data, isKeyframe, timeUs: timeUs - startUs });
    this.#segment.frames += 1;
    await writer.room();
  }

  /** As {@link PictureWriter.advance}. */
  advance(nowUs: number): boolean {
    const segment = this.#segment;
    return segment?.writer.advance(nowUs - segment.startUs) ?? false;
  }

  /** Resolves when what has been asked for is written, or has failed. Never rejects. */
  async drained(): Promise<void> {
    await this.#segment?.writer.drained();
  }

  /** Resolves when a file has its first picture; at once where the target is none. Never rejects. */
  async playable(): Promise<void> {
    const writer = this.#segment?.writer;
    if (writer?.canBeFollowed) await writer.drained();
  }

  /** Writes the rest and closes the target. Never rejects: a failure is told by `onFailure`. */
  async end(endUs: number): Promise<readonly RecordingSegment[]> {
    await this.#finish(endUs);
    await this.#target?.close().catch((error) => this.#fail(error));
    this.#target = undefined;
    return this.#done;
  }

  get #doneBytes(): number {
    return sum(this.#done.map(({ bytes }) => bytes));
  }

  /** @throws {PixelfluxError} `ERR_RESIZED`. */
  #isOfAnotherKind(segment: Segment, { width, height }: TimedPicture): boolean {
    if (segment.width === width && segment.height === height) return false;
    // Decoders take a new size from the new parameter sets.
    if (this.#container === "annexb") return false;
    if (segment.writer.canBeFollowed) return true;
    const text = `record: the screen has become ${width}×${height} px, and this target cannot have another file for that. What was written before can be played. Record to the path of a file, or with container "annexb".`;
    throw new PixelfluxError("ERR_RESIZED", "record", text);
  }

  #begin(picture: TimedPicture): Segment {
    const target = this.#target;
    if (target === undefined) throw new Error("record: no target is open");
    this.#target = undefined;
    const parts = {
      ...{ target, format: formatOf(picture) },
      onFailure: (error: unknown) => this.#fail(error),
    };
    const isMp4 = this.#container === "mp4";
    const writer = isMp4 ? new Mp4Writer(parts) : new AnnexBWriter(parts);
    const { width, height, timeUs: startUs } = picture;
    return { path: this.#path, width, height, startUs, writer, frames: 0 };
  }

  async #finish(endUs: number): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    const { path, width, height, startUs, writer, frames } = segment;
    const durationMs = (endUs - startUs) / 1000;
    await writer.end(endUs - startUs);
    this.#done.push({ path, width, height, durationMs, frames, bytes: writer.bytes });
  }

  #fail(error: unknown): void {
    this.onFailure(writeError(`${this.#path ?? "the stream"} takes no more bytes`, error));
  }
}

/** What the container says of pictures of a keyframe's stream. */
function formatOf({ codec, width, height, data: keyframe }: TimedPicture): PictureFormat {
  // 4:2:0 has one chroma sample for two px: an odd edge is coded with one px more.
  const codedEdge = (edge: number) =>
    codec.startsWith(FULL_COLOR_CODEC) ? edge : edge + (edge % 2);
  return { codec, codedWidth: codedEdge(width), codedHeight: codedEdge(height), keyframe };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
