// SPDX-License-Identifier: MPL-2.0
import type { FeedScreen, FeedSink, FeedStripe } from "../../src/server/feed.ts";
import { parseStripe } from "../../src/wire.ts";
import { type RecordedStripe, showStripes } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { keyOf, type SentStripe, type TeedSource } from "./teed-source.ts";
import { expectStep, findStep } from "./truth.ts";

/** Changes of the source in far more time than a test takes. */
const STEP_COUNT = 20_000;

/** A stripe as a gateway's feed handed it out; its bytes are kept as they came, not copied. */
interface ReceivedStripe {
  readonly key: string;
  readonly frameId: number;
  readonly y: number;
  readonly keyframe: boolean;
  readonly data: Uint8Array;
}

/** All that a gateway's feed has handed out, and what can be said of it. */
export class Received implements FeedSink {
  readonly stripes: ReceivedStripe[] = [];
  readonly screens: FeedScreen[] = [];
  readonly errors: unknown[] = [];
  gaps = 0;
  /** What a fan-out would do about a gap. */
  onGap: () => void = () => undefined;
  lastFrameId = -1;
  /** How many stripes there were when the last frame ended. */
  #shownCount = 0;

  screen(screen: FeedScreen): void {
    this.screens.push(screen);
  }

  stripe(stripe: FeedStripe): void {
    const { frameId, stripeYStart: y, keyframe, data } = stripe;
    this.stripes.push({ key: keyOf(stripe), frameId, y, keyframe, data });
    stripe.release();
  }

  endFrame(frameId: number): void {
    this.lastFrameId = frameId;
    this.#shownCount = this.stripes.length;
  }

  gap(): void {
    this.gaps += 1;
    this.onGap();
  }

  fail(error: unknown): void {
    this.errors.push(error);
  }

  /**
   * Waits until what the source hands out from now on has come, ended by a frame that has come
   * complete since the last loss.
   */
  async caughtUp(source: TeedSource): Promise<void> {
    const target = [...source.sent.keys()].length;
    await waitFor("the gateway to catch up", () => {
      const last = this.#lastShown;
      return last !== undefined && indexOf(source, last.key) >= target && this.#isWhole(source);
    });
  }

  /** Throws unless every stripe is one that was sent, once, and each builds on the one before. */
  expectSound(source: TeedSource): void {
    const seen = new Set<string>();
    const last = new Map<number, ReceivedStripe>();
    const before = predecessors(source);
    for (const stripe of this.stripes) {
      const { key, y, keyframe, data } = stripe;
      const sent = source.sent.get(key);
      if (sent === undefined) throw new Error(`the stripe ${key} was never sent`);
      if (seen.has(key)) throw new Error(`the stripe ${key} came twice`);
      seen.add(key);
      if (Buffer.compare(sent.data, data) !== 0) throw new Error(`${key} has other bytes`);
      const previous = last.get(y);
      if (!keyframe && before.get(key) !== previous?.key) {
        throw new Error(`${key} builds on ${before.get(key)}, but ${previous?.key} came before`);
      }
      last.set(y, stripe);
    }
    this.#expectOrder(source);
  }

