// SPDX-License-Identifier: MPL-2.0
import type { ViewerMessage } from "./messages.ts";
import type { PlayerState } from "./player-types.ts";
import { closeReason, NO_ANSWER, refusalReason } from "./reasons.ts";
import { RetryPause } from "./retry-pause.ts";

/** What a link calls; never inside its constructor. */
export interface LinkHandler {
  /** The `ws:` or `wss:` address to connect to now. */
  address(): string;
  /** There is a connection: messages may be sent. */
  opened(): void;
  /** A message of the present connection. */
  received(data: unknown): void;
  /** The present connection has ended, and nothing more of it comes. */
  lost(): void;
  changed(state: PlayerState): void;
}

/** RFC 6455, 7.4.1: there was no close frame; also of a connection that was never made. */
const ABNORMAL_CLOSURE = 1006;
/** Ticks that an attempt to connect may take. */
const CONNECT_TICKS_MAX = 15;
/** Ticks without any message, of a server that answers pings. */
const SILENT_TICKS_MAX = 10;

/**
 * A connection that is made again when it is lost, after growing pauses.
 *
 * Silence is counted in ticks, each with a ping, not by a clock: browsers slow
 * the timers of hidden pages down to one a minute.
 */
export class Link {
  readonly #handler: LinkHandler;
  readonly #reconnect: boolean;
  readonly #pause = new RetryPause();
  #state: PlayerState = { name: "connecting" };
  #socket: WebSocket | undefined;
  /** What the present connection's end will be explained by. */
  #reason: string | undefined;
  #opened = false;
  #answersPings = false;
  #silentTicks = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Calls off the question why there is no connection. */
  #question: AbortController | undefined;

  constructor(reconnect: boolean, handler: LinkHandler) {
    this.#reconnect = reconnect;
    this.#handler = handler;
  }

  /** Connects now, by a new connection where there is one. */
  open(): void {
    this.#rest();
    this.#change({ name: "connecting" });
    this.#silentTicks = 0;
    const address = this.#handler.address();
    try {
      this.#socket = this.#listen(new WebSocket(address));
    } catch (error) {
      // Such as an insecure address on a secure page.
      this.#wait(error instanceof Error ? error.message : String(error));
    }
  }

  /** Connects now, where it waits for that. */
  retry(): void {
    if (this.#state.name === "waiting") this.open();
  }

  /** Ends the connection, which is of no use. It is made again after a pause. */
  fail(reason: string): void {
    this.#rest();
    this.#wait(reason);
  }

  /** Keeps what the server said will be the reason for the connection's end. */
  explain(reason: string): void {
    this.#reason = reason;
  }

  /** A frame has been shown: the connection is worth something. */
  shown(): void {
    if (this.#state.name === "live") return;
    this.#pause.reset();
    this.#change({ name: "live" });
  }

  /** A ping was answered: from now on, a server that does not is taken for lost. */
  answered(): void {
    this.#answersPings = true;
  }

  /** To be called about once a second, together with a ping. */
  tick(): void {
    if (this.#socket === undefined) return;
    this.#silentTicks += 1;
    const isAwaited = !this.#opened || this.#answersPings;
    const ticksMax = this.#opened ? SILENT_TICKS_MAX : CONNECT_TICKS_MAX;
    if (isAwaited && this.#silentTicks > ticksMax) this.fail(NO_ANSWER);
  }

  /** Returns false, and does nothing, while there is no connection. */
  send(message: ViewerMessage): boolean {
    if (!this.#opened) return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  /** Ends everything, without a word. */
  close(): void {
    this.#rest();
  }

  #listen(socket: WebSocket): WebSocket {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#opened = true;
      this.#silentTicks = 0;
      this.#handler.opened();
    };
    socket.onmessage = ({ data }) => {
      this.#silentTicks = 0;
      this.#handler.received(data);
    };
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
    return socket;
  }

  #end(code: number, words: string): void {
    // A server's own code came over a connection, even where that had no time to say so.
    const wasOpen = this.#opened || code !== ABNORMAL_CLOSURE;
    const reason = this.#reason ?? (wasOpen ? closeReason(code, words) : undefined);
    this.#rest();
    if (reason !== undefined) this.#wait(reason);
    else void this.#ask();
  }

  async #ask(): Promise<void> {
    const question = new AbortController();
    this.#question = question;
    const reason = await refusalReason(this.#handler.address(), question.signal);
    if (question.signal.aborted) return;
    this.#question = undefined;
    this.#wait(reason);
  }

  #wait(reason: string): void {
    if (!this.#reconnect) {
      this.#change({ name: "closed", reason });
      return;
    }
    const retryMs = this.#pause.next();
    this.#timer = setTimeout(() => this.open(), retryMs);
    this.#change({ name: "waiting", reason, retryMs });
  }

  /** Neither connected nor about to be. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#question?.abort();
    this.#question = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#reason = undefined;
    this.#opened = false;
    this.#answersPings = false;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#handler.lost();
  }

  #change(state: PlayerState): void {
    if (this.#state.name === "connecting" && state.name === "connecting") return;
    this.#state = state;
    this.#handler.changed(state);
  }
}
