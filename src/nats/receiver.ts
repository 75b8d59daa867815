// SPDX-License-Identifier: MPL-2.0
/** A gateway's reading of one stream: what is handed out of the messages that come, and what is missing. */
import type { Msg } from "@nats-io/transport-node";
import { PixelfluxError } from "../errors.ts";
import type { Codec, FeedSink, FeedStripe } from "../server/feed.ts";
import { CursorReceiver, isCursor } from "./cursor-message.ts";
import {
  type Notice,
  type PictureSize,
  type Position,
  type RowMessage,
  readNotice,
  readRow,
  type StripePlace,
} from "./message.ts";
import { PartJoiner } from "./parts.ts";
import { agrees } from "./payload.ts";
import { RowSync } from "./row-sync.ts";
import { SequenceTracker } from "./sequence.ts";

/** What a feed counts over all its starts. */
export interface ReceiverCounts {
  /** Messages received. */
  messages: number;
  /** The bytes of their payloads. */
  bytes: number;
  /** Stripes handed out. */
  stripes: number;
  /** How often something was missing. */
  gaps: number;
  /** Messages that came after later ones, and were left out. */
  late: number;
  /** Messages that made no sense. */
  malformed: number;
  /** Stripes left out for building on what was missing. */
  heldBack: number;
}

/** What a receiver needs of its feed. */
export interface ReceiverHost {
  readonly codec: Codec;
  readonly sink: FeedSink;
  readonly counts: ReceiverCounts;
  /** Something was missed: everything is needed complete. */
  onGap(): void;
  /** Messages of another publisher, or of another start of its feed, begin. */
  onEpoch(): void;
  /** A stripe of this time has come, in µs of the publisher's clock. */
  onTime(timestampUs: number): void;
  /** The publisher's feed has ended; nothing is handed out from here on. */
  onFailure(error: PixelfluxError): void;
}

const NO_BYTES = new Uint8Array(0);

/** A stripe in the memory of the message that brought it. */
class ReceivedStripe implements FeedStripe {
  readonly type: FeedStripe["type"];
  readonly frameId: number;
  readonly x: number;
  readonly stripeYStart: number;
  readonly width: number;
  readonly stripeHeight: number;
  readonly keyframe: boolean;
  readonly timestamp: number;
  #data: Uint8Array;

  constructor(place: StripePlace, data: Uint8Array) {
    this.type = place.type;
    this.frameId = place.frameId;
    this.x = place.x;
    this.stripeYStart = place.stripeYStart;
    this.width = place.width;
    this.stripeHeight = place.stripeHeight;
    this.keyframe = place.keyframe;
    this.timestamp = place.timestamp;
    this.#data = data;
  }

  get data(): Uint8Array {
    return this.#data;
  }

  release(): void {
    this.#data = NO_BYTES;
  }
}

/**
 * Checks and orders the messages of one codec, from one start of a feed to its
 * end. It never throws, whatever comes. After a gap nothing is handed out before
 * the picture's size is known again, which comes ahead of the keyframes asked
 * for, and no row goes on before its keyframe.
 */
export class Receiver {
  readonly #host: ReceiverHost;
  readonly #order = new SequenceTracker();
  readonly #parts = new PartJoiner();
  readonly #rows = new RowSync();
  readonly #cursor = new CursorReceiver();
  /** Of the rows' state; `undefined` after a gap. */
  #size: PictureSize | undefined;
  /** As the sink has been told. */
  #toldSize: PictureSize | undefined;
  #isOver = false;

  constructor(host: ReceiverHost) {
    this.#host = host;
  }

  /** Every row of the picture has been handed out complete since the last gap. */
  get isComplete(): boolean {
    return this.#size !== undefined && this.#rows.isComplete;
  }

  /** Nothing is handed out from here on. */
  end(): void {
    this.#isOver = true;
  }

  /** Takes a message of a row's subject. */
  row(message: Msg): void {
    if (this.#isOver) return;
    this.#count(message);
    const row = readRow(message, this.#host.codec);
    if (row === undefined) this.#host.counts.malformed += 1;
    else if (this.#isNew(row)) this.#row(row);
  }

  /** Takes a message of the subject for all that is no stripe. */
  notice(message: Msg): void {
    if (this.#isOver) return;
    this.#count(message);
    if (isCursor(message)) {
      this.#point(message);
      return;
    }
    const notice = readNotice(message);
    if (notice === undefined) this.#host.counts.malformed += 1;
    else if (this.#isNew(notice)) this.#notice(notice);
  }

  #point(message: Msg): void {
    const reading = this.#cursor.take(message);
    if (reading.type === "malformed") this.#host.counts.malformed += 1;
    else if (reading.type === "missing") this.#host.onGap();
    else if (reading.type === "moved") this.#host.sink.cursor?.(reading.cursor);
  }

  #count({ data }: Msg): void {
    this.#host.counts.messages += 1;
    this.#host.counts.bytes += data.length;
  }

  #isNew(position: Position): boolean {
    const { epoch } = this.#order;
    const order = this.#order.take(position, performance.now());
    if (order === "late") this.#host.counts.late += 1;
    if (epoch !== this.#order.epoch) this.#host.onEpoch();
    if (order === "gap") this.#gap();
    return order !== "late";
  }

  #gap(): void {
    this.#host.counts.gaps += 1;
    this.#size = undefined;
    this.#parts.reset();
    this.#host.sink.gap();
    this.#host.onGap();
  }

  #row(row: RowMessage): void {
    const data = this.#parts.take(row);
    if (data === "more" || data === "rest") return;
    if (data === "malformed" || !this.#isRight(row, data)) {
      // It is a stripe that has been lost all the same.
      this.#host.counts.malformed += 1;
      this.#gap();
      return;
    }
    this.#host.onTime(row.timestamp);
    if (this.#size === undefined || !this.#rows.admit(row)) {
      this.#host.counts.heldBack += 1;
      return;
    }
    this.#host.counts.stripes += 1;
    this.#host.sink.stripe(new ReceivedStripe(row, data));
  }

  #isRight(row: RowMessage, data: Uint8Array): boolean {
    return agrees(row, data, this.#size) && (!this.#size || isWithin(row, this.#size));
  }

  #notice(notice: Notice): void {
    if (notice.kind === "failure") {
      this.#isOver = true;
      const text = `The publisher says: ${notice.words}`;
      this.#host.onFailure(new PixelfluxError("ERR_PUBLISHER", "publisher", text));
      return;
    }
    this.#resize({ width: notice.width, height: notice.height });
    if (notice.kind === "end") this.#host.sink.endFrame(notice.frameId);
  }

  #resize(size: PictureSize): void {
    if (this.#size !== undefined && isSame(this.#size, size)) return;
    this.#size = size;
    this.#rows.reset(size.width, size.height);
    if (this.#toldSize !== undefined && isSame(this.#toldSize, size)) return;
    this.#toldSize = size;
    this.#host.sink.screen({ ...size, codec: this.#host.codec });
  }
}

function isSame(a: PictureSize, b: PictureSize): boolean {
  return a.width === b.width && a.height === b.height;
}

function isWithin({ x, stripeYStart, width, stripeHeight }: StripePlace, size: PictureSize) {
  return x + width <= size.width && stripeYStart + stripeHeight <= size.height;
}
