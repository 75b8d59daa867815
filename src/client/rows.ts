// SPDX-License-Identifier: MPL-2.0
import type { WireH264Stripe } from "../wire.ts";
import { H264RowDecoder } from "./decoders.ts";
import type { StripeImage } from "./frames.ts";

/** The H.264 decoders of a screen, by the row that their stripes begin in. */
export class RowDecoders {
  readonly #rows = new Map<number, H264RowDecoder>();
  readonly #acceleration: () => HardwareAcceleration;
  readonly #onError: (error: unknown, y: number) => void;

  /** @param acceleration - What a decoder that is opened now is to be. */
  constructor(
    acceleration: () => HardwareAcceleration,
    onError: (error: unknown, y: number) => void,
  ) {
    this.#acceleration = acceleration;
    this.#onError = onError;
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
    const onError = (error: unknown) => this.#onError(error, y);
    const decoder = new H264RowDecoder(this.#acceleration(), onError);
    this.#rows.set(y, decoder);
    return decoder;
  }
}
