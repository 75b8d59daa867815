// SPDX-License-Identifier: MPL-2.0
/** A `ScreenCapture` as a source of a fan-out. */

import type { Quality } from "../client/messages.ts";
import {
  type CaptureSettings,
  monotonicUs,
  PixelfluxError,
  ScreenCapture,
  type Stripe,
} from "../index.ts";
import { CursorRelay } from "./cursor-relay.ts";
import type { Codec, FeedScreen, FeedSink, PaceStep, StripeFeed, StripeSource } from "./feed.ts";
import { type PacedSettings, pacedSettings } from "./pace.ts";

const OTHER_CODEC = { jpeg: "h264", h264: "jpeg" } as const;

/**
 * Makes a capture the source of a fan-out, which starts and stops it. Its own
 * codec comes first; the other one is a second capture of the same settings,
 * made when a viewer asks for it.
 *
 * @throws {PixelfluxError} `ERR_ALREADY_RUNNING` for a capture that runs, and
 *   `ERR_INVALID_SETTING` for one whose stripes have no header that a viewer
 *   could read.
 */
export function captureSource(capture: ScreenCapture): StripeSource {
  if (!(capture instanceof ScreenCapture)) {
    const text = `captureSource: capture has to be a ScreenCapture, but is of type ${typeof capture}.`;
    throw new PixelfluxError("ERR_INVALID_SETTING", "captureSource", text, { field: "capture" });
  }
  if (capture.running) {
    const text = "captureSource: the capture runs already. Leave its start to the fan-out.";
    throw new PixelfluxError("ERR_ALREADY_RUNNING", "captureSource", text);
  }
  const { stripeHeader, outputMode } = capture.settings;
  if (stripeHeader !== "pixelflux" && stripeHeader !== "extended") {
    const text = `captureSource: stripeHeader has to be "pixelflux" or "extended" for viewers to read, but is "${stripeHeader}".`;
    throw new PixelfluxError("ERR_INVALID_SETTING", "captureSource", text, {
      field: "stripeHeader",
    });
  }
  const other = OTHER_CODEC[outputMode];
  const relay = new CursorRelay(capture);
  return {
    codecs: [outputMode, other],
    open: (codec) =>
      codec === other
        ? new CaptureFeed(
            () => new ScreenCapture({ ...capture.settings, outputMode: other }),
            relay,
          )
        : new CaptureFeed(() => capture, relay),
  };
}

class CaptureFeed implements StripeFeed {
  readonly #make: () => ScreenCapture;
  readonly #relay: CursorRelay;
  #capture: ScreenCapture | undefined;
  #paced: PacedCapture | undefined;
  #step: PaceStep = 0;
  #quality: Quality = "normal";
  #listeners: (() => void)[] = [];
  #screen: FeedScreen | undefined;

  constructor(make: () => ScreenCapture, relay: CursorRelay) {
    this.#make = make;
    this.#relay = relay;
  }

  nowUs(): number {
    return monotonicUs();
  }

  async start(sink: FeedSink): Promise<void> {
    const capture = this.#make();
    this.#capture = capture;
    this.#paced = new PacedCapture(capture);
    this.#paced.set(this.#step, this.#quality);
    this.#screen = undefined;
    this.#listen(capture, sink);
    try {
      await capture.start((stripe) => this.#take(capture, sink, stripe));
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const capture = this.#capture;
    this.#end();
    await capture?.stop();
  }

  requestKeyframe(): void {
    if (this.#capture?.running) this.#capture.requestKeyframe();
  }

  setPace(step: PaceStep, quality: Quality): void {
    this.#step = step;
    this.#quality = quality;
    this.#paced?.set(step, quality);
  }

  #listen(capture: ScreenCapture, sink: FeedSink): void {
    const onFrame = ({ frameId }: { frameId: number }) => sink.endFrame(frameId);
    const onError = (error: unknown) => {
      if (capture.running) return; // the sink's own: the capture goes on
      this.#end();
      sink.fail(error);
    };
    capture.on("frame", onFrame).on("error", onError);
    this.#listeners = [
      () => capture.off("frame", onFrame),
      () => capture.off("error", onError),
      this.#relay.begin(capture, sink),
    ];
  }

  #take(capture: ScreenCapture, sink: FeedSink, stripe: Stripe): void {
    const { width, height } = capture;
    const known = this.#screen;
    const codec: Codec | undefined = stripe.type === "copy" ? known?.codec : stripe.type;
    if (codec !== undefined) {
      if (known?.codec !== codec || known.width !== width || known.height !== height) {
        this.#screen = { width, height, codec };
        sink.screen(this.#screen);
      }
    }
    sink.stripe(stripe);
  }

  /** The capture's settings are as its owner made them from here on. */
  #end(): void {
    for (const remove of this.#listeners) remove();
    this.#listeners = [];
    this.#paced?.restore();
    this.#paced = undefined;
    this.#capture = undefined;
  }
}

/** A capture's own settings, kept apart from what pace and quality make of them. */
class PacedCapture {
  readonly #capture: ScreenCapture;
  #base: PacedSettings;
  #applied: PacedSettings;

  constructor(capture: ScreenCapture) {
    this.#capture = capture;
    this.#base = pick(capture.settings);
    this.#applied = this.#base;
  }

  set(step: PaceStep, quality: Quality): void {
    this.#takeOver();
    this.#apply(pacedSettings(this.#base, step, quality));
  }

  restore(): void {
    this.#takeOver();
    this.#apply(this.#base);
  }

  /** What differs from what was applied has been changed by the capture's owner, and counts. */
  #takeOver(): void {
    const present = pick(this.#capture.settings);
    const changed = Object.entries(present).filter(
      ([key, value]) => value !== this.#applied[key as keyof PacedSettings],
    );
    this.#base = { ...this.#base, ...Object.fromEntries(changed) };
  }

  #apply(settings: PacedSettings): void {
    const change = Object.entries(settings).filter(
      ([key, value]) => value !== this.#capture.settings[key as keyof PacedSettings],
    );
    this.#applied = settings;
    if (change.length > 0) this.#capture.update(Object.fromEntries(change) as CaptureSettings);
  }
}

function pick(settings: PacedSettings): PacedSettings {
  const { targetFps, jpegQuality, paintOverJpegQuality, h264Crf, h264PaintOverCrf } = settings;
  return { targetFps, jpegQuality, paintOverJpegQuality, h264Crf, h264PaintOverCrf };
}
