// SPDX-License-Identifier: MPL-2.0
/** `pixelflux-ffi/client`: the browser's side of a stream of stripes. */
export { codecString } from "./h264.ts";
export type {
  ButtonMessage,
  InputAllowedMessage,
  InputMessage,
  KeyMessage,
  PointerButton,
  PointerMessage,
  ReleaseMessage,
  TextMessage,
  WheelMessage,
} from "./input-messages.ts";
export {
  type AckMessage,
  CLOSE_CODES,
  type CursorMessage,
  type EndMessage,
  type FailureMessage,
  type FrameMessage,
  type GapMessage,
  type KeyframeMessage,
  type PauseMessage,
  type PingMessage,
  type PongMessage,
  parseServerMessage,
  parseViewerMessage,
  type Quality,
  type QualityMessage,
  type ResumeMessage,
  type ScreenMessage,
  type ServerMessage,
  type ViewerMessage,
} from "./messages.ts";
export { StripePlayer } from "./player.ts";
export type {
  CodecChoice,
  PlayerEvents,
  PlayerListener,
  PlayerOptions,
  PlayerState,
  PlayerStats,
  PlayerTotals,
} from "./player-types.ts";
