// SPDX-License-Identifier: MPL-2.0
/**
 * pixelflux-ffi/trace: the frames of a screen as a file, without loss, and replayed as a source:
 * for tests, benchmarks and reports of what went wrong.
 */
export type { TraceFrame } from "./format.ts";
export type { ReadTraceOptions, RecordTraceOptions, ReplayTraceOptions } from "./options.ts";
export { readTrace } from "./reader.ts";
export {
  recordTrace,
  type TraceEnd,
  type TraceRecording,
  type TraceResult,
  type TraceStats,
} from "./recording.ts";
export { type Replay, replayTrace } from "./replay.ts";
