// SPDX-License-Identifier: MPL-2.0
/** What is known of a NATS connection's state. */
import type { Msg, MsgCallback, NatsConnection } from "@nats-io/transport-node";
import { PixelfluxError } from "../errors.ts";

/** What a user of a connection wants to be told of it. */
export interface LinkListener {
  /** There is a server again after one was lost. */
  restored?(): void;
  /** The connection has ended, and does not come back. */
  ended(error: PixelfluxError): void;
}

const links = new WeakMap<NatsConnection, ConnectionLink>();

/** Follows a connection's status, once for all who use it, as long as it lives. */
export class ConnectionLink {
  readonly connection: NatsConnection;
  readonly #listeners = new Set<LinkListener>();
  #isUp: boolean;
  #ended: PixelfluxError | undefined;

  static of(connection: NatsConnection): ConnectionLink {
    const link = links.get(connection) ?? new ConnectionLink(connection);
    links.set(connection, link);
    return link;
  }

  private constructor(connection: NatsConnection) {
    this.connection = connection;
    this.#isUp = connection.info !== undefined;
    void this.#follow();
    void connection.closed().then((error) => this.#end(error ?? undefined));
  }

  /**
   * Whether a server is connected, as far as that is known: what is published
   * when there is none would wait in the client's memory without a limit.
   */
  get isUp(): boolean {
    // The client has no `info` from its first try to reconnect until a server's greeting.
    return this.#isUp && this.connection.info !== undefined;
  }

  /** Why the connection is of no use any more; `undefined` while it is. */
  get ended(): PixelfluxError | undefined {
    return this.#ended ?? (this.connection.isClosed() ? endedError(undefined) : undefined);
  }

  add(listener: LinkListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: LinkListener): void {
    this.#listeners.delete(listener);
  }

  /**
   * Publishes a message that may be lost, as those that are repeated may.
   *
   * @returns false where it has been lost already.
   */
  tell(subject: string, payload: string): boolean {
    if (!this.isUp) return false;
    try {
      this.connection.publish(subject, payload);
      return true;
    } catch {
      return false; // closed or draining, which its listeners are told
    }
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === "disconnect" || type === "close") this.#isUp = false;
      if (type === "reconnect") this.#restore();
    }
  }

  #restore(): void {
    this.#isUp = true;
    for (const listener of [...this.#listeners]) listener.restored?.();
  }

  #end(cause: Error | undefined): void {
    this.#isUp = false;
    this.#ended = endedError(cause);
    for (const listener of [...this.#listeners]) listener.ended(this.#ended);
    this.#listeners.clear();
  }
}

/**
 * A subscription's callback that never throws: that would end the client's
 * reading of everything.
 *
 * @param refused - called where the server refuses the subscription.
 */
export function callbackOf(
  subject: string,
  take: (message: Msg) => void,
  refused: (error: PixelfluxError) => void,
): MsgCallback<Msg> {
  return (error, message) => {
    try {
      if (error === null) take(message);
      else refused(refusedError(subject, error));
    } catch (defect) {
      void Promise.reject(defect); // an unhandled rejection, so that it is not lost
    }
  };
}

function endedError(cause: Error | undefined): PixelfluxError {
  const why = cause === undefined ? "" : ` (${cause.message})`;
  const text = `The connection to the NATS servers has been closed${why}. Connect anew, with maxReconnectAttempts: -1 where it should never give up.`;
  return new PixelfluxError("ERR_MESSAGING", "connection", text, { cause });
}

function refusedError(subject: string, cause: Error): PixelfluxError {
  const text = `The NATS server refuses the subscription to ${subject}: ${cause.message}. Give the user of this connection the permission.`;
  return new PixelfluxError("ERR_MESSAGING", "subscribe", text, { cause });
}
