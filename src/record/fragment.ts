// SPDX-License-Identifier: MPL-2.0
/** Pictures made into fragments of an MP4 file: by mediabunny, each fragment muxed by itself. */
import {
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
} from "#mediabunny";
import { finishMoof, type MoofFacts } from "./moof.ts";

/** Ticks of the files' time base a second: those of {@link Picture.timeUs}, so that no time is rounded. */
const TIMESCALE = 1_000_000;

/** One picture of a recording. */
export interface Picture {
  /** An access unit in Annex B. */
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
  /** Since the beginning of its file. */
  readonly timeUs: number;
}

/** What a file says of its pictures. */
export interface PictureFormat {
  /** As in `"avc1.42c01f"`. */
  readonly codec: string;
  /** Of the coded picture, in px. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** A keyframe of the file in Annex B, for its parameter sets. */
  readonly keyframe: Uint8Array;
}

/** A fragment as it goes into the file. */
export interface Fragment {
  /** `ftyp` and `moov`, which belong in front of a file's first fragment. */
  readonly init: Uint8Array;
  /** `moof` and `mdat`. */
  readonly bytes: Uint8Array;
  /**
   * Where in `bytes` the last picture's duration is: 32 bits, big endian, in µs;
   * `undefined` where all pictures of the fragment share theirs.
   */
  readonly durationIndex: number | undefined;
}

/** What the VUI of our streams says (docs/wire-format.md), for players that read the container only. */
const COLOR_SPACE = {
  primaries: "bt709",
  transfer: "iec61966-2-1",
  matrix: "smpte170m",
  fullRange: true,
} as const;

/**
 * Muxes pictures into one fragment.
 *
 * @param pictures - at least one; a keyframe may only be the first of them.
 * @param endUs - when the last of them ends, after its own time.
 * @param sequenceNumber - of the fragment in its file, from 1.
 */
export async function muxFragment(
  pictures: readonly Picture[],
  endUs: number,
  format: PictureFormat,
  sequenceNumber: number,
): Promise<Fragment> {
  const parts = new Parts();
  const source = new EncodedVideoPacketSource("avc");
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: "fragmented", ...parts.listeners }),
    target: new NullTarget(),
  });
  const { keyframe, ...coded } = format;
  output.addVideoTrack(source, {
    frameRate: TIMESCALE,
    decoderConfig: { ...coded, colorSpace: COLOR_SPACE },
    primingPacket: new EncodedPacket(keyframe, "key", 0, 0),
  });
  await output.start();
  for (const [index, { data, timeUs }] of pictures.entries()) {
    // The muxer begins files with keyframes only; finishMoof() says what the first one really is.
    const type = index === 0 ? "key" : "delta";
    const durationUs = (pictures[index + 1]?.timeUs ?? endUs) - timeUs;
    await source.add(new EncodedPacket(data, type, timeUs / TIMESCALE, durationUs / TIMESCALE));
  }
  await output.finalize();
  return parts.join({ sequenceNumber, startsWithKeyframe: pictures[0]?.isKeyframe === true });
}

/** The boxes that a muxer hands out, each once. */
class Parts {
  readonly #boxes = new Map<string, Uint8Array>();

  readonly listeners = {
    // One fragment only, however long it is.
    minimumFragmentDuration: Number.POSITIVE_INFINITY,
    onFtyp: (box: Uint8Array) => this.#keep("ftyp", box),
    onMoov: (box: Uint8Array) => this.#keep("moov", box),
    onMoof: (box: Uint8Array) => this.#keep("moof", box),
    onMdat: (box: Uint8Array) => this.#keep("mdat", box),
  };

  join(facts: MoofFacts): Fragment {
    const moof = this.#take("moof");
    const durationIndex = finishMoof(moof, facts);
    return {
      init: Buffer.concat([this.#take("ftyp"), this.#take("moov")]),
      bytes: Buffer.concat([moof, this.#take("mdat")]),
      durationIndex,
    };
  }

  #keep(name: string, box: Uint8Array): void {
    if (this.#boxes.has(name)) throw new Error(`the muxer has made a second ${name}`);
    this.#boxes.set(name, box);
  }

  #take(name: string): Uint8Array {
    const box = this.#boxes.get(name);
    if (box === undefined) throw new Error(`the muxer has made no ${name}`);
    return box;
  }
}
