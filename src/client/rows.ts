// SPDX-License-Identifier: MPL-2.0
import type { WireH264Stripe } from "../wire.ts";
import { H264RowDecoder } from "./decoders.ts";
import type { StripeImage } from "./frames.ts";

/** What row decoders ask and tell. */
export interface RowHandler {
  /** What a decoder that is opened now is to be. */
  acceleration(): HardwareAcceleration;
  /** A decoder was opened for a codec, in WebCodecs' words. */
  opened(codec: string): void;
  /** The stripe that begins in row `y` could not be decoded. */
  failed(error: unknown, y: number): void;
}

/** The H.264 decoders of a screen, by the row that their stripes begin in. */
export class RowDecoders {
  readonly #rows = new Map<number, H264RowDecoder>();
  readonly #handler: RowHandler;

  constructor(handler: RowHandler) {
    this.#handler = handler;
  }

  /** As {@link H264RowDecoder.decode}, with the decoder of the stripe's row. */
  decode(stripe: WireH264Stripe, y: number): Promise<StripeImage | undefined> {
    if (stripe.keyframe) this.#closeInside(y, stripe.height ?? 0);
    return this.#at(y).decode(stripe);
  }

  /** Frees every decoder; each row waits for its next keyframe. */
  close(): void {
    for (const decoder of this.#rows.values()) decoder.close();
    this.#rows.clear();
  }

  /** A keyframe has its rows to itself: a stream that begins inside them is of an older cut. */
  #closeInside(y: number, height: number): void {
    for (const [start, decoder] of this.#rows) {
      if (start <= y || start >= y + height) continue;
      decoder.close();
      this.#rows.delete(start);
    }
  }

  #at(y: number): H264RowDecoder {
    const known = this.#rows.get(y);
    if (known) return known;
    const decoder = new H264RowDecoder({
      acceleration: this.#handler.acceleration(),
      onOpen: (codec) => this.#handler.opened(codec),
      onError: (error) => this.#handler.failed(error, y),
    });
    this.#rows.set(y, decoder);
    return decoder;
  }
}
