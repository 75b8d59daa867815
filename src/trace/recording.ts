// SPDX-License-Identifier: MPL-2.0
/** How a trace is recorded. */
import { type FileHandle, open } from "node:fs/promises";
import { fileErrorWords } from "../file-words.ts";
import { type FrameTap, PixelfluxError, ScreenCapture, type TappedFrame } from "../index.ts";
import { invalidOption } from "../options.ts";
import { RECORD_HEADER_BYTES, writeEnd, writeFileHeader, writeFrame } from "./format.ts";
import {
  checkPath,
  type RecordTraceOptions,
  type ResolvedRecordTrace,
  resolveRecordTrace,
} from "./options.ts";

/** How long the capture may take for a last look. */
const LAST_LOOK_MS_MAX = 2000;

/** What ended a trace: `stop()` or the signal, the end of the capture, or a limit. */
export type TraceEnd = "stop" | "capture" | "durationMs" | "sizeBytesMax";

/** What has been recorded. */
export interface TraceResult {
  /** Of the file. */
  readonly path: string;
  /** Frames written. */
  readonly frames: number;
  /** Frames of the capture that became part of one of those, for want of speed. */
  readonly merged: number;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** From the first frame to the last. */
  readonly durationMs: number;
  /** Why it ended. */
  readonly endedBy: TraceEnd;
}

/** How far a trace is. */
export type TraceStats = Pick<TraceResult, "frames" | "merged" | "bytes" | "durationMs">;

/**
 * Records the screen of a running capture: every frame that it grabs, lossless, without the
 * pointer and the watermark. The capture's stripes and their readers go on as they are.
 *
 * The file can be replayed while it grows, and after the process has been killed.
 *
 * @param path - of a file, which is overwritten.
 * @returns the recording, as soon as its first frame is written, which is complete.
 * @throws {PixelfluxError} by rejection: `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`;
 *   `ERR_NOT_RUNNING`; `ERR_ALREADY_RUNNING` where the capture is being tapped; `ERR_WRITE` where
 *   the file cannot be written; what the capture fails of. The signal's reason.
 */
export async function recordTrace(
  capture: ScreenCapture,
  path: string,
  options: RecordTraceOptions = {},
): Promise<TraceRecording> {
  if (!(capture instanceof ScreenCapture)) {
    throw invalidOption("recordTrace", "capture", "a ScreenCapture", capture);
  }
  const checkedPath = checkPath("recordTrace", path);
  const resolved = resolveRecordTrace(options);
  resolved.signal?.throwIfAborted();
  const tap = openTap(capture, resolved.bufferBytes);
  try {
    const file = await open(checkedPath, "w").catch((cause) => {
      throw openError(checkedPath, cause);
    });
    const recording = new TraceRecording(capture, tap, file, checkedPath, resolved);
    await recording.begun;
    return recording;
  } catch (error) {
    tap.close();
    throw error;
  }
}

/** Made by {@link recordTrace}. `await using` stops it at the end of the block. */
export class TraceRecording implements AsyncDisposable {
  /**
   * Resolves when the trace has ended and everything is written.
   *
   * @throws {PixelfluxError} by rejection: `ERR_WRITE`; what the capture has failed of. What was
   *   recorded before can be replayed.
   */
  readonly finished: Promise<TraceResult>;
  /** @internal Resolves with the first frame; rejects where there never was one. */
  readonly begun: Promise<void>;
  readonly #capture: ScreenCapture;
  readonly #tap: FrameTap;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #options: ResolvedRecordTrace;
  readonly #beginning = Promise.withResolvers<void>();
  #endedBy: TraceEnd | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firstUs: number | undefined;
  #durationUs = 0;
  #frames = 0;
  #merged = 0;
  #bytes = 0;

  /** @internal Recordings come from {@link recordTrace}. */
  constructor(
    capture: ScreenCapture,
    tap: FrameTap,
    file: FileHandle,
    path: string,
    options: ResolvedRecordTrace,
  ) {
    this.#capture = capture;
    this.#tap = tap;
    this.#file = file;
    this.#path = path;
    this.#options = options;
    this.begun = this.#beginning.promise;
    this.finished = this.#run();
    // onError has told of a failure already; whoever waits for `finished` gets it too.
    this.finished.catch(() => undefined);
  }

  /** How far it is; the final values after the end. Does not block. */
  stats(): TraceStats {
    return {
      ...{ frames: this.#frames, merged: this.#merged, bytes: this.#bytes },
      durationMs: this.#durationUs / 1000,
    };
  }

  /**
   * Ends the trace with the screen as it is now. May be called any number of times.
   *
   * @returns {@link finished}
   */
  stop(): Promise<TraceResult> {
    this.#end("stop");
    return this.finished;
  }

  /** Stops and waits, for `await using`. Does not reject: see {@link finished}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.stop()]);
  }

  /** Has the loop end when what is there now has been written. */
  #end(endedBy: TraceEnd): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = endedBy;
    clearTimeout(this.#timer);
    void this.#lastLook();
  }

  /** What was drawn until now belongs to the trace; then no further frame is waited for. */
  async #lastLook(): Promise<void> {
    if (this.#capture.running && this.#endedBy === "stop") {
      const look = this.#capture.waitForStable({ quietMs: 0, timeoutMs: LAST_LOOK_MS_MAX });
      // A capture that fails, or hangs, ends the trace by itself, or has nothing more to give.
      await Promise.allSettled([look]);
    }
    this.#tap.finish();
  }

