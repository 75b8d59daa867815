// SPDX-License-Identifier: MPL-2.0
import {
  type CaptureSettings,
  type PixelfluxError,
  ScreenCapture,
  type Stripe,
} from "../../src/index.ts";
import { type Canvas, compare, type Difference, isWithin, type Tolerance } from "./canvas.ts";
import { type RecordedStripe, shownStreams, showStripes } from "./decode.ts";
import { waitFor } from "./process.ts";

/** Copies what a test needs of a full-width stripe, and releases it. */
export function record(stripe: Stripe): RecordedStripe {
  if (stripe.type === "copy") throw new Error("a copy, which only the extended header may bring");
  const recorded: RecordedStripe = {
    type: stripe.type,
    frameId: stripe.frameId,
    y: stripe.stripeYStart,
    width: stripe.width,
    height: stripe.stripeHeight,
    keyframe: stripe.keyframe,
    timestamp: stripe.timestamp,
    payload: stripe.payload.slice(),
  };
  stripe.release();
  return recorded;
}

/** A running capture that keeps a copy of every stripe, in the order of arrival. */
export class Recorder implements AsyncDisposable {
  readonly stripes: RecordedStripe[] = [];
  readonly errors: PixelfluxError[] = [];
  readonly capture: ScreenCapture;
  #lastMs = performance.now();
  /** Rows of which there has been a stripe, until that is all of them. */
  #shownRows: Set<number> | undefined = new Set();

  private constructor(settings: CaptureSettings) {
    this.capture = new ScreenCapture(settings);
    this.capture.on("error", (error) => this.errors.push(error as PixelfluxError));
  }

  static async start(settings: CaptureSettings): Promise<Recorder> {
    const recorder = new Recorder(settings);
    await recorder.capture.start((stripe) => {
      recorder.#noteRows(stripe);
      recorder.stripes.push(record(stripe));
      recorder.#lastMs = performance.now();
    });
    return recorder;
  }

  /** The first frame's stripes may be far apart where the machine is busy. */
  #noteRows({ stripeYStart, stripeHeight }: Stripe): void {
    for (let row = 0; row < stripeHeight; row++) this.#shownRows?.add(stripeYStart + row);
    if ((this.#shownRows?.size ?? 0) >= this.capture.height) this.#shownRows = undefined;
  }

  /**
   * Waits until something has come, the first frame whole, and then, from now on, nothing for
   * `quietMs`.
   */
  async quiet(quietMs = 500): Promise<void> {
    this.#lastMs = performance.now();
    await waitFor("no stripe for a while", () => {
      if (this.errors[0] !== undefined) throw this.errors[0];
      const isWhole = this.stripes.length > 0 && this.#shownRows === undefined;
      return isWhole && performance.now() - this.#lastMs > quietMs;
    });
  }

  /** Decodes all stripes so far, by someone else's decoder. */
  show(): Promise<Canvas> {
    const last = this.stripes.at(-1);
    if (last === undefined) throw new Error("no stripe has come");
    const ends = shownStreams(this.stripes).map(([{ y, height }]) => y + height);
    const height = Math.max(...ends);
    return showStripes(this.stripes, last.width, height);
  }

  /**
   * Waits until the capture is at rest and a client would show `expected`; throws with the figures
   * of the last look, and `what`, where that does not happen.
   *
   * @param quietMs - at rest is what has sent nothing for so long; where that was too early, it
   *   looks again.
   */
  async showsAtRest(
    expected: Canvas,
    tolerance: Tolerance,
    what: string,
    quietMs = 500,
  ): Promise<Difference> {
    let last: Difference | undefined;
    const look = async () => {
      await this.quiet(quietMs);
      const shown = await this.show();
      if (shown.width !== expected.width || shown.height !== expected.height) return false;
      last = compare(expected, shown);
      return isWithin(last, tolerance) && last;
    };
    try {
      return await waitFor("the client's picture", look, 20_000);
    } catch (error) {
      const figures = `${JSON.stringify(last)} is not within ${JSON.stringify(tolerance)}`;
      throw new Error(`${what}: ${figures}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.capture.stop();
  }
}
