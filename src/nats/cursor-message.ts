// SPDX-License-Identifier: MPL-2.0
/**
 * The pointer between publisher and gateways: beside the stripes, in messages of
 * their own that belong to no sequence. What is lost is made good by the next one, and
 * an image by being asked for.
 */
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { CursorImages } from "../server/cursor-images.ts";
import { CursorSender } from "../server/cursor-sender.ts";
import type { FeedCursor, FeedCursorImage } from "../server/feed.ts";
import { parseCursor, type WireCursorImage } from "../wire.ts";

const KIND = "cursor";
/** As many as are kept (docs/wire-format.md). */
const IMAGE_COUNT_MAX = 64;

/** What stands beside a message of the pointer. @param epoch - of the publisher's run. */
export function cursorHeaders(epoch: string): MsgHdrs {
  const block = headers();
  block.append("Epoch", epoch);
  block.append("Kind", KIND);
  return block;
}

/** Whether a message of the subject for all that is no stripe is one of the pointer. */
export function isCursor(message: Msg): boolean {
  try {
    return message.headers?.get("Kind") === KIND;
  } catch {
    return false; // no headers that can be read: it is something else that is wrong
  }
}

/** One run's pointer, sent to all gateways at once. */
export class CursorPublisher {
  readonly #images = new CursorImages();
  readonly #send: (data: Uint8Array) => boolean;
  #sender: CursorSender;
  #cursor: FeedCursor | undefined;

  /** @param send - false where it was dropped: it is tried again with the next state. */
  constructor(send: (data: Uint8Array) => boolean) {
    this.#send = send;
    this.#sender = this.#newSender();
  }

  show(cursor: FeedCursor): void {
    this.#cursor = cursor;
    this.#sender.show(cursor);
  }

  /** Tells everything again, for a gateway that has missed it. */
  repeat(): void {
    if (this.#cursor === undefined) return;
    this.#sender = this.#newSender();
    this.#sender.show(this.#cursor);
  }

  #newSender(): CursorSender {
    const nothing = () => 0; // the connection has a bound of its own
    const outlet = { sentBytes: nothing, bufferedBytes: nothing, isPaused: () => false };
    const sender = new CursorSender({ ...outlet, send: this.#send }, this.#images);
    sender.want();
    return sender;
  }
}

/** What has come of one message. */
export type CursorReading =
  | { readonly type: "moved"; readonly cursor: FeedCursor }
  | { readonly type: "kept" | "malformed" | "missing" };

/** A gateway's reading of it. */
export class CursorReceiver {
  readonly #images = new Map<number, FeedCursorImage>();
  #epoch = "";

  /** `missing`: it names an image that has not come. */
  take(message: Msg): CursorReading {
    const epoch = message.headers?.get("Epoch") ?? "";
    if (epoch !== this.#epoch) this.#images.clear();
    this.#epoch = epoch;
    try {
      return this.#read(message.data);
    } catch {
      return { type: "malformed" }; // a WireError: the caller counts it
    }
  }

  #read(data: Uint8Array): CursorReading {
    const wire = parseCursor(data);
    if (wire.type === "cursor-image") {
      this.#keep(wire);
      return { type: "kept" };
    }
    const { x, y, visible, imageId } = wire;
    const image = this.#images.get(imageId);
    if (visible && image === undefined) return { type: "missing" };
    return { type: "moved", cursor: { x, y, visible, image } };
  }

  #keep({ id, width, height, hotX, hotY, pixels }: WireCursorImage): void {
    const known = this.#images.get(id); // repeated for somebody else
    this.#images.delete(id);
    // The message's memory is a part of what was read at once.
    const image = known ?? { width, height, hotX, hotY, pixels: pixels.slice() };
    this.#images.set(id, image);
    const [oldest] = this.#images.keys();
    if (this.#images.size > IMAGE_COUNT_MAX && oldest !== undefined) this.#images.delete(oldest);
  }
}
