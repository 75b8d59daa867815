// SPDX-License-Identifier: MPL-2.0
// A machine that serves viewers. Alone: NATS_SERVERS=nats-1,nats-2 bun gateway.ts
import type { NatsConnection } from "@nats-io/transport-node";
import { type NatsSource, natsSource, type ReceivedCodecStats } from "pixelflux-ffi/nats";
import { type Fanout, fanout } from "pixelflux-ffi/server";
import page from "pixelflux-ffi/viewer";
import { accessOfEnvironment, connectNats, type NatsAccess, SUBJECT } from "./connection.ts";

/** Only viewers who know it are let in, where there is one. */
const { PIXELFLUX_TOKEN: token } = process.env;

/** A page at `/` and its stripes at `/stream`, to this machine only. */
export class Gateway implements AsyncDisposable {
  /** Who watches here, and what they get. */
  readonly screen: Fanout;
  readonly #connection: NatsConnection;
  readonly #source: NatsSource;
  readonly #server: Bun.Server<unknown>;

  private constructor(connection: NatsConnection, port: number) {
    this.#connection = connection;
    this.#source = natsSource(connection, { subject: SUBJECT });
    this.screen = fanout(this.#source, { token });
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      development: false,
      routes: {
        "/": page,
        "/stream": (request, server) => this.screen.upgrade(request, server),
      },
      fetch: () => new Response("Not found", { status: 404 }),
      websocket: this.screen.websocket,
    });
  }

  /** @param port - 0 takes a free one. */
  static async start(access: NatsAccess, port: number): Promise<Gateway> {
    const connection = await connectNats(access, "gateway");
    try {
      return new Gateway(connection, port);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** The page's address. */
  get url(): URL {
    return new URL(token === undefined ? "" : `?token=${token}`, this.#server.url);
  }

  /** The server that it is connected to now. */
  get server(): string {
    return this.#connection.info?.server_name ?? "none";
  }

  /** What has come from the publisher; `undefined` before anybody has watched. */
  get stats(): ReceivedCodecStats | undefined {
    return this.#source.stats()[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.screen.stop();
    await this.#server.stop(true);
    await this.#connection.close();
  }
}

if (import.meta.main) {
  const { PORT = "9001" } = process.env;
  const gateway = await Gateway.start(accessOfEnvironment(), Number(PORT));
  console.log(`Watch at ${gateway.url}`);
}
