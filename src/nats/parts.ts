// SPDX-License-Identifier: MPL-2.0
/** Stripes that are larger than one message may be. */
import { HEADER_BYTES_MAX, type RowMessage, STRIPE_BYTES_MAX } from "./message.ts";

/** A server that allows less than this and the headers gets messages that it refuses. */
const PART_BYTES_MIN = 64;

/**
 * Cuts a stripe's bytes into what fits into a message.
 *
 * @param messageBytesMax - the server's limit on headers and payload together.
 * @returns views, without a copy; one for a stripe that fits.
 */
export function cut(data: Uint8Array, messageBytesMax: number): readonly Uint8Array[] {
  const partBytesMax = Math.max(PART_BYTES_MIN, messageBytesMax - HEADER_BYTES_MAX);
  if (data.length <= partBytesMax) return [data];
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += partBytesMax) {
    parts.push(data.subarray(at, at + partBytesMax));
  }
  return parts;
}

/**
 * Puts the parts of one stripe together again; they come one after the other. What
 * comes first, or after a {@link reset}, may be the rest of a stripe that began before.
 */
export class PartJoiner {
  #isRest = true;
  #first: RowMessage | undefined;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /**
   * Takes the next message of the stream.
   *
   * @returns the stripe's bytes when they are complete (a view of the message
   *   where it is whole, else a copy), `"more"` while parts are missing, `"rest"`
   *   of a stripe that is lost, and `"malformed"` where the message is no next
   *   part; nothing is kept then.
   */
  take(message: RowMessage): Uint8Array | "more" | "rest" | "malformed" {
    const { part, partCount, data } = message;
    if (part === 1) this.#isRest = false;
    else if (this.#isRest) return "rest";
    if (!this.#follows(message)) {
      this.reset();
      return "malformed";
    }
    if (partCount === 1) return data;
    this.#first ??= message;
    this.#parts.push(data);
    this.#bytes += data.length;
    if (part < partCount) return "more";
    const whole = new Uint8Array(Buffer.concat(this.#parts, this.#bytes));
    this.#clear();
    return whole;
  }

  /** Forgets the parts so far: messages have been lost. */
  reset(): void {
    this.#clear();
    this.#isRest = true;
  }

  #clear(): void {
    this.#first = undefined;
    this.#parts = [];
    this.#bytes = 0;
  }

  #follows({ part, partCount, frameId, stripeYStart, x, data }: RowMessage): boolean {
    if (this.#bytes + data.length > STRIPE_BYTES_MAX) return false;
    const first = this.#first;
    if (first === undefined) return part === 1;
    return (
      part === this.#parts.length + 1 &&
      partCount === first.partCount &&
      frameId === first.frameId &&
      stripeYStart === first.stripeYStart &&
      x === first.x
    );
  }
}
