// SPDX-License-Identifier: MPL-2.0
/** The half on a gateway: a publisher's stripes as a source of a fan-out. */
import type { NatsConnection, Subscription } from "@nats-io/transport-node";
import { PixelfluxError } from "../errors.ts";
import type { Codec, FeedSink, StripeFeed, StripeSource } from "../server/feed.ts";
import { ConnectionLink, callbackOf, type LinkListener } from "./link.ts";
import { RequestMerger } from "./merger.ts";
import { drawId } from "./message.ts";
import { checkConnection, type NatsSourceOptions, resolveSourceOptions } from "./options.ts";
import { Receiver, type ReceiverCounts } from "./receiver.ts";
import { RemoteClock } from "./remote-clock.ts";
import { type CodecSubjects, codecSubjects, requestSubjects } from "./subjects.ts";

/** How often the publisher is told that somebody watches. */
const HEARTBEAT_MS = 1000;
/** Keyframes are asked for this often at most: all gateways get them. */
const KEYFRAME_INTERVAL_MS = 500;

/** Counters of one codec of a source, over all starts of its feed. */
export interface ReceivedCodecStats extends Readonly<ReceiverCounts> {
  /** Which one. */
  readonly codec: Codec;
  /** Whether it is watched now, and whether all of the picture has come since the last gap. */
  readonly running: boolean;
  readonly complete: boolean;
  /** Keyframes that the publisher was asked for. */
  readonly keyframeRequests: number;
}

/** A source whose stripes come from a publisher elsewhere. */
export interface NatsSource extends StripeSource {
  /** By codec, those that have been opened; see {@link ReceivedCodecStats}. */
  stats(): readonly ReceivedCodecStats[];
}

/**
 * Makes what a publisher sends, see `publishStripes`, a source for `fanout`. Its
 * feeds ask for what they watch, notice what is lost on the way, and are complete
 * again by keyframes. A feed that runs waits for a publisher where there is none.
 *
 * @param connection - the caller's; see `publishStripes`. When it ends for good
 *   the feeds fail with `ERR_MESSAGING`.
 * @throws {PixelfluxError} `ERR_INVALID_SETTING` or `ERR_UNKNOWN_SETTING`.
 */
export function natsSource(connection: NatsConnection, options: NatsSourceOptions): NatsSource {
  checkConnection(connection, "natsSource");
  const { subject, codecs } = resolveSourceOptions(options);
  const link = ConnectionLink.of(connection);
  const feeds: NatsFeed[] = [];
  return {
    codecs,
    open: (codec) => {
      const feed = new NatsFeed(link, subject, codec);
      feeds.push(feed);
      return feed;
    },
    stats: () => feeds.map((feed) => feed.stats()),
  };
}

/** What one start of a feed holds until it ends. */
interface Watch {
  readonly sink: FeedSink;
  readonly receiver: Receiver;
  readonly subscriptions: readonly Subscription[];
  readonly timer: ReturnType<typeof setInterval>;
}

class NatsFeed implements StripeFeed, LinkListener {
  readonly #link: ConnectionLink;
  readonly #codec: Codec;
  readonly #subjects: CodecSubjects;
  readonly #clock: RemoteClock;
  /** Of this feed as a gateway; feeds of one process count one by one. */
  readonly #id = drawId();
  readonly #keyframes = new RequestMerger(KEYFRAME_INTERVAL_MS, () => this.#askKeyframe());
  readonly #counts: ReceiverCounts = {
    ...{ messages: 0, bytes: 0, stripes: 0, gaps: 0, late: 0, malformed: 0, heldBack: 0 },
  };
  #keyframeRequests = 0;
  #askedMs = 0;
  /** Messages that had come when keyframes were asked for last. */
  #askedCount = -1;
  #watch: Watch | undefined;

  constructor(link: ConnectionLink, subject: string, codec: Codec) {
    this.#link = link;
    this.#codec = codec;
    this.#subjects = codecSubjects(subject, codec);
    this.#clock = new RemoteClock(link.connection, requestSubjects(subject).clock);
  }

  nowUs(): number {
    return this.#clock.nowUs();
  }

  async start(sink: FeedSink): Promise<void> {
    if (this.#watch !== undefined) {
      const text = "start: this feed runs already. Stop it first.";
      throw new PixelfluxError("ERR_ALREADY_RUNNING", "start", text);
    }
    if (this.#link.ended) throw this.#link.ended;
    this.#watch = this.#begin(sink);
    this.#link.add(this);
    this.#introduce();
  }

  async stop(): Promise<void> {
    if (this.#watch !== undefined) this.#link.tell(this.#subjects.watch, `leave ${this.#id}`);
    this.#end();
  }

  /** A request covers those that follow before anything has come: their reason is the same. */
  requestKeyframe(): void {
    if (this.#watch === undefined || this.#askedCount === this.#counts.messages) return;
    this.#keyframes.request();
  }

  stats(): ReceivedCodecStats {
    return {
      codec: this.#codec,
      running: this.#watch !== undefined,
      complete: this.#watch?.receiver.isComplete ?? false,
      keyframeRequests: this.#keyframeRequests,
      ...this.#counts,
    };
  }

  restored(): void {
    this.#introduce();
  }

  ended(error: PixelfluxError): void {
    this.#fail(error);
  }

  #begin(sink: FeedSink): Watch {
    const receiver = new Receiver({
      codec: this.#codec,
      sink,
      counts: this.#counts,
      onGap: () => this.requestKeyframe(),
      onEpoch: () => this.#renewClock(),
      onTime: (timestampUs) => this.#clock.saw(timestampUs),
      onFailure: (error) => this.#fail(error),
    });
    const subscribe = (subject: string, take: Receiver["row"]) => {
      const callback = callbackOf(subject, take, (error) => this.#fail(error));
      return this.#link.connection.subscribe(subject, { callback });
    };
    const subscriptions = [
      subscribe(this.#subjects.rows, (message) => receiver.row(message)),
      subscribe(this.#subjects.frame, (message) => receiver.notice(message)),
    ];
    const timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
    return { sink, receiver, subscriptions, timer };
  }

  /** To a publisher that may not know this gateway, or has been out of its reach. */
  #introduce(): void {
    this.#keyframes.reset();
    this.#keyframes.request();
    this.#beat();
  }

  #beat(): void {
    if (!this.#link.tell(this.#subjects.watch, `watch ${this.#id}`)) return;
    void this.#clock.ask();
    const isDue = performance.now() - this.#askedMs >= HEARTBEAT_MS;
    if (this.#watch && !this.#watch.receiver.isComplete && isDue) this.#keyframes.request();
  }

  #askKeyframe(): void {
    this.#askedMs = performance.now();
    this.#askedCount = this.#counts.messages;
    if (!this.#link.tell(this.#subjects.keyframe, `keyframe ${this.#id}`)) return;
    this.#keyframeRequests += 1;
  }

  #renewClock(): void {
    this.#clock.reset();
    void this.#clock.ask();
  }

  #fail(error: PixelfluxError): void {
    const sink = this.#watch?.sink;
    this.#end();
    sink?.fail(error);
  }

  #end(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    this.#watch = undefined;
    watch.receiver.end();
    clearInterval(watch.timer);
    for (const subscription of watch.subscriptions) subscription.unsubscribe();
    this.#keyframes.reset();
    this.#link.remove(this);
  }
}
