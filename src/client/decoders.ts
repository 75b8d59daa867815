// SPDX-License-Identifier: MPL-2.0

import type { StripeImage } from "./frames.ts";
import { codecString } from "./h264.ts";

/** An H.264 stripe as a decoder takes it. */
export interface EncodedStripe {
  readonly payload: Uint8Array;
  readonly keyframe: boolean;
  /** The true size in px. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Called with what went wrong; the stripe's rows show nothing new until their next keyframe. */
export type DecodeErrorHandler = (error: unknown) => void;

/**
 * Decodes a JPEG stripe by `createImageBitmap`, which works without a secure
 * context too; nothing is held between stripes. Resolves with `undefined` where
 * it is broken, and never rejects. The image is the caller's, to be closed.
 */
export async function decodeJpeg(
  payload: Uint8Array,
  onError: DecodeErrorHandler,
): Promise<StripeImage | undefined> {
  // The socket's buffers are never shared memory, which a Blob would refuse.
  const bytes = payload as Uint8Array<ArrayBuffer>;
  try {
    const source = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    return { source, width: source.width, height: source.height, close: () => source.close() };
  } catch (error) {
    onError(error);
    return undefined;
  }
}

interface PendingStripe {
  readonly width: number;
  readonly height: number;
  readonly resolve: (image: StripeImage | undefined) => void;
}

/** How an {@link H264RowDecoder} decodes, and what it calls. */
export interface RowDecoderOptions {
  readonly acceleration: HardwareAcceleration;
  /** A decoder was opened for a codec, in WebCodecs' words. */
  readonly onOpen: (codec: string) => void;
  readonly onError: DecodeErrorHandler;
}

/**
 * Decodes the H.264 stripes that begin in one row of the screen, in their order,
 * by WebCodecs: one `VideoDecoder`, opened by the first keyframe for the profile
 * that its SPS names, and anew when that or the size changes.
 *
 * The configuration has no `description`, so chunks are Annex B (WebCodecs AVC
 * registration, 3). Each chunk's timestamp is its own number, by which its
 * picture is told.
 */
export class H264RowDecoder {
  readonly #options: RowDecoderOptions;
  readonly #pending = new Map<number, PendingStripe>();
  #decoder: VideoDecoder | undefined;
  #configured = "";
  #next = 0;

  constructor(options: RowDecoderOptions) {
    this.#options = options;
  }

  /**
   * Decodes one stripe. Resolves with `undefined` where it cannot be decoded:
   * it came before the first keyframe, it is broken, or the decoder was closed.
   * Never rejects. The image is the caller's, to be closed.
   */
  async decode(stripe: EncodedStripe): Promise<StripeImage | undefined> {
    const { payload, keyframe, width, height } = stripe;
    if (width === undefined || height === undefined) return undefined;
    try {
      if (keyframe) this.#configure(payload, width, height);
      const decoder = this.#decoder;
      if (decoder === undefined) return undefined;
      const timestamp = this.#next++;
      const type = keyframe ? "key" : "delta";
      decoder.decode(new EncodedVideoChunk({ type, timestamp, data: payload }));
      return await new Promise((resolve) => {
        this.#pending.set(timestamp, { width, height, resolve });
      });
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Frees the decoder; what it was decoding resolves with `undefined`. */
  close(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#configured = "";
    if (decoder && decoder.state !== "closed") decoder.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { resolve } of pending) resolve(undefined);
  }

  #configure(payload: Uint8Array, width: number, height: number): void {
    const codec = codecString(payload);
    if (codec === undefined) throw new Error("the keyframe carries no SPS");
    const wanted = `${codec} ${width}x${height}`;
    if (this.#decoder && this.#configured === wanted) return;
    this.close();
    const decoder = new VideoDecoder({
      output: (frame) => this.#take(frame),
      error: (error) => {
        if (this.#decoder === decoder) this.#fail(error);
      },
    });
    const hardwareAcceleration = this.#options.acceleration;
    decoder.configure({ codec, hardwareAcceleration, optimizeForLatency: true });
    this.#decoder = decoder;
    this.#configured = wanted;
    this.#options.onOpen(codec);
  }

  #take(frame: VideoFrame): void {
    const stripe = this.#pending.get(frame.timestamp);
    if (stripe === undefined) {
      frame.close(); // of a decoder that has been closed meanwhile
      return;
    }
    this.#pending.delete(frame.timestamp);
    const { width, height, resolve } = stripe;
    resolve({ source: frame, width, height, close: () => frame.close() });
  }

  #fail(error: unknown): void {
    this.close();
    this.#options.onError(error);
  }
}
