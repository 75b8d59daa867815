// SPDX-License-Identifier: MPL-2.0
/** The half on the capture's machine. */
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import type { PixelfluxError } from "../errors.ts";
import type { Codec, StripeSource } from "../server/feed.ts";
import { CodecStream, type PublishedCodecStats } from "./codec-stream.ts";
import { ConnectionLink, callbackOf, type LinkListener } from "./link.ts";
import { drawId, noticeHeaders, readGateway } from "./message.ts";
import {
  checkConnection,
  checkSource,
  type PublishStripesOptions,
  type ResolvedPublishOptions,
  resolvePublishOptions,
} from "./options.ts";
import { SendWindow } from "./send-window.ts";
import { codecOfSubject, codecSubjects, requestSubjects } from "./subjects.ts";

/** How often gateways' silence, idle feeds and signs of life are looked after. */
const TICK_MS = 125;

/** Counters of a publisher, all since `publishStripes`. */
export interface PublisherStats {
  /** Whether a server is connected now. */
  readonly connected: boolean;
  /** Bytes that have been handed to the connection and may not have left it. */
  readonly bufferedBytes: number;
  /** Messages of gateways that were none, and have been passed over. */
  readonly malformed: number;
  /** By codec, in the source's order. */
  readonly codecs: readonly PublishedCodecStats[];
}

/** Publishes the stripes of one source until it is stopped; `await using` stops it. */
export interface StripePublisher extends AsyncDisposable {
  /**
   * Stops the feeds and answers no gateway any more; they wait for the next
   * publisher. The connection stays open. May be repeated.
   *
   * @returns resolves when the feeds have stopped; never rejects.
   */
  stop(): Promise<void>;
  /** Reads the counters. Does not block. */
  stats(): PublisherStats;
}

/**
 * Makes a source's stripes available to gateways, see `natsSource`. A codec's
 * feed runs while a gateway watches that codec, and some time longer.
 *
 * @param source - for a capture `captureSource(capture)` of `pixelflux-ffi/server`.
 * @param connection - the caller's, with its TLS and credentials; it may serve
 *   others too, and is left open. It should never give up:
 *   `connect({ maxReconnectAttempts: -1 })`.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`;
 *   `ERR_MESSAGING` where the connection has been closed.
 */
export function publishStripes(
  source: StripeSource,
  connection: NatsConnection,
  options: PublishStripesOptions,
): StripePublisher {
  checkSource(source, "publishStripes");
  checkConnection(connection, "publishStripes");
  const resolved = resolvePublishOptions(options);
  const link = ConnectionLink.of(connection);
  if (link.ended) throw link.ended;
  return new Publisher(source, link, resolved);
}

class Publisher implements StripePublisher, LinkListener {
  readonly #link: ConnectionLink;
  readonly #options: ResolvedPublishOptions;
  readonly #window: SendWindow;
  readonly #streams: ReadonlyMap<Codec, CodecStream>;
  readonly #subscriptions: readonly Subscription[];
  readonly #timer: ReturnType<typeof setInterval>;
  #malformed = 0;
  #stopped: Promise<void> | undefined;

  constructor(source: StripeSource, link: ConnectionLink, options: ResolvedPublishOptions) {
    this.#link = link;
    this.#options = options;
    this.#window = new SendWindow(link, options.bufferBytesMax);
    const host = { source, window: this.#window, ...options };
    this.#streams = new Map(source.codecs.map((codec) => [codec, new CodecStream(codec, host)]));
    const subjects = requestSubjects(options.subject);
    this.#subscriptions = [
      this.#subscribe(subjects.watch, (message) => this.#request(message)),
      this.#subscribe(subjects.keyframe, (message) => this.#request(message)),
      this.#subscribe(subjects.clock, (message) => this.#tellTime(message)),
    ];
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    link.add(this);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  stats(): PublisherStats {
    return {
      connected: this.#link.isUp,
      bufferedBytes: this.#window.bytes,
      malformed: this.#malformed,
      codecs: [...this.#streams.values()].map((stream) => stream.stats()),
    };
  }

  ended(error: PixelfluxError): void {
    this.#window.clear();
    if (this.#stopped !== undefined) return;
    void this.stop();
    this.#options.onError(error);
  }

  #subscribe(subject: string, take: (message: Msg) => void): Subscription {
    const callback = callbackOf(subject, take, (error) => this.#options.onError(error));
    return this.#link.connection.subscribe(subject, { callback });
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const stream of this.#streams.values()) stream.tick(nowMs);
    this.#window.mark();
  }

  #request(message: Msg): void {
    const codec = codecOfSubject(this.#options.subject, message.subject);
    const request = readGateway(message);
    const isKeyframe = message.subject.endsWith(".keyframe");
    if (codec === undefined || request === undefined) this.#malformed += 1;
    else if ((request.word === "keyframe") !== isKeyframe) this.#malformed += 1;
    else this.#serve(codec, request.word, request.id);
  }

  #serve(codec: Codec, word: "watch" | "leave" | "keyframe", id: string): void {
    const stream = this.#streams.get(codec);
    if (stream === undefined) {
      if (word === "watch") this.#refuse(codec);
    } else if (word === "watch") {
      if (!stream.watch(id)) this.#malformed += 1;
    } else if (word === "leave") {
      stream.leave(id);
    } else {
      stream.requestKeyframe();
    }
  }

  /** There is nothing to watch of a codec that the source does not have. */
  #refuse(codec: Codec): void {
    const words = `The publisher has no ${codec}, but ${[...this.#streams.keys()].join(" and ")}.`;
    const headers = noticeHeaders({ epoch: drawId(), sequence: 1 }, { kind: "failure", words });
    this.#window.send(codecSubjects(this.#options.subject, codec).frame, headers, words);
  }

  /** All feeds of a source have one clock; the first that is open tells it. */
  #tellTime(message: Msg): void {
    const times = [...this.#streams.values()].map((stream) => stream.nowUs());
    const nowUs = times.find((time) => time !== undefined);
    if (message.reply && nowUs !== undefined) {
      this.#link.tell(message.reply, String(Math.round(nowUs)));
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await Promise.all([...this.#streams.values()].map((stream) => stream.close()));
    const left = () => {
      this.#window.clear();
      this.#link.remove(this);
    };
    this.#link.connection.flush().then(left, left);
  }
}
