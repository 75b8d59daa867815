// SPDX-License-Identifier: MPL-2.0

/** The screen's size and codec: the first message, and again with each change. */
export interface ScreenMessage {
  readonly type: "screen";
  readonly width: number;
  readonly height: number;
  readonly mode: "jpeg" | "h264";
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
  readonly message: string;
}

/** What a server sends as text; binary messages are one stripe each. */
export type ServerMessage =
  | ScreenMessage
  | FrameMessage
  | EndMessage
  | GapMessage
  | PongMessage
  | FailureMessage;

/** Measures the way to the server and the offset of its clock. */
export interface PingMessage {
  readonly type: "ping";
  /** The viewer's `performance.now()`, in ms. */
  readonly sent: number;
}

/** Asks for every stripe, complete. */
export interface KeyframeMessage {
  readonly type: "keyframe";
}

/** What a viewer sends, always as text. */
export type ViewerMessage = PingMessage | KeyframeMessage;

/**
 * Reads a viewer's message.
 *
 * @param text - Whatever came over the socket; it need not be well formed.
 * @returns `undefined` where it is no message of this protocol.
 */
export function parseViewerMessage(text: unknown): ViewerMessage | undefined {
  const message = parseObject(text);
  if (message === undefined) return undefined;
  const { type, sent } = message;
  if (type === "keyframe") return { type };
  if (type === "ping" && isNumber(sent)) return { type, sent };
  return undefined;
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
  const { type, width, height, mode, frameId, timestamp, sent, message: words } = message;
  switch (type) {
    case "screen":
      if (!isSize(width) || !isSize(height) || (mode !== "jpeg" && mode !== "h264"))
        return undefined;
      return { type, width, height, mode };
    case "frame":
      return isNumber(frameId) && isNumber(timestamp) ? { type, frameId, timestamp } : undefined;
    case "end":
      return isNumber(frameId) ? { type, frameId } : undefined;
    case "gap":
      return { type };
    case "pong":
      return isNumber(sent) && isNumber(timestamp) ? { type, sent, timestamp } : undefined;
    case "failure":
      return typeof words === "string" ? { type, message: words } : undefined;
    default:
      return undefined;
  }
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

function isSize(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 1 && value <= 16384;
}
