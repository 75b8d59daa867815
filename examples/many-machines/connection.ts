// SPDX-License-Identifier: MPL-2.0
import { connect, type NatsConnection } from "@nats-io/transport-node";

/** What the stripes' subjects begin with, the same on all machines. */
export const SUBJECT = "screens.demo";

/** Where the NATS servers are, and what they ask for. */
export interface NatsAccess {
  /** Such as `["nats-1:4222", "nats-2:4222"]`; the client learns of the others by itself. */
  readonly servers: readonly string[];
  readonly token?: string | undefined;
}

/** From `NATS_SERVERS`, separated by commas, and `NATS_TOKEN`. */
export function accessOfEnvironment(): NatsAccess {
  const { NATS_SERVERS = "127.0.0.1:4222", NATS_TOKEN: token } = process.env;
  return { servers: NATS_SERVERS.split(","), token };
}

/** Connects as a machine should that goes on when servers come and go. */
export function connectNats({ servers, token }: NatsAccess, name: string): Promise<NatsConnection> {
  return connect({
    name,
    servers: [...servers],
    noRandomize: true, // the first one while it is there
    ...(token === undefined ? {} : { token }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout: 2000,
    pingInterval: 5000,
  });
}
