// SPDX-License-Identifier: MPL-2.0
/** What a player tells, and what it can be told to do. */
import type { ScreenMessage } from "./messages.ts";

/** Which codec a player asks its server for. */
export type CodecChoice = "auto" | "h264" | "jpeg";

/** What a player is about. */
export type PlayerState =
  | { readonly name: "connecting" }
  /** Connected, and a first frame of this connection has been shown. */
  | { readonly name: "live" }
  /** The connection was lost or refused. The last picture stays. */
  | {
      readonly name: "waiting";
      /** In plain words, for the one who watches. */
      readonly reason: string;
      /** How long it waits before it tries again, in ms from now. */
      readonly retryMs: number;
    }
  /** By `close()`, or for good where `reconnect` is false. The last state. */
  | {
      readonly name: "closed";
      /** In plain words, for the one who watches. */
      readonly reason: string;
    };

/** What the viewer saw in the last second. */
export interface PlayerStats {
  /** Frames shown. */
  readonly fps: number;
  /** Stripes received, and their bytes with headers. */
  readonly stripes: number;
  readonly bytes: number;
  /**
   * Median time from the grab of a frame's pixels to their being on the
   * canvas, in ms; `undefined` while no frame was shown or no ping answered.
   * What the screen's own refresh adds is not known to a page.
   */
  readonly latencyMs: number | undefined;
  /** Shortest recent round trip of a ping, in ms. */
  readonly roundTripMs: number | undefined;
  /**
   * What decodes: `"image"` for JPEG. For H.264, `"hardware"` where the browser
   * has such a decoder for the stream and it has not failed. `undefined` before
   * the first picture.
   */
  readonly decoder: "hardware" | "software" | "image" | undefined;
  /** Whether decoding and drawing happen in a worker. */
  readonly inWorker: boolean;
}

/** Counters of a player since its start. */
export interface PlayerTotals {
  /** Frames shown. */
  readonly frames: number;
  /** Stripes received, and their bytes with headers. */
  readonly stripes: number;
  readonly bytes: number;
  /** Stripes that could not be decoded. */
  readonly decodeErrors: number;
  /** Connections after the first one. */
  readonly reconnects: number;
}

/** Events of a player and what their listeners get. Never emitted inside the constructor. */
export interface PlayerEvents {
  /** The state has changed. */
  state: [state: PlayerState];
  /** The server has told of the screen: its size, its codec, what may be chosen. */
  screen: [screen: ScreenMessage];
  /** Whether the server takes pointing and typing from this connection has changed; false at first. */
  input: [allowed: boolean];
  /** Once a second. */
  stats: [stats: PlayerStats];
  /** A stripe could not be decoded, or was none; the player mends itself. */
  error: [error: Error];
}

/** A listener of one event. */
export type PlayerListener<E extends keyof PlayerEvents> = (...args: PlayerEvents[E]) => void;

/** How a player works. */
export interface PlayerOptions {
  /**
   * Default `"auto"`: the server's first that this browser can decode. Where
   * H.264 keeps failing, JPEG is asked for, if the server has it. With `"h264"`
   * it never is.
   */
  readonly codec?: CodecChoice;
  /**
   * Whether a connection that is lost is made again, after pauses that grow
   * from half a second to ten. Default true.
   */
  readonly reconnect?: boolean;
  /**
   * Whether to decode and draw in a worker, where the browser has an
   * `OffscreenCanvas` and the page's content security policy allows a worker
   * from a `blob:`. Default true.
   */
  readonly worker?: boolean;
  /**
   * Whether what is pointed and typed on the canvas goes to the server, where that
   * takes it. The keyboard does while the canvas has been clicked on and nothing else
   * has: every key is its own then, but Shift+Escape, which leaves it. Default false.
   */
  readonly input?: boolean;
  /**
   * Whether to draw the pointer, where the server has it apart from the picture: by an
   * element of the player's own right behind the canvas, above it, as soon as it moves
   * and without a frame. Default true.
   */
  readonly cursor?: boolean;
  /** Whether nothing is sent while the page is hidden. Default true. */
  readonly pauseWhenHidden?: boolean;
}
