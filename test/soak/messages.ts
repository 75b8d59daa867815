// SPDX-License-Identifier: MPL-2.0
// What the soak's driver and the process under test say to each other.
import type { CaptureSettings } from "../../src/index.ts";

/** How stripes are read: by a callback, or by an iterator that is left by `break`. */
export type ReaderStyle = "callback" | "iterate";

export type Command =
  /** Starts a capture that records its stripes in a file, until `stop`. */
  | {
      kind: "start";
      name: string;
      settings: CaptureSettings;
      style: ReaderStyle;
      path: string;
    }
  /** Goes on in another file, and has everything sent again. */
  | { kind: "record"; name: string; path: string }
  | { kind: "update"; name: string; change: CaptureSettings }
  | { kind: "keyframe"; name: string }
  | { kind: "stop"; name: string }
  /** A reader that comes, takes so many stripes, and goes. */
  | { kind: "visit"; settings: CaptureSettings; style: ReaderStyle; count: number }
  /** Answered when no stripe has come for so long. */
  | { kind: "settle"; quietMs: number }
  /** Serves the example's page; answered with its address. */
  | { kind: "serve"; settings: CaptureSettings }
  /** Answered when the server and its capture are gone. */
  | { kind: "close" }
  | { kind: "sample" };

export interface Request {
  id: number;
  command: Command;
}

/** The answer to a request, or, without an id, a failure nobody asked about. */
export interface Reply {
  id?: number;
  value?: unknown;
  error?: string;
}

/** What the process under test holds, after a collection. */
export interface Sample {
  captures: number;
  lentBytes: number;
  /** `memoryUsage().bufferBytes`. */
  nativeBytes: number;
  /** Whatever else was allocated by malloc and not freed. */
  otherBytes: number;
  residentBytes: number;
  /** What was resident beside that, because malloc kept it for later. */
  keptBytes: number;
  /** The library's own. */
  nativeThreads: number;
  threads: number;
  descriptors: number;
  /** Since the start, over all readers. */
  stripes: number;
  stripeBytes: number;
}

/** Fields of a recorded stripe, each 32 bits, in front of its payload. */
export const RECORD_FIELDS = [
  ...["type", "frameId", "x", "y", "width", "height"],
  ...["sourceX", "sourceY", "keyframe", "size"],
] as const;

export const RECORDED_TYPES = ["jpeg", "h264", "copy"] as const;
