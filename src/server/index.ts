// SPDX-License-Identifier: MPL-2.0
/** `pixelflux-ffi/server`: one capture, any number of viewers, in a `Bun.serve`. */
export { type AdmissionOptions, type Refusal, refusalOf } from "./admission.ts";
export { captureSource } from "./capture-source.ts";
export type { ChannelStats } from "./channel.ts";
export {
  type Fanout,
  type FanoutStats,
  fanout,
  type UpgradingServer,
} from "./fanout.ts";
export type {
  Codec,
  FeedCursor,
  FeedCursorImage,
  FeedScreen,
  FeedSink,
  FeedStripe,
  PaceStep,
  StripeFeed,
  StripeSource,
} from "./feed.ts";
export type { FanoutOptions } from "./options.ts";
export type { ViewerStats } from "./viewer.ts";
export type { FanoutSocket } from "./websocket.ts";
