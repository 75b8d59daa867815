// SPDX-License-Identifier: MPL-2.0
/**
 * pixelflux-ffi/record: the screen as H.264 in a fragmented MP4 file, or as the
 * access units alone.
 */
export type { RecordOptions } from "./options.ts";
export { record } from "./record.ts";
export type { Recording, RecordingEnd, RecordingResult, RecordingStats } from "./recording.ts";
export type { RecordingSegment } from "./segments.ts";
