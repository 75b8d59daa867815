// SPDX-License-Identifier: MPL-2.0
// The machine whose screen is shown. Alone: NATS_SERVERS=nats-1,nats-2 bun publisher.ts
import type { NatsConnection } from "@nats-io/transport-node";
import { ScreenCapture } from "pixelflux-ffi";
import { type PublishedCodecStats, publishStripes, type StripePublisher } from "pixelflux-ffi/nats";
import { captureSource } from "pixelflux-ffi/server";
import { accessOfEnvironment, connectNats, type NatsAccess, SUBJECT } from "./connection.ts";

/** A capture that runs while any gateway has viewers. */
export class Publisher implements AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly #publisher: StripePublisher;

  private constructor(connection: NatsConnection, publisher: StripePublisher) {
    this.#connection = connection;
    this.#publisher = publisher;
  }

  /** @param onError - told when the capture fails, or the connection ends. */
  static async start(
    access: NatsAccess,
    display: string | undefined,
    onError: (error: unknown) => void,
  ): Promise<Publisher> {
    const capture = new ScreenCapture({ display, outputMode: "h264" });
    const connection = await connectNats(access, "publisher");
    const options = { subject: SUBJECT, onError };
    return new Publisher(connection, publishStripes(captureSource(capture), connection, options));
  }

  /** The server that it is connected to now. */
  get server(): string {
    return this.#connection.info?.server_name ?? "none";
  }

  get stats(): PublishedCodecStats {
    const [h264] = this.#publisher.stats().codecs;
    return h264 as PublishedCodecStats;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.stop();
    await this.#connection.close();
  }
}

if (import.meta.main) {
  const publisher = await Publisher.start(accessOfEnvironment(), undefined, console.error);
  console.log(`Publishing ${SUBJECT} by ${publisher.server}`);
}
