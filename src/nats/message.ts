// SPDX-License-Identifier: MPL-2.0
/** The messages between publisher and gateways: their headers, written and read. */
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import type { Codec, FeedStripe } from "../server/feed.ts";

/** Where a message stands in its stream. */
export interface Position {
  /** The run of the publisher's feed: 16 hexadecimal digits, drawn anew with each start. */
  readonly epoch: string;
  /** Counts all messages of one epoch from 1, those that were dropped before they were sent too. */
  readonly sequence: number;
}

/** What a stripe's message says beside its bytes. */
export type StripePlace = Omit<FeedStripe, "data" | "release">;

/** A stripe, or a part of one that is larger than a message may be. */
export interface RowMessage extends Position, StripePlace {
  /** From 1 to `partCount`. */
  readonly part: number;
  readonly partCount: number;
  readonly data: Uint8Array;
}

/** The size of the picture, in px. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What is no stripe. Each but a failure tells the picture's size, so that no single one is missed. */
export type Notice =
  | ({ readonly kind: "screen" } & PictureSize)
  | ({ readonly kind: "end"; readonly frameId: number } & PictureSize)
  /** Nothing has come for a while, and nothing has been lost. */
  | ({ readonly kind: "beat" } & PictureSize)
  | { readonly kind: "failure"; readonly words: string };

/** A stripe's bytes at most, however many messages they come in. */
export const STRIPE_BYTES_MAX = 64 << 20;
/** More than the headers of any message of ours take. */
export const HEADER_BYTES_MAX = 512;
/** As the capture's limit. */
const SIDE_PX_MAX = 16384;
const U32_MAX = 0xffffffff;
const PART_COUNT_MAX = 0xffff;
const WORDS_LENGTH_MAX = 1000;

const EPOCH = /^[0-9a-f]{16}$/;
const UNSIGNED = /^(?:0|[1-9]\d{0,15})$/;
const PART = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/;

/** 16 hexadecimal digits for an epoch, or for a gateway. */
export function drawId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex");
}

/** The id in a gateway's message, with the word in front of it; `undefined` where it is none. */
export function readGateway(
  message: Msg,
): { readonly word: "watch" | "leave" | "keyframe"; readonly id: string } | undefined {
  if (message.data.length > 64) return undefined;
  const match = /^(watch|leave|keyframe) ([0-9a-f]{16})$/.exec(message.string());
  if (match === null) return undefined;
  return { word: match[1] as "watch" | "leave" | "keyframe", id: match[2] as string };
}

export function rowHeaders(
  { epoch, sequence }: Position,
  stripe: StripePlace,
  part: number,
  partCount: number,
): MsgHdrs {
  const block = headers();
  block.append("Epoch", epoch);
  block.append("Sequence", String(sequence));
  block.append("Type", stripe.type);
  block.append("Frame", String(stripe.frameId));
  block.append("Row", String(stripe.stripeYStart));
  if (stripe.x !== 0) block.append("X", String(stripe.x));
  block.append("Width", String(stripe.width));
  block.append("Height", String(stripe.stripeHeight));
  if (stripe.keyframe) block.append("Keyframe", "1");
  block.append("Timestamp", String(Math.round(stripe.timestamp)));
  if (partCount > 1) block.append("Part", `${part}/${partCount}`);
  return block;
}

export function noticeHeaders({ epoch, sequence }: Position, notice: Notice): MsgHdrs {
  const block = headers();
  block.append("Epoch", epoch);
  block.append("Sequence", String(sequence));
  block.append("Kind", notice.kind);
  if (notice.kind === "end") block.append("Frame", String(notice.frameId));
  if (notice.kind !== "failure") {
    block.append("Width", String(notice.width));
    block.append("Height", String(notice.height));
  }
  return block;
}

/** The payload of a notice: a failure's words. */
export function noticePayload(notice: Notice): string {
  return notice.kind === "failure" ? notice.words.slice(0, WORDS_LENGTH_MAX) : "";
}

/**
 * Reads a message of one row's subject.
 *
 * @param codec - of the stream that it came by.
 * @returns `undefined` where anything is missing or out of its range; `data` is
 *   a view of the message.
 */
export function readRow(message: Msg, codec: Codec): RowMessage | undefined {
  const block = headersOf(message);
  const position = block && readPosition(block);
  const place = block && readPlace(block, codec);
  const parts = block && readPart(block.get("Part"));
  const { data } = message;
  if (!position || !place || !parts || data.length === 0) return undefined;
  if (!message.subject.endsWith(`.row.${place.stripeYStart}`)) return undefined;
  return { ...position, ...place, ...parts, data };
}

/** Reads a message of the subject for all that is no stripe; `undefined` as in {@link readRow}. */
export function readNotice(message: Msg): (Position & Notice) | undefined {
  const block = headersOf(message);
  const position = block && readPosition(block);
  if (!block || !position) return undefined;
  const kind = block.get("Kind");
  if (kind === "failure") return { ...position, kind, words: readWords(message) };
  const width = unsigned(block.get("Width"), SIDE_PX_MAX);
  const height = unsigned(block.get("Height"), SIDE_PX_MAX);
  if (!width || !height) return undefined;
  if (kind === "screen" || kind === "beat") return { ...position, kind, width, height };
  const frameId = unsigned(block.get("Frame"), U32_MAX);
  if (kind !== "end" || frameId === undefined) return undefined;
  return { ...position, kind, frameId, width, height };
}

/** The client reads headers when they are asked for, and throws for names that are none. */
function headersOf(message: Msg): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined; // so the message is none of ours
  }
}

function readPosition(block: MsgHdrs): Position | undefined {
  const epoch = block.get("Epoch");
  const sequence = unsigned(block.get("Sequence"), Number.MAX_SAFE_INTEGER);
  return EPOCH.test(epoch) && sequence ? { epoch, sequence } : undefined;
}

function readPlace(block: MsgHdrs, codec: Codec): StripePlace | undefined {
  const type = block.get("Type");
  const keyframe = block.get("Keyframe") === "1";
  if (type !== codec && type !== "copy") return undefined;
  if (type === "copy" && keyframe) return undefined;
  const frameId = unsigned(block.get("Frame"), U32_MAX);
  const timestamp = unsigned(block.get("Timestamp"), Number.MAX_SAFE_INTEGER);
  const x = block.has("X") ? unsigned(block.get("X"), SIDE_PX_MAX) : 0;
  const stripeYStart = unsigned(block.get("Row"), SIDE_PX_MAX);
  const width = unsigned(block.get("Width"), SIDE_PX_MAX);
  const stripeHeight = unsigned(block.get("Height"), SIDE_PX_MAX);
  if (frameId === undefined || timestamp === undefined || x === undefined) return undefined;
  if (stripeYStart === undefined || !width || !stripeHeight) return undefined;
  return { type, frameId, x, stripeYStart, width, stripeHeight, keyframe, timestamp };
}

function readPart(text: string): Pick<RowMessage, "part" | "partCount"> | undefined {
  if (text === "") return { part: 1, partCount: 1 };
  const match = PART.exec(text);
  const part = Number(match?.[1]);
  const partCount = Number(match?.[2]);
  return part <= partCount && partCount <= PART_COUNT_MAX ? { part, partCount } : undefined;
}

function readWords(message: Msg): string {
  return message.string().slice(0, WORDS_LENGTH_MAX);
}

/** The decimal integer from 0 to `max`; `undefined` where it is none. */
function unsigned(text: string, max: number): number | undefined {
  if (!UNSIGNED.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}
