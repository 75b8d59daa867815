// SPDX-License-Identifier: MPL-2.0
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { type NatsSource, natsSource, type ReceivedCodecStats } from "../../src/nats/index.ts";
import type { Codec, FeedScreen, FeedStripe, StripeFeed } from "../../src/server/feed.ts";
import { requireTool } from "../support/process.ts";
import { Received } from "./received.ts";

/** What a gateway in a process of its own tells: one of these at a time. */
export interface ChildReport {
  readonly screen?: FeedScreen;
  readonly stripe?: Omit<FeedStripe, "release">;
  readonly endFrame?: number;
  readonly gap?: true;
  readonly failure?: string;
  /** Of its connection. */
  readonly status?: string;
}

/** A gateway in this process: a feed that runs, and what it has handed out. */
export class Gateway {
  readonly source: NatsSource;
  readonly feed: StripeFeed;
  readonly received = new Received();

  private constructor(connection: NatsConnection, subject: string, codec: Codec) {
    this.source = natsSource(connection, { subject });
    this.feed = this.source.open(codec);
  }

  static async start(
    connection: NatsConnection,
    subject: string,
    codec: Codec = "h264",
  ): Promise<Gateway> {
    const gateway = new Gateway(connection, subject, codec);
    await gateway.feed.start(gateway.received);
    return gateway;
  }

  get stats(): ReceivedCodecStats {
    return this.source.stats()[0] as ReceivedCodecStats;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.feed.stop();
  }
}

/** A gateway in a process of its own, which can be killed and stopped, and ends with this one. */
export class GatewayProcess implements AsyncDisposable {
  readonly received = new Received();
  readonly statuses: string[] = [];
  readonly #process: Bun.Subprocess;

  constructor(subject: string, codec: Codec, servers: readonly string[]) {
    const path = join(import.meta.dir, "gateway-child.ts");
    const guard = [requireTool("setpriv", "util-linux"), "--pdeathsig", "KILL"];
    const command = [...guard, process.execPath, path, subject, codec, ...servers];
    this.#process = Bun.spawn(command, {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (report: ChildReport) => this.#take(report),
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #take(report: ChildReport): void {
    const { received } = this;
    if (report.screen) received.screen(report.screen);
    if (report.stripe) received.stripe({ ...report.stripe, release: () => undefined });
    if (report.endFrame !== undefined) received.endFrame(report.endFrame);
    if (report.gap) received.gap();
    if (report.failure) received.fail(report.failure);
    if (report.status) this.statuses.push(report.status);
  }
}

/** A subject of the test's own. */
export function drawSubject(): string {
  return `test.${crypto.randomUUID()}`;
}
