// SPDX-License-Identifier: MPL-2.0
import type {
  Msg,
  MsgCallback,
  NatsConnection,
  SubscriptionOptions,
} from "@nats-io/transport-node";

/**
 * What becomes of a message on its way to a subscription: called with the message and what hands it
 * on, which may be called at once, later, several times or never.
 */
export type Fault = (message: Msg, handOn: () => void) => void;

/** A connection whose subscriptions get their messages through `fault.now`. */
export function faulty(connection: NatsConnection, fault: { now: Fault }): NatsConnection {
  const subscribe = (subject: string, options: SubscriptionOptions) => {
    const take = options.callback as MsgCallback<Msg>;
    const callback: MsgCallback<Msg> = (error, message) => {
      if (error === null) fault.now(message, () => void take(null, message));
      else void take(error, message);
    };
    return connection.subscribe(subject, { ...options, callback });
  };
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === "subscribe") return subscribe;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