  /**
   * Decodes what has come up to the last frame's end by ffmpeg, each row from its last keyframe on
   * by a decoder of its own, and compares it with what the synthetic source paints.
   */
  async expectPicture(source: TeedSource): Promise<void> {
    const screen = this.screens.at(-1);
    if (screen === undefined || !this.#isWhole(source)) throw new Error("the picture is not whole");
    const { codec, width, height } = screen;
    const chains = lastChains(this.stripes.slice(0, this.#shownCount)).map(recorded(codec));
    const picture = await showStripes(chains, width, height);
    expectStep(picture, findStep(picture, STEP_COUNT));
  }

  get #lastShown(): ReceivedStripe | undefined {
    return this.stripes[this.#shownCount - 1];
  }

  /** Whether each row shows what was sent for it last, up to the last frame that has ended. */
  #isWhole(source: TeedSource): boolean {
    const last = this.#lastShown;
    if (last === undefined) return false;
    const newest = new Map<number, string>();
    for (const stripe of this.stripes.slice(0, this.#shownCount)) newest.set(stripe.y, stripe.key);
    const wanted = new Map(runUpTo(source, last.key).map(({ y, key }) => [y, key]));
    return [...wanted].every(([y, key]) => newest.get(y) === key);
  }

  /** Frames of a row strictly increase while the capture is the same one. */
  #expectOrder(source: TeedSource): void {
    const runs = runIndexes(source);
    const last = new Map<number, { run: number; frameId: number }>();
    for (const { key, y, frameId } of this.stripes) {
      const run = runs.get(key) as number;
      const previous = last.get(y);
      const isLater = previous === undefined || run > previous.run;
      if (!isLater && (run < previous.run || frameId <= previous.frameId)) {
        throw new Error(`row ${y}: frame ${frameId} came after ${previous.frameId}`);
      }
      last.set(y, { run, frameId });
    }
  }
}

type Keyed = SentStripe & { readonly key: string };

function keyed(source: TeedSource): Keyed[] {
  return [...source.sent].map(([key, stripe]) => ({ key, ...stripe }));
}

function indexOf(source: TeedSource, key: string): number {
  return [...source.sent.keys()].indexOf(key);
}

/** Which start of the capture each stripe is of: frames count from 0 with each. */
function runIndexes(source: TeedSource): Map<string, number> {
  let run = 0;
  let frameId = 0;
  return new Map(
    keyed(source).map((stripe) => {
      if (stripe.frameId < frameId) run += 1;
      frameId = stripe.frameId;
      return [stripe.key, run];
    }),
  );
}

/** What was sent of the start that a stripe is of, up to the end of its frame. */
function runUpTo(source: TeedSource, key: string): Keyed[] {
  const runs = runIndexes(source);
  const frameId = source.sent.get(key)?.frameId ?? -1;
  return keyed(source).filter(
    (stripe) => runs.get(stripe.key) === runs.get(key) && stripe.frameId <= frameId,
  );
}

/** The stripe that each one follows in its row. */
function predecessors(source: TeedSource): Map<string, string | undefined> {
  const last = new Map<number, string>();
  return new Map(
    keyed(source).map(({ key, y }) => {
      const entry = [key, last.get(y)] as const;
      last.set(y, key);
      return entry;
    }),
  );
}

/** Of each row what comes from its last keyframe on: what a decoder needs for the last picture. */
function lastChains<T extends { y: number; keyframe: boolean }>(stripes: readonly T[]): T[] {
  const start = new Map<number, number>();
  for (const [index, { y, keyframe }] of stripes.entries()) if (keyframe) start.set(y, index);
  return stripes.filter(({ y }, index) => index >= (start.get(y) ?? 0));
}

function recorded(codec: "jpeg" | "h264") {
  return ({ data, y, keyframe }: { data: Uint8Array; y: number; keyframe: boolean }) => {
    const wire = parseStripe(data, "pixelflux");
    const height = wire.type === "h264" ? (wire.height as number) : jpegSize(wire.payload).height;
    const width = wire.type === "h264" ? (wire.width as number) : jpegSize(wire.payload).width;
    const { payload } = wire;
    const place = { frameId: 0, y, width, height, keyframe, timestamp: 0 };
    return { type: codec, ...place, payload } satisfies RecordedStripe;
  };
}

/** From the frame header (ITU-T T.81, B.2.2: SOF0 or SOF2, then length, precision, height, width). */
function jpegSize(jpeg: Uint8Array): { width: number; height: number } {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.length);
  let at = 2;
  while (![0xc0, 0xc2].includes(view.getUint8(at + 1))) at += 2 + view.getUint16(at + 2);
  return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
}
