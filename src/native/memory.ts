// SPDX-License-Identifier: MPL-2.0
/** What the native side of this process holds. */
import { errorOfStatus } from "../errors.ts";
import { nativeLibrary } from "./library.ts";
import { sizedStruct } from "./struct-buffer.ts";

/** Native resources of this process, over all captures of all its threads. */
export interface MemoryUsage {
  /** Captures whose native side exists. */
  readonly captureCount: number;
  /** Native threads: one a capture, and the encoder pool. */
  readonly threadCount: number;
  /** Stripes handed to JavaScript and neither released nor collected yet. */
  readonly lentCount: number;
  /** Bytes of the buffers that hold them, which may have room to spare. */
  readonly lentBytes: number;
  /** Bytes of all stripe buffers: queued, lent, and kept for reuse. */
  readonly bufferBytes: number;
  /** Frame sources that are open, or whose last picture a capture shows still. */
  readonly frameSourceCount: number;
}

/**
 * Reads what the native side of this process holds. Loads the library on first
 * use; does not block.
 *
 * @throws {PixelfluxError} `ERR_LIBRARY_NOT_FOUND` or `ERR_ABI_MISMATCH`.
 */
export function memoryUsage(): MemoryUsage {
  const { call, layout } = nativeLibrary();
  const memory = sizedStruct("pf_memory", layout.pf_memory);
  const status = call.pf_memory_usage(memory.bytes);
  if (status < 0) throw errorOfStatus(status, "memoryUsage", "");
  return {
    captureCount: memory.number("capture_count"),
    threadCount: memory.number("thread_count"),
    lentCount: memory.number("lent_count"),
    lentBytes: memory.number("lent_bytes"),
    bufferBytes: memory.number("buffer_bytes"),
    frameSourceCount: memory.number("frame_source_count"),
  };
}
