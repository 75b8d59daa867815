// SPDX-License-Identifier: MPL-2.0
import { CanvasInput } from "./canvas-input.ts";
import { CoreHost } from "./core-host.ts";
import type { CoreCommand, CoreEvent } from "./core-messages.ts";
import { CursorOverlay } from "./cursor-overlay.ts";
import { PlayerEmitter } from "./emitter.ts";
import type { Quality, ScreenMessage } from "./messages.ts";
import { isPageHidden, PageWatch } from "./page-watch.ts";
import type {
  CodecChoice,
  PlayerEvents,
  PlayerListener,
  PlayerOptions,
  PlayerState,
  PlayerTotals,
} from "./player-types.ts";

const NOTHING: PlayerTotals = { frames: 0, stripes: 0, bytes: 0, decodeErrors: 0, reconnects: 0 };

/**
 * Shows a stream of stripes on a canvas.
 *
 * Takes the protocol of `ServerMessage`: one stripe a binary message, in the
 * header format `"pixelflux"` or `"extended"`. Whole frames appear at once: all
 * stripes of one are drawn in one task, between two paintings of the page. The
 * canvas gets the screen's true size in px; how large it is shown is up to the
 * page's style. A pointer that comes beside the picture is drawn above it, by an
 * element that the player puts behind the canvas. A connection that is lost is made again, and the last picture
 * stays meanwhile.
 */
export class StripePlayer {
  readonly #emitter = new PlayerEmitter();
  readonly #watch: PageWatch;
  readonly #host: CoreHost;
  readonly #pausesWhenHidden: boolean;
  readonly #input: CanvasInput | undefined;
  readonly #cursor: CursorOverlay;
  #state: PlayerState = { name: "connecting" };
  #screen: ScreenMessage | undefined;
  #totals = NOTHING;
  #isPaused = false;

  /**
   * Connects at once.
   *
   * @param canvas - The player's alone until `close()`.
   * @param url - A `ws:`, `wss:`, `http:` or `https:` address, or one that is relative to the page's.
   * @throws {TypeError} where that is no address.
   * @throws {Error} where another player has the canvas.
   */
  constructor(canvas: HTMLCanvasElement, url: string | URL, options: PlayerOptions = {}) {
    const address = new URL(url, document.baseURI);
    address.protocol = address.protocol.replace(/^http/, "ws");
    this.#pausesWhenHidden = options.pauseWhenHidden ?? true;
    const start = {
      url: address.href,
      codec: options.codec ?? "auto",
      reconnect: options.reconnect ?? true,
      paused: this.#wantsPause,
      cursor: options.cursor ?? true,
    };
    this.#cursor = new CursorOverlay(canvas);
    this.#host = new CoreHost(canvas, start, options.worker ?? true, (event) => this.#take(event));
    this.#input = options.input
      ? new CanvasInput(canvas, (message) => this.#send({ type: "input", message }))
      : undefined;
    this.#watch = new PageWatch(
      () => this.#look(),
      () => this.#send({ type: "retry" }),
    );
  }

  /** What the player is about now. */
  get state(): PlayerState {
    return this.#state;
  }

  /** What the server has told of the screen last; `undefined` before it has. */
  get screen(): ScreenMessage | undefined {
    return this.#screen;
  }

  /** Counters since the start; a copy, at most some 50 ms old. */
  get totals(): PlayerTotals {
    return { ...this.#totals };
  }

  /** Adds a listener. */
  on<E extends keyof PlayerEvents>(event: E, listener: PlayerListener<E>): this {
    this.#emitter.add(event, listener);
    return this;
  }

  /** Takes away a listener that was added; nothing happens where it was not. */
  off<E extends keyof PlayerEvents>(event: E, listener: PlayerListener<E>): this {
    this.#emitter.remove(event, listener);
    return this;
  }

  /** Asks the server for every stripe, complete; at most once a second, later where need be. */
  requestKeyframe(): void {
    this.#send({ type: "keyframe" });
  }

  /** Chooses a codec as the option does; connects anew where that is another one. */
  setCodec(codec: CodecChoice): void {
    this.#send({ type: "codec", codec });
  }

  /**
   * Asks for another quality, for everybody who watches. The server answers with
   * a `screen` message, where viewers may choose.
   */
  setQuality(quality: Quality): void {
    this.#send({ type: "quality", quality });
  }

  /** Has the server send nothing until `resume()`; the connection stays. */
  pause(): void {
    this.#isPaused = true;
    this.#tellPause();
  }

  /** Undoes `pause()`. While the page is hidden, that alone keeps the stream paused. */
  resume(): void {
    this.#isPaused = false;
    this.#tellPause();
  }

  /**
   * Closes the connection and frees everything. The canvas keeps its picture,
   * and may be given to another player; a worker stays with it, idle and without
   * anything else, until the canvas is collected. May be repeated.
   */
  close(): void {
    this.#end("closed");
  }

  get #wantsPause(): boolean {
    return this.#isPaused || (this.#pausesWhenHidden && isPageHidden());
  }

  #look(): void {
    this.#tellPause();
    if (!isPageHidden()) this.#send({ type: "retry" });
  }

  #tellPause(): void {
    this.#send({ type: "pause", paused: this.#wantsPause });
  }

  #send(command: CoreCommand): void {
    if (this.#state.name !== "closed") this.#host.send(command);
  }

  #take(event: CoreEvent): void {
    if (this.#state.name === "closed") return;
    switch (event.type) {
      case "state":
        this.#change(event.state);
        return;
      case "input":
        this.#input?.allow(event.allowed);
        this.#emitter.emit("input", event.allowed);
        return;
      case "screen":
        this.#screen = event.screen;
        this.#input?.resize(event.screen);
        this.#cursor.screen = event.screen;
        this.#emitter.emit("screen", event.screen);
        return;
      case "stats":
        this.#emitter.emit("stats", { ...event.stats, inWorker: this.#host.inWorker });
        return;
      case "totals":
        this.#totals = event.totals;
        return;
      case "cursor":
        this.#cursor.show(event.cursor);
        return;
      case "error":
        this.#emitter.emit("error", Object.assign(new Error(event.message), { name: event.name }));
        return;
    }
  }

  #change(state: PlayerState): void {
    if (state.name === "closed") {
      this.#end(state.reason);
      return;
    }
    this.#state = state;
    this.#emitter.emit("state", state);
  }

  #end(reason: string): void {
    if (this.#state.name === "closed") return;
    this.#input?.close();
    this.#host.close();
    this.#watch.close();
    this.#cursor.close();
    this.#state = { name: "closed", reason };
    this.#emitter.emit("state", this.#state);
    this.#emitter.clear();
  }
}
