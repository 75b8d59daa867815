// SPDX-License-Identifier: MPL-2.0
/**
 * What passes between a page and the core of a player, wherever that runs: in a
 * worker these are the messages, on the main thread the arguments.
 */

import type { CursorView } from "./cursor-state.ts";
import type { InputMessage } from "./input-messages.ts";
import type { Quality, ScreenMessage } from "./messages.ts";
import type { CodecChoice, PlayerState, PlayerStats, PlayerTotals } from "./player-types.ts";

/** With what a core starts. */
export interface CoreStart {
  /** A `ws:` or `wss:` address, absolute. */
  readonly url: string;
  readonly codec: CodecChoice;
  readonly reconnect: boolean;
  /** Nobody looks just now. */
  readonly paused: boolean;
  /** The page draws the pointer. */
  readonly cursor: boolean;
}

/** What a page tells a core. */
export type CoreCommand =
  | { readonly type: "keyframe" }
  | { readonly type: "codec"; readonly codec: CodecChoice }
  | { readonly type: "quality"; readonly quality: Quality }
  | { readonly type: "pause"; readonly paused: boolean }
  | { readonly type: "input"; readonly message: InputMessage }
  /** The time to connect has come: the device is online again, or somebody looks. */
  | { readonly type: "retry" }
  /** The last one. */
  | { readonly type: "close" };

/** What a core tells its page. */
export type CoreEvent =
  | { readonly type: "state"; readonly state: PlayerState }
  | { readonly type: "screen"; readonly screen: ScreenMessage }
  /** Whether the server takes input from this connection. */
  | { readonly type: "input"; readonly allowed: boolean }
  | { readonly type: "stats"; readonly stats: Omit<PlayerStats, "inWorker"> }
  | { readonly type: "totals"; readonly totals: PlayerTotals }
  | { readonly type: "cursor"; readonly cursor: CursorView }
  /** In words, since not every browser can send every error from a worker. */
  | { readonly type: "error"; readonly name: string; readonly message: string };

/** What a page tells the worker itself. */
export type WorkerCommand = {
  /** Begins a core on the worker's canvas; one that was there is closed. */
  readonly type: "start";
  readonly start: CoreStart;
  /** There at the first start: the worker keeps it. */
  readonly canvas?: OffscreenCanvas;
  /** Takes {@link CoreCommand} and gives {@link CoreEvent}. */
  readonly port: MessagePort;
};

/** What the worker itself tells its page. */
export type WorkerEvent = {
  /** It runs: the canvas may be handed over. */
  readonly type: "ready";
};
