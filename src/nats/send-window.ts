// SPDX-License-Identifier: MPL-2.0
/** A bound on what waits in the connection of a publisher. */
import type { MsgHdrs } from "@nats-io/transport-node";
import type { FeedStripe } from "../server/feed.ts";
import type { ConnectionLink } from "./link.ts";

/** Counted for a message's subject and headers, which its bytes are small beside. */
const ENVELOPE_BYTES = 300;
/** After so many bytes the server is asked how far it is, also in the middle of a frame. */
const MARK_BYTES = 256 << 10;

interface SentMessage {
  readonly bytes: number;
  /** What is to be given back when the message has left this process. */
  readonly stripe?: FeedStripe;
}

/**
 * Publishes without ever letting more than so many bytes wait. The client itself
 * has no limit, neither while a server is slow nor while there is none. What a
 * PING is answered by PONG for has left its memory; a connection that is lost
 * rejects the PING, and what waited for it has been forgotten.
 *
 * The client keeps views of payloads until it has written them to its socket, so
 * stripes are given back when their PING has been answered, not before.
 */
export class SendWindow {
  readonly #link: ConnectionLink;
  readonly #bytesMax: number;
  #sent: SentMessage[] = [];
  #bytes = 0;
  #unmarkedBytes = 0;
  #isMarking = false;
  /** Nothing is sent before half of it has left: what is dropped is dropped in one piece. */
  #isFull = false;

  constructor(link: ConnectionLink, bytesMax: number) {
    this.#link = link;
    this.#bytesMax = bytesMax;
  }

  /** Bytes that may not have left yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The most that one message may carry, headers included, in bytes; Infinity without a server. */
  get messageBytesMax(): number {
    return this.#link.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Publishes, or drops what does not fit.
   *
   * @param data - has to stay as it is until {@link keep} gives it back.
   */
  send(subject: string, headers: MsgHdrs, data: Uint8Array | string): boolean {
    const bytes = ENVELOPE_BYTES + data.length;
    if (!this.#hasRoom(bytes)) return false;
    try {
      this.#link.connection.publish(subject, data, { headers });
    } catch {
      return false; // closed, draining, or too large for this server: lost, as on the way
    }
    this.#sent.push({ bytes });
    this.#bytes += bytes;
    this.#unmarkedBytes += bytes;
    if (this.#unmarkedBytes >= MARK_BYTES) this.mark();
    return true;
  }

  /** Gives a stripe back when all that has been sent so far has left. */
  keep(stripe: FeedStripe): void {
    this.#sent.push({ bytes: 0, stripe });
  }

  /** Asks the server to answer when it has all that has been sent. */
  mark(): void {
    if (this.#isMarking || this.#sent.length === 0) return;
    this.#isMarking = true;
    this.#unmarkedBytes = 0;
    const count = this.#sent.length;
    const settle = () => this.#settle(count);
    this.#link.connection.flush().then(settle, settle);
  }

  /** The connection has ended, and nothing in it is read again. */
  clear(): void {
    this.#settle(this.#sent.length);
  }

  #hasRoom(bytes: number): boolean {
    if (!this.#link.isUp || this.#isFull) return false;
    this.#isFull = this.#bytes + bytes > this.#bytesMax;
    return !this.#isFull;
  }

  #settle(count: number): void {
    for (const { bytes, stripe } of this.#sent.splice(0, count)) {
      this.#bytes -= bytes;
      stripe?.release();
    }
    this.#isMarking = false;
    this.mark();
    if (this.#bytes <= this.#bytesMax / 2) this.#isFull = false;
  }
}
