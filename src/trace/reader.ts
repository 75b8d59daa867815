// SPDX-License-Identifier: MPL-2.0
/** Traces read frame by frame. */
import { type FileHandle, open } from "node:fs/promises";
import { PixelfluxError } from "../index.ts";
import {
  FILE_HEADER_BYTES,
  RECORD_HEADER_BYTES,
  type RecordHead,
  readFileHeader,
  readFrame,
  readHead,
  type TraceFrame,
  traceError,
} from "./format.ts";
import { checkPath, type ReadTraceOptions, resolveRead } from "./options.ts";

/** A trace's frames from its file, one at a time; memory is that of one frame. */
export class TraceReader implements AsyncDisposable {
  /** When it was recorded, in microseconds since the Unix epoch. */
  readonly startedUs: number;
  readonly #file: FileHandle;
  readonly #requireEnd: boolean;
  #offset = FILE_HEADER_BYTES;
  #count = 0;
  #timeUs = 0;
  #isComplete = false;

  private constructor(file: FileHandle, requireEnd: boolean, startedUs: number) {
    this.#file = file;
    this.#requireEnd = requireEnd;
    this.startedUs = startedUs;
  }

  /** @throws {PixelfluxError} `ERR_TRACE`. */
  static async open(path: string, requireEnd: boolean): Promise<TraceReader> {
    let file: FileHandle;
    try {
      file = await open(path, "r");
    } catch (cause) {
      throw unreadable(path, cause);
    }
    try {
      const header = await readAt(file, 0, FILE_HEADER_BYTES).catch((cause) => {
        throw unreadable(path, cause);
      });
      return new TraceReader(file, requireEnd, readFileHeader(header));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** True where the last frame has been read and the trace was ended in order. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The next frame; `undefined` after the last whole one. @throws {PixelfluxError} `ERR_TRACE`. */
  async next(): Promise<TraceFrame | undefined> {
    if (this.#isComplete) return undefined;
    const offset = this.#offset;
    const bytes = await readAt(this.#file, offset, RECORD_HEADER_BYTES);
    if (bytes.length < RECORD_HEADER_BYTES) return this.#end();
    const head = readHead(bytes, offset);
    if (head.kind === "end") return await this.#finish(head, offset);
    this.#checkOrder(head, offset);
    const stored = await readAt(this.#file, offset + RECORD_HEADER_BYTES, head.storedBytes);
    if (stored.length < head.storedBytes) return this.#end();
    const frame = await readFrame(head, stored, offset);
    this.#offset += RECORD_HEADER_BYTES + head.storedBytes;
    this.#count += 1;
    this.#timeUs = head.timestamp;
    return frame;
  }

  /** Begins again with the first frame. */
  rewind(): void {
    this.#offset = FILE_HEADER_BYTES;
    this.#count = 0;
    this.#timeUs = 0;
    this.#isComplete = false;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOrder(head: Extract<RecordHead, { kind: "frame" }>, offset: number): void {
    if (head.index !== this.#count) throw traceError(`frame ${this.#count} is missing`, offset);
    if (head.timestamp < this.#timeUs) throw traceError("a frame is out of order", offset);
  }

  /** The file ends within a record: the process that wrote it has been killed. */
  #end(): undefined {
    if (this.#requireEnd) throw traceError("it is cut off: there is no end record", this.#offset);
    return undefined;
  }

  async #finish(head: Extract<RecordHead, { kind: "end" }>, offset: number): Promise<undefined> {
    if (head.frames !== this.#count) {
      throw traceError(`it has ${this.#count} frames, not ${head.frames}`, offset);
    }
    const rest = await readAt(this.#file, offset + RECORD_HEADER_BYTES, 1);
    if (rest.length > 0) throw traceError("there is something behind its end", offset);
    this.#isComplete = true;
    return undefined;
  }
}

/**
 * Reads a trace frame by frame, up to its last whole one.
 *
 * @throws {PixelfluxError} out of the loop: `ERR_TRACE` where it is none, or damaged;
 *   `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`.
 */
export async function* readTrace(
  path: string,
  options: ReadTraceOptions = {},
): AsyncGenerator<TraceFrame, void, void> {
  const requireEnd = resolveRead(options);
  await using reader = await TraceReader.open(checkPath("readTrace", path), requireEnd);
  for (let frame = await reader.next(); frame; frame = await reader.next()) yield frame;
}

function unreadable(path: string, cause: unknown): PixelfluxError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const text = `trace: path: ${path} cannot be read: ${words}. Name a file that recordTrace() has written.`;
  return new PixelfluxError("ERR_TRACE", "trace", text, { field: "path", cause });
}

/** As many bytes as there are, `size` at most. */
async function readAt(file: FileHandle, position: number, size: number) {
  // What a head says is believed only as far as the file goes.
  const { size: fileBytes } = await file.stat();
  const bytes = new Uint8Array(Math.max(0, Math.min(size, fileBytes - position)));
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
