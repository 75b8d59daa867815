// SPDX-License-Identifier: MPL-2.0
/** The names of the subjects of one stream. */
import type { Codec } from "../server/feed.ts";

/** Subjects of one codec of a stream. */
export interface CodecSubjects {
  /** The stripes that begin at row `y`. */
  row(y: number): string;
  /** The stripes of every row, for a subscription. */
  readonly rows: string;
  /** What is not a stripe: the screen, ends of frames, signs of life, failures. */
  readonly frame: string;
  /** Gateways' heartbeats. */
  readonly watch: string;
  /** Gateways' requests for keyframes. */
  readonly keyframe: string;
}

/** What comes from gateways, for all codecs. */
export interface RequestSubjects {
  readonly watch: string;
  readonly keyframe: string;
  /** Requests for the time of the publisher's machine. */
  readonly clock: string;
}

export function codecSubjects(subject: string, codec: Codec): CodecSubjects {
  const prefix = `${subject}.${codec}`;
  return {
    row: (y) => `${prefix}.row.${y}`,
    rows: `${prefix}.row.*`,
    frame: `${prefix}.frame`,
    watch: `${prefix}.watch`,
    keyframe: `${prefix}.keyframe`,
  };
}

export function requestSubjects(subject: string): RequestSubjects {
  return {
    watch: `${subject}.*.watch`,
    keyframe: `${subject}.*.keyframe`,
    clock: `${subject}.clock`,
  };
}

/** The codec in a subject of gateways' messages; `undefined` where it is none. */
export function codecOfSubject(subject: string, received: string): Codec | undefined {
  const end = received.indexOf(".", subject.length + 1);
  const codec = received.slice(subject.length + 1, end);
  return codec === "jpeg" || codec === "h264" ? codec : undefined;
}
