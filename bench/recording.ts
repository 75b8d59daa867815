// SPDX-License-Identifier: MPL-2.0
// What a measured process leaves behind: its figures, and every stripe with the time it came.
import { readFileSync, writeFileSync } from "node:fs";

/** A stripe as it was handed over; its payload lies in the recording's bytes. */
export interface RecordedArrival {
  /** CLOCK_MONOTONIC in ns when the callback was called. */
  arrivalNs: number;
  type: "jpeg" | "h264" | "copy";
  /** Stripes of one frame share it. */
  frameId: number;
  /** The rectangle of the screen that it covers, in px. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Of a copy: where the rectangle was when the frame before was complete. */
  sourceX?: number | undefined;
  sourceY?: number | undefined;
  offset: number;
  size: number;
}

export interface Recording {
  arrivals: RecordedArrival[];
  bytes: Uint8Array;
}

/** Figures of a measured process, taken over the time of the workload alone. */
export interface ProcessFigures {
  wallNs: number;
  cpuNs: number;
  frames: number;
  stripes: number;
  bytes: number;
  switches: number;
  /** Resident bytes at the end, without the recording. */
  residentBytes: number;
  /** Native bytes of stripe buffers at the end; NaN where the tool does not tell. */
  nativeBytes: number;
}

export function writeRecording(path: string, recording: Recording): void {
  writeFileSync(`${path}.bin`, recording.bytes);
  writeFileSync(`${path}.json`, JSON.stringify(recording.arrivals));
}

export function readRecording(path: string): Recording {
  return {
    arrivals: JSON.parse(readFileSync(`${path}.json`, "utf8")) as RecordedArrival[],
    bytes: readFileSync(`${path}.bin`),
  };
}