  async #run(): Promise<TraceResult> {
    const { signal, onError } = this.#options;
    const abort = () => this.#end("stop");
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort(); // while the file was being opened
    try {
      await this.#write();
      return this.#result();
    } catch (error) {
      this.#beginning.reject(error);
      if (this.#frames > 0) onError(error as PixelfluxError);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      clearTimeout(this.#timer);
      this.#tap.close();
    }
  }

  #result(): TraceResult {
    return { path: this.#path, ...this.stats(), endedBy: this.#endedBy ?? "capture" };
  }

  async #write(): Promise<void> {
    let failure: unknown;
    try {
      await this.#append(writeFileHeader(Date.now() * 1000));
      for await (const frame of this.#tap) {
        if (!(await this.#take(frame))) break;
      }
    } catch (error) {
      failure = error;
    }
    try {
      await this.#close(failure);
    } catch (error) {
      failure ??= error;
    }
    if (this.#frames === 0) failure ??= this.#aborted();
    if (failure !== undefined) throw failure;
  }

  /** Whatever has failed, the file ends with a whole record. */
  async #close(failure: unknown): Promise<void> {
    try {
      const isWritable = !(failure instanceof PixelfluxError && failure.code === "ERR_WRITE");
      if (isWritable && this.#frames > 0)
        await this.#append(writeEnd(this.#frames, this.#durationUs));
      else await this.#file.truncate(this.#bytes);
    } finally {
      await this.#file.close();
    }
  }

  /** Writes a frame; false where a limit is reached. */
  async #take(tapped: TappedFrame): Promise<boolean> {
    using frame = tapped;
    const { durationMs, sizeBytesMax, level } = this.#options;
    this.#firstUs ??= frame.timestamp;
    const timestampUs = frame.timestamp - this.#firstUs;
    if (durationMs !== undefined && timestampUs > durationMs * 1000) {
      this.#end("durationMs");
      return false;
    }
    const { width, height, merged, rectangles, data } = frame;
    const packed = { timestamp: timestampUs, width, height, merged, rectangles, data };
    const record = await writeFrame(packed, this.#frames, level);
    const isTooMuch =
      this.#bytes + record.length + RECORD_HEADER_BYTES > (sizeBytesMax ?? Infinity);
    if (isTooMuch && this.#frames > 0) {
      this.#end("sizeBytesMax");
      return false;
    }
    await this.#append(record);
    this.#count(timestampUs, merged);
    return true;
  }

  #count(timestampUs: number, merged: number): void {
    this.#frames += 1;
    this.#merged += merged;
    this.#durationUs = timestampUs;
    if (this.#frames > 1) return;
    const { durationMs } = this.#options;
    if (durationMs !== undefined && this.#endedBy === undefined) {
      this.#timer = setTimeout(() => this.#end("durationMs"), durationMs);
    }
    this.#beginning.resolve();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const at = this.#bytes + done;
        done += (await this.#file.write(bytes, done, bytes.length - done, at)).bytesWritten;
      }
      this.#bytes += bytes.length;
    } catch (cause) {
      throw writeError(`${this.#path} takes no more bytes`, cause);
    }
  }

  #aborted(): unknown {
    const { signal } = this.#options;
    if (signal?.aborted) return signal.reason;
    const text = "recordTrace: the capture was stopped before its first frame";
    return new PixelfluxError("ERR_ABORTED", "recordTrace", text);
  }
}

/** A tap, whose refusal is that of the trace. @throws {PixelfluxError} */
function openTap(capture: ScreenCapture, bufferBytes: number): FrameTap {
  try {
    return capture.tapFrames({ bufferBytes });
  } catch (cause) {
    if (!(cause instanceof PixelfluxError)) throw cause;
    const text = cause.message.replace(cause.operation, "recordTrace");
    throw new PixelfluxError(cause.code, "recordTrace", text, { cause });
  }
}

function openError(path: string, cause: unknown): PixelfluxError {
  const text = `recordTrace: path: ${path} cannot be opened for writing: ${fileErrorWords(cause)}`;
  return new PixelfluxError("ERR_WRITE", "recordTrace", text, { field: "path", cause });
}

function writeError(what: string, cause: unknown): PixelfluxError {
  const text = `recordTrace: ${what}: ${fileErrorWords(cause)}. What was written before can be replayed.`;
  return new PixelfluxError("ERR_WRITE", "recordTrace", text, { cause });
}
