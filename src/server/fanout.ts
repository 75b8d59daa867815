// SPDX-License-Identifier: MPL-2.0
/** One source, any number of viewers: what a `Bun.serve` needs for it. */
import type { ServerWebSocket, WebSocketHandler } from "bun";
import { type InputMessage, isInputMessage } from "../client/input-messages.ts";
import {
  CLOSE_CODES,
  parseViewerMessage,
  type Quality,
  type ViewerMessage,
} from "../client/messages.ts";
import { ScreenCapture } from "../index.ts";
import type { Input } from "../input/index.ts";
import { type Refusal, refusalOf } from "./admission.ts";
import { captureSource } from "./capture-source.ts";
import { Channel, type ChannelStats } from "./channel.ts";
import { MessageAllowance } from "./control.ts";
import type { Codec, StripeSource } from "./feed.ts";
import { prometheusText } from "./metrics.ts";
import { type FanoutOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { Viewer, type ViewerStats } from "./viewer.ts";
import { ViewerInput } from "./viewer-input.ts";
import {
  FANOUT_WEBSOCKET,
  type FanoutConnection,
  FanoutSocket,
  websocketBeside,
} from "./websocket.ts";

const TICK_MS = 1000;

/** The part of a `Bun.Server` that {@link Fanout.upgrade} uses. */
export interface UpgradingServer {
  /** As of `Bun.Server`. */
  upgrade(request: Request, options: { data: FanoutSocket }): boolean;
  /** As of `Bun.Server`. */
  requestIP(request: Request): {
    /** Of the other end. */
    readonly address: string;
  } | null;
}

/** What a fan-out has done and does; see {@link Fanout.stats}. */
export interface FanoutStats {
  /** Those that are connected now. */
  readonly viewers: readonly ViewerStats[];
  /** The streams that viewers have asked for so far, by codec. */
  readonly channels: readonly ChannelStats[];
  /** Requests turned away so far, by reason. */
  readonly refused: Readonly<Record<Refusal["reason"], number>>;
  /** Viewers closed by us so far, by reason. */
  readonly closed: Readonly<Record<"misbehaved" | "tooSlow" | "failed", number>>;
}

/**
 * Makes a fan-out: `websocket` and `upgrade` of a `Bun.serve`.
 *
 * The source is captured while somebody watches, encoded once, and sent to each
 * viewer as it can take it: a slow one costs a bounded amount of memory, sees
 * fewer but current frames, and delays nobody.
 *
 * @param source - a capture that does not run and is the fan-out's from here on,
 *   or what else has stripes (`natsSource` of `pixelflux-ffi/nats`).
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING` with
 *   `field`; `ERR_ALREADY_RUNNING` for a capture that runs.
 */
export function fanout(source: ScreenCapture | StripeSource, options: FanoutOptions = {}): Fanout {
  return new Fanout(source instanceof ScreenCapture ? captureSource(source) : source, options);
}

/** One source and its viewers. Used on one thread. `await using` stops it at the end of the block. */
export class Fanout implements AsyncDisposable {
  /** To be given to `Bun.serve`; one for several fan-outs of a server, whichever it is of. */
  readonly websocket: WebSocketHandler<FanoutSocket> = FANOUT_WEBSOCKET;

  readonly #source: StripeSource;
  readonly #options: ResolvedOptions;
  readonly #channels = new Map<Codec, Channel>();
  readonly #viewers = new Map<Viewer, Channel>();
  readonly #refused = { codec: 0, token: 0, origin: 0, upgrade: 0, full: 0 };
  readonly #closed = { misbehaved: 0, tooSlow: 0, failed: 0 };
  #nextId = 1;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #ending = false;

  /** @internal See {@link fanout}. */
  constructor(source: StripeSource, options: FanoutOptions) {
    this.#source = source;
    this.#options = resolveOptions(options, source.codecs);
  }

  /**
   * {@link websocket} for a server that has WebSockets of its own, too: Bun knows
   * one handler for all of them.
   *
   * @param own - gets those that are not the fan-out's. Its limits count only
   *   where they are wider; no fan-out's viewer may use them.
   */
  websocketWith<Data>(own: WebSocketHandler<Data>): WebSocketHandler<Data | FanoutSocket> {
    return websocketBeside(own);
  }

  /** Viewers that are connected now. */
  get viewerCount(): number {
    return this.#viewers.size;
  }

  /**
   * Takes a request for a WebSocket in, or says why not: 400 for an unknown
   * `?codec=`, 401 for the token, 403 for the origin, 426 for what is no
   * WebSocket, 503 where there are enough viewers. Never throws.
   *
   * @returns `undefined` where the connection is the fan-out's from here on, as
   *   `Bun.serve` wants it.
   */
  upgrade(request: Request, server: UpgradingServer): Response | undefined {
    const wanted = new URL(request.url).searchParams.get("codec") ?? this.#options.codecs[0];
    const codec = this.#options.codecs.find((known) => known === wanted);
    const refusal = refusalOf(request, this.#options) ?? this.#refusalOf(codec);
    if (refusal !== undefined || codec === undefined) return this.#refuse(refusal ?? NO_UPGRADE);
    const address = server.requestIP(request)?.address;
    const input = this.#inputFor(request);
    const data = new FanoutSocket((socket) => this.#join(socket, codec, address, input));
    return server.upgrade(request, { data }) ? undefined : this.#refuse(NO_UPGRADE);
  }

  /**
   * For other routes of the same server: the answer to a request whose origin or
   * token is wrong, as {@link upgrade} would give it, else `undefined`.
   */
  refusal(request: Request): Response | undefined {
    const refusal = refusalOf(request, this.#options);
    return refusal && this.#refuse(refusal);
  }

  /** Keeps the source running as a viewer would, until the function that it returns is called. */
  watch(): () => void {
    const channel = this.#channel(this.#options.codecs[0]);
    channel.watch();
    let watching = true;
    return () => {
      if (watching) channel.unwatch();
      watching = false;
    };
  }

  /** Reads counters and what is known of every viewer. */
  stats(): FanoutStats {
    return {
      viewers: [...this.#viewers.keys()].map((viewer) => viewer.stats()),
      channels: [...this.#channels.values()].map((channel) => channel.stats()),
      refused: { ...this.#refused },
      closed: { ...this.#closed },
    };
  }

  /** {@link stats} in the text format of Prometheus, version 0.0.4. */
  prometheus(): string {
    return prometheusText(this.stats());
  }

  /**
   * Closes every viewer and stops the source; resolves when both are done. May
   * be repeated. The fan-out takes nobody in afterwards.
   */
  async stop(): Promise<void> {
    this.#ending = true;
    for (const viewer of this.#viewers.keys()) viewer.close(1001, "the server ends");
    await Promise.all([...this.#channels.values()].map((channel) => channel.end()));
  }

  /** {@link stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #refusalOf(codec: Codec | undefined): Refusal | undefined {
    if (this.#ending || this.#viewers.size >= this.#options.viewersMax) {
      return { status: 503, reason: "full", text: "There are as many viewers as there may be." };
    }
    if (codec !== undefined) return undefined;
    const text = `codec has to be one of: ${this.#options.codecs.join(", ")}`;
    return { status: 400, reason: "codec", text };
  }

  #refuse({ status, reason, text }: Refusal): Response {
    this.#refused[reason] += 1;
    const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
    return new Response(text, { status, headers });
  }

  #channel(codec: Codec): Channel {
    let channel = this.#channels.get(codec);
    if (channel === undefined) {
      channel = new Channel(codec, this.#source.open(codec), this.#options);
      this.#channels.set(codec, channel);
    }
    return channel;
  }

  #join(
    socket: ServerWebSocket<unknown>,
    codec: Codec,
    address: string | undefined,
    input: Input | undefined,
  ): FanoutConnection {
    const channel = this.#channel(codec);
    const viewer = new Viewer(this.#nextId++, socket, channel, address);
    const allowance = new MessageAllowance(performance.now());
    this.#viewers.set(viewer, channel);
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
    channel.join(viewer);
    const pointing = input && new ViewerInput(input, this.#options.onError);
    if (pointing) viewer.tell(JSON.stringify({ type: "input" }));
    return {
      hear: (text) => {
        const message = parseViewerMessage(text);
        if (pointing && message && isInputMessage(message)) {
          this.#point(viewer, pointing, message);
        } else if (allowance.spend(performance.now(), message !== undefined)) {
          if (message) this.#hear(viewer, channel, message);
        } else {
          viewer.close(CLOSE_CODES.misbehaved, "too many messages");
        }
      },
      drained: () => viewer.drained(),
      closed: () => {
        pointing?.release();
        this.#leave(viewer, channel);
      },
    };
  }

  /** The function of the options is somebody else's: what it throws is told, and means no. */
  #inputFor(request: Request): Input | undefined {
    try {
      return this.#options.input(request);
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  #point(viewer: Viewer, pointing: ViewerInput, message: InputMessage): void {
    if (pointing.take(message)) return;
    viewer.close(CLOSE_CODES.misbehaved, "too much input");
  }

  #leave(viewer: Viewer, channel: Channel): void {
    viewer.gone();
    const reason = CLOSE_REASONS.find((name) => CLOSE_CODES[name] === viewer.closeCode);
    if (reason) this.#closed[reason] += 1;
    this.#viewers.delete(viewer);
    channel.leave(viewer);
    if (this.#viewers.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #hear(viewer: Viewer, channel: Channel, message: ViewerMessage): void {
    switch (message.type) {
      case "ping": {
        const pong = { type: "pong", sent: message.sent, timestamp: channel.nowUs() };
        viewer.tell(JSON.stringify(pong));
        return;
      }
      case "keyframe":
        viewer.restart();
        return;
      case "ack":
        viewer.acknowledge(message.frameId);
        return;
      case "cursor":
        viewer.wantCursor();
        return;
      case "pause":
        channel.pause(viewer);
        return;
      case "resume":
        channel.resume(viewer);
        return;
      case "quality":
        if (this.#options.viewerQuality) this.#setQuality(message.quality);
        return;
    }
  }

  #setQuality(quality: Quality): void {
    for (const channel of this.#channels.values()) channel.setQuality(quality);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const channel of this.#channels.values()) channel.tick(nowMs);
  }
}

const CLOSE_REASONS = ["misbehaved", "tooSlow", "failed"] as const;

const NO_UPGRADE: Refusal = { status: 426, reason: "upgrade", text: "This is a WebSocket." };
