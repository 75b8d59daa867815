// SPDX-License-Identifier: MPL-2.0
/** The WebSocket handlers of a `Bun.serve` that has fan-outs. */
import type { ServerWebSocket, WebSocketHandler } from "bun";

/** A frame of any size fits; frames are held back at the budget, long before. */
const BACKPRESSURE_BYTES_MAX = 1 << 30;
/** The longest message that makes sense has less than 100 bytes. */
const MESSAGE_BYTES_MAX = 1024;
/** Bun pings before, and closes a connection whose other end does not answer. */
const IDLE_TIMEOUT_S = 30;
/** RFC 6455, 7.4.1: a message that is too big. */
const CLOSE_TOO_BIG = 1009;

/** A viewer's connection, to the fan-out that let it in. */
export interface FanoutConnection {
  hear(text: unknown): void;
  drained(): void;
  closed(): void;
}

/** What belongs to one WebSocket of a fan-out. Opaque. */
export class FanoutSocket {
  readonly #join: (socket: ServerWebSocket<unknown>) => FanoutConnection;
  #connection: FanoutConnection | undefined;

  /** @internal */
  constructor(join: (socket: ServerWebSocket<unknown>) => FanoutConnection) {
    this.#join = join;
  }

  /** @internal */
  opened(socket: ServerWebSocket<unknown>): void {
    this.#connection = this.#join(socket);
  }

  /** @internal */
  get connection(): FanoutConnection | undefined {
    return this.#connection;
  }
}

/** The handlers of fan-outs' sockets, whichever fan-out one is of. */
export const FANOUT_WEBSOCKET: WebSocketHandler<FanoutSocket> = {
  data: undefined as unknown as FanoutSocket, // for the type alone
  perMessageDeflate: false,
  backpressureLimit: BACKPRESSURE_BYTES_MAX,
  maxPayloadLength: MESSAGE_BYTES_MAX,
  idleTimeout: IDLE_TIMEOUT_S,
  open,
  message,
  drain: ({ data }) => data.connection?.drained(),
  close: ({ data }) => data.connection?.closed(),
};

/** The handlers of a server that has sockets of its own, too. */
export function websocketBeside<Data>(
  own: WebSocketHandler<Data>,
): WebSocketHandler<Data | FanoutSocket> {
  const { maxPayloadLength = 0, backpressureLimit = 0, idleTimeout = 0 } = own;
  return {
    ...own,
    data: undefined as unknown as Data | FanoutSocket,
    backpressureLimit: Math.max(BACKPRESSURE_BYTES_MAX, backpressureLimit),
    maxPayloadLength: Math.max(MESSAGE_BYTES_MAX, maxPayloadLength),
    idleTimeout: Math.max(IDLE_TIMEOUT_S, idleTimeout),
    open: (socket) => (isFanouts(socket) ? open(socket) : own.open?.(isOwn<Data>(socket))),
    message: (socket, text) =>
      isFanouts(socket) ? message(socket, text) : own.message?.(isOwn<Data>(socket), text),
    drain: (socket) =>
      isFanouts(socket) ? socket.data.connection?.drained() : own.drain?.(isOwn<Data>(socket)),
    close: (socket, code, reason) =>
      isFanouts(socket)
        ? socket.data.connection?.closed()
        : own.close?.(isOwn<Data>(socket), code, reason),
  };
}

function open(socket: ServerWebSocket<FanoutSocket>): void {
  socket.data.opened(socket);
}

/** Bun's limit is the widest of a server's. */
function message(socket: ServerWebSocket<FanoutSocket>, text: string | Buffer): void {
  if (text.length > MESSAGE_BYTES_MAX) socket.close(CLOSE_TOO_BIG, "the message is too long");
  else socket.data.connection?.hear(text);
}

function isFanouts(socket: ServerWebSocket<unknown>): socket is ServerWebSocket<FanoutSocket> {
  return socket.data instanceof FanoutSocket;
}

function isOwn<Data>(socket: ServerWebSocket<unknown>): ServerWebSocket<Data> {
  return socket as ServerWebSocket<Data>;
}
