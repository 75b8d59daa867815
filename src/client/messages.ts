// SPDX-License-Identifier: MPL-2.0
import {
  type InputAllowedMessage,
  type InputMessage,
  parseInputMessage,
} from "./input-messages.ts";

/** How good a picture is, where viewers may choose. */
export type Quality = "low" | "normal" | "high";

/** The screen's size and codec: the first message, and again with each change. */
export interface ScreenMessage {
  readonly type: "screen";
  /** Of the picture, in px. */
  readonly width: number;
  /** In px. */
  readonly height: number;
  /** The codec of the stripes that follow. */
  readonly mode: "jpeg" | "h264";
  /** What `?codec=` of the connection's address may be; the first is what one without it gets. */
  readonly codecs?: readonly ("jpeg" | "h264")[];
  /** The present quality; absent where viewers may not choose. */
  readonly quality?: Quality;
}

/** Goes ahead of a frame's first stripe. */
export interface FrameMessage {
  readonly type: "frame";
  /** As in the stripes; its low 16 bits count. */
  readonly frameId: number;
  /** When its pixels were grabbed, in µs of the server's clock. */
  readonly timestamp: number;
}

/** No further stripe of this frame comes. */
export interface EndMessage {
  readonly type: "end";
  /** As in the stripes; its low 16 bits count. */
  readonly frameId: number;
}

/**
 * Frames have been left out: what the viewer shows is not what a copy starts
 * from, until complete stripes have come.
 */
export interface GapMessage {
  readonly type: "gap";
}

/** The answer to a {@link PingMessage}. */
export interface PongMessage {
  readonly type: "pong";
  /** The ping's `sent`, unchanged. */
  readonly sent: number;
  /** Now, in µs of the server's clock. */
  readonly timestamp: number;
}

/** The capture has failed; the server closes the connection. */
export interface FailureMessage {
  readonly type: "failure";
  /** What has failed, in words. */
  readonly message: string;
}

/** What a server sends as text; binary messages are one stripe each, or of the pointer. */
export type ServerMessage =
  | ScreenMessage
  | FrameMessage
  | EndMessage
  | GapMessage
  | PongMessage
  | FailureMessage
  | InputAllowedMessage;

/** Measures the way to the server and the offset of its clock. */
export interface PingMessage {
  readonly type: "ping";
  /** The viewer's `performance.now()`, in ms. */
  readonly sent: number;
}

/** Asks for every stripe, complete; frames sent before need no acknowledgement any more. */
export interface KeyframeMessage {
  readonly type: "keyframe";
}

/** Nobody looks (a hidden tab): nothing is sent from here on. */
export interface PauseMessage {
  readonly type: "pause";
}

/** Somebody looks again: the picture is sent complete, and goes on. */
export interface ResumeMessage {
  readonly type: "resume";
}

/**
 * This viewer draws the pointer itself: it is told of it from here on, where the
 * server has it apart from the picture. A server that does not know the message
 * passes it over.
 */
export interface CursorMessage {
  readonly type: "cursor";
}

/**
 * This frame, and all before it, have been shown, or have come to nothing. A viewer need not
 * tell of each.
 */
export interface AckMessage {
  readonly type: "ack";
  /** As in the stripes, 0…65535: its low 16 bits. */
  readonly frameId: number;
}

/** Asks for another quality, for everybody who watches. */
export interface QualityMessage {
  readonly type: "quality";
  /** The one that is wanted. */
  readonly quality: Quality;
}

/** What a viewer sends, always as text. */
export type ViewerMessage =
  | PingMessage
  | KeyframeMessage
  | CursorMessage
  | PauseMessage
  | ResumeMessage
  | AckMessage
  | QualityMessage
  | InputMessage;

/** Close codes of the server's own (RFC 6455, 7.4.2: 4000 to 4999 are for applications). */
export const CLOSE_CODES = {
  /** What was sent has not been read for too long. */
  tooSlow: 4000,
  /** Messages came too often, or too many of them were none. */
  misbehaved: 4001,
  /** RFC 6455: the capture has failed; a message of type `"failure"` came before. */
  failed: 1011,
} as const;

/**
 * Reads a viewer's message.
 *
 * @param text - Whatever came over the socket; it need not be well formed.
 * @returns `undefined` where it is no message of this protocol.
 */
export function parseViewerMessage(text: unknown): ViewerMessage | undefined {
  const message = parseObject(text);
  if (message === undefined) return undefined;
  const { type, sent, frameId, quality } = message;
  switch (type) {
    case "keyframe":
    case "cursor":
    case "pause":
    case "resume":
      return { type };
    case "ping":
      return isNumber(sent) ? { type, sent } : undefined;
    case "ack":
      return isFrameId(frameId) ? { type, frameId } : undefined;
    case "quality":
      return isQuality(quality) ? { type, quality } : undefined;
    default:
      return parseInputMessage(message);
  }
}

/**
 * Reads a server's text message.
 *
 * @param text - Whatever came over the socket; it need not be well formed.
 * @returns `undefined` where it is no message of this protocol, such as one
 * that only a later version knows.
 */
export function parseServerMessage(text: unknown): ServerMessage | undefined {
  const message = parseObject(text);
  if (message === undefined) return undefined;
  const { type, frameId, timestamp, sent, message: words } = message;
  switch (type) {
    case "screen":
      return parseScreen(message);
    case "frame":
      return isNumber(frameId) && isNumber(timestamp) ? { type, frameId, timestamp } : undefined;
    case "end":
      return isNumber(frameId) ? { type, frameId } : undefined;
    case "gap":
    case "input":
      return { type };
    case "pong":
      return isNumber(sent) && isNumber(timestamp) ? { type, sent, timestamp } : undefined;
    case "failure":
      return typeof words === "string" ? { type, message: words } : undefined;
    default:
      return undefined;
  }
}

function parseScreen(message: Record<string, unknown>): ScreenMessage | undefined {
  const { width, height, mode, codecs, quality } = message;
  if (!isSize(width) || !isSize(height) || !isCodec(mode)) return undefined;
  return {
    ...{ type: "screen", width, height, mode },
    ...(Array.isArray(codecs) && codecs.every(isCodec) ? { codecs } : {}),
    ...(isQuality(quality) ? { quality } : {}),
  };
}

function parseObject(text: unknown): Record<string, unknown> | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // not JSON, so no message: the caller's business
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCodec(value: unknown): value is "jpeg" | "h264" {
  return value === "jpeg" || value === "h264";
}

function isQuality(value: unknown): value is Quality {
  return value === "low" || value === "normal" || value === "high";
}

function isFrameId(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

function isSize(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 1 && value <= 16384;
}
