// SPDX-License-Identifier: MPL-2.0
// Readers that stop reading for seconds: memory stays below a formula of the settings, and what
// they show afterwards is the newest picture, decoded without a gap.
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, memoryUsage, ScreenCapture, type Stripe } from "../../src/index.ts";
import { compare, isWithin } from "../support/canvas.ts";
import { type RecordedStripe, showStripes } from "../support/decode.ts";
import { Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { record } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

/** How long the thread is kept busy, each of three times; PF_STALL_SECONDS=60 is for patient people. */
const { PF_STALL_SECONDS = "2" } = process.env;
const STALL_MS = Number(PF_STALL_SECONDS) * 1000;
const QUEUE_FRAMES = 2;
/** Bytes each capture keeps for reuse (native/src/capture/frame_stage.c). */
const IDLE_BYTES_MAX = 8 * 2 ** 20;
/** A buffer is the power of two above the bytes expected, a quarter more than those of the last. */
const BUFFER_TO_STRIPE_MAX = 2.5;

/** A capture whose stripes are all kept, and one way of not reading it. */
class Reader implements AsyncDisposable {
  readonly capture: ScreenCapture;
  readonly stripes: RecordedStripe[] = [];
  /** Blocks the next callback, or the loop. */
  stall: (() => void | Promise<void>) | undefined;
  lastMs = 0;
  readonly #frameBytes = new Map<number, number>();

  constructor(display: string, settings: CaptureSettings) {
    this.capture = new ScreenCapture({ display, queueFrames: QUEUE_FRAMES, ...settings });
  }

  async startCallback(): Promise<void> {
    await this.capture.start((stripe) => {
      this.#keep(stripe);
      void this.#takeStall()?.();
    });
  }

  async iterate(): Promise<void> {
    for await (const stripe of this.capture) {
      this.#keep(stripe);
      await this.#takeStall()?.();
    }
  }

  /** What may wait for it, and be under way to the queue: a formula of settings and picture. */
  get queueLimitBytes(): number {
    const largest = Math.max(...this.#frameBytes.values());
    return (QUEUE_FRAMES + 1) * BUFFER_TO_STRIPE_MAX * largest;
  }

  #keep(stripe: Stripe): void {
    const { frameId, size } = stripe;
    this.#frameBytes.set(frameId, (this.#frameBytes.get(frameId) ?? 0) + size);
    this.stripes.push(record(stripe));
    this.lastMs = performance.now();
  }

  #takeStall(): (() => void | Promise<void>) | undefined {
    const { stall } = this;
    this.stall = undefined;
    return stall;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.capture.stop();
  }
}

/** What was seen while nobody read. */
class Watch {
  readonly #readers: Reader[];
  readonly #framesBefore: number[];
  readonly #bytesBefore = memoryUsage().bufferBytes;
  /** The most that the captures took beside what was lent, in bytes. */
  largestBytes = 0;
  /** By how much what they took grew, in bytes. */
  grownBytes = 0;

  constructor(readers: Reader[]) {
    this.#readers = readers;
    // A frame is counted after its first stripe has come: one that has been seen is none to come.
    this.#framesBefore = readers.map(({ capture, stripes }) =>
      Math.max(capture.stats().frames, (stripes.at(-1)?.frameId ?? -1) + 1),
    );
  }

  look(): void {
    const { bufferBytes, lentBytes } = memoryUsage();
    this.largestBytes = Math.max(this.largestBytes, bufferBytes - lentBytes);
    this.grownBytes = Math.max(this.grownBytes, bufferBytes - this.#bytesBefore);
  }

  /** Frames that were captured meanwhile; with readers that go on, 120 in two seconds. */
  newFrames(): number[] {
    return this.#readers.map(
      ({ capture }, index) => capture.stats().frames - (this.#framesBefore[index] ?? 0),
    );
  }
}

/** Keeps the thread busy, and looks on. */
function block(watch: Watch, ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs) watch.look();
}

describe("readers that stall", () => {
  test(
    "cost bounded memory, and show the newest picture afterwards",
    async () => {
      await using server = await Xvfb.start();
      await using painter = await Painter.start(server.display);
      await painter.prepare("video", 1);
      await using jpeg = new Reader(server.display, { outputMode: "jpeg" });
      await using h264 = new Reader(server.display, { outputMode: "h264" });
      await using iterated = new Reader(server.display, {
        outputMode: "h264",
        h264FullFrame: true,
      });
      const readers = [jpeg, h264, iterated];
      await Promise.all([jpeg.startCallback(), h264.startCallback()]);
      const looping = iterated.iterate();
      const painted = painter.run(60 + (4 * STALL_MS) / 1000);
      const watches: Watch[] = [];

      /** Waits until all have read on, and then has one of them do `stall`. */
      async function stallIn(reader: Reader, stalled: Reader[], stall: (watch: Watch) => unknown) {
        const before = readers.map(({ stripes }) => stripes.length);
        await waitFor("all to read on", () =>
          readers.every(({ stripes }, index) => stripes.length > (before[index] ?? 0) + 3),
        );
        const newFrames = await new Promise<number[]>((resolve, reject) => {
          reader.stall = async () => {
            const watch = new Watch(stalled);
            try {
              await stall(watch);
              resolve(watch.newFrames());
            } catch (error) {
              reject(error);
            }
            watches.push(watch);
          };
        });
        for (const count of newFrames) expect(count).toBeLessThanOrEqual(QUEUE_FRAMES + 1);
      }

      await stallIn(jpeg, readers, (watch) => block(watch, STALL_MS));
      await stallIn(h264, readers, (watch) => block(watch, STALL_MS));
      await stallIn(iterated, readers, (watch) => block(watch, STALL_MS));
      // The others go on meanwhile, in buffers that have been there before.
      await stallIn(iterated, [iterated], async (watch) => {
        const endMs = performance.now() + 3000;
        while (performance.now() < endMs) {
          watch.look();
          await Bun.sleep(5);
        }
      });

      await painter.command("size"); // ends the run
      await painted;
      const expected = await painter.grab();
      for (const reader of readers) {
        expect(reader.capture.stats().heldBack).toBeGreaterThan(0);
        await waitFor("the newest picture", async () => {
          // At rest: the refresh comes a quarter of a second after the last change.
          if (performance.now() - reader.lastMs < 500) return false;
          const shown = await showStripes(reader.stripes, server.width, server.height);
          return isWithin(compare(expected, shown), { mean: 3, psnr: 34 });
        });
      }
      const queueLimitBytes = readers.reduce((sum, reader) => sum + reader.queueLimitBytes, 0);
      const [largest, grown] = [
        Math.max(...watches.map(({ largestBytes }) => largestBytes)),
        Math.max(...watches.map(({ grownBytes }) => grownBytes)),
      ];
      expect(largest).toBeLessThanOrEqual(queueLimitBytes + readers.length * IDLE_BYTES_MAX);
      expect(grown).toBeLessThanOrEqual(queueLimitBytes);
      console.log(`stalled readers: ${largest} bytes, grown by ${grown} of ${queueLimitBytes}`);
      await iterated.capture.stop();
      await looping;
    },
    60_000 + 4 * STALL_MS,
  );
});
