// SPDX-License-Identifier: MPL-2.0
import { type CodecChoice, type PlayerListener, StripePlayer } from "../client/index.ts";

declare global {
  interface Window {
    /** For tests and for the curious: the player that is running now. */
    player?: StripePlayer;
  }
}

/** What a connection calls; only for the player that runs now. */
export interface ConnectionEvents {
  readonly state: PlayerListener<"state">;
  readonly screen: PlayerListener<"screen">;
  readonly stats: PlayerListener<"stats">;
}

/**
 * The address of the stream that belongs to a page: `stream` beside it, secure
 * where the page is, with the page's token.
 *
 * @param page - The page's own address.
 */
export function streamUrl(page: string): URL {
  const { protocol, searchParams } = new URL(page);
  const url = new URL("stream", page);
  url.protocol = protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  const token = searchParams.get("token");
  if (token !== null) url.searchParams.set("token", token);
  return url;
}

/** Whether a page, by its address, is to point and type where the server lets it: `?input=1`. */
export function wantsInput(page: string): boolean {
  return new URL(page).searchParams.get("input") === "1";
}

/** The player that runs now, and its successors on the same canvas. */
export class Connection {
  readonly #canvas: HTMLCanvasElement;
  readonly #events: ConnectionEvents;
  #codec: CodecChoice = "auto";
  #player: StripePlayer;

  /** Connects at once. */
  constructor(canvas: HTMLCanvasElement, events: ConnectionEvents) {
    this.#canvas = canvas;
    this.#events = events;
    this.#player = this.#play();
  }

  /** The player that runs now. */
  get player(): StripePlayer {
    return this.#player;
  }

  /** Chooses the codec, for successors too. */
  setCodec(codec: CodecChoice): void {
    this.#codec = codec;
    this.#player.setCodec(codec);
  }

  /** Closes the player that runs, and connects anew at once. The last picture stays meanwhile. */
  restart(): void {
    const { state, screen, stats } = this.#events;
    // Its end is not the connection's.
    this.#player.off("state", state).off("screen", screen).off("stats", stats).close();
    this.#player = this.#play();
  }

  #play(): StripePlayer {
    const { state, screen, stats } = this.#events;
    const options = { codec: this.#codec, input: wantsInput(location.href) };
    const player = new StripePlayer(this.#canvas, streamUrl(location.href), options);
    window.player = player.on("state", state).on("screen", screen).on("stats", stats);
    state(player.state);
    return player;
  }
}
