// SPDX-License-Identifier: MPL-2.0
/**
 * A lasting connection to an X server (X Window System Protocol, version 11): any
 * number of requests on their way at once, with and without an answer.
 */
import { connect, type Socket } from "node:net";
import type { Authorization } from "./authority.ts";
import { connectWords, NO_X11, refusalWords, ServerError, setupRequest } from "./connection.ts";
import { type DisplayName, serverAddress } from "./display-name.ts";
import { queryExtension } from "./requests.ts";

const HEAD_BYTES = 32;
const SETUP_HEAD_BYTES = 8;
/** Longer answers than any that is asked for: a keyboard of 248 keys has 60 KB at most. */
const REPLY_BYTES_MAX = 1 << 20;
const ERROR = 0;
const REPLY = 1;
/** The one kind of event that may be longer than 32 bytes. */
const GENERIC_EVENT = 35;
/** GetInputFocus, the shortest request that has an answer. */
const ROUND_TRIP = Buffer.from([43, 0, 1, 0]);

/** A server that leaves an answer out for so long is taken for lost. */
const ANSWER_MS = 10_000;

/** An error that the server answers with (X11 protocol, 4). */
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(
    /** Such as 2 for BadValue. */
    readonly code: number,
    readonly majorOpcode: number,
    readonly minorOpcode: number,
  ) {
    super(`X error ${code} at request ${majorOpcode}.${minorOpcode}`);
  }
}

interface Waiting {
  readonly sequence: number;
  readonly resolve: (reply: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** One connection, until it breaks or is closed. It does not keep the process running by itself. */
export class XSession {
  /** The server's answer to the setup, from its first byte on. */
  readonly setup: Buffer;
  /** Called with each event. */
  onEvent: (event: Buffer) => void = () => undefined;
  readonly #socket: Socket;
  /** Requests sent, of which the server's answers have the low 16 bits. */
  #sequence = 0;
  readonly #waiting: Waiting[] = [];
  /** The first error of a request without an answer since the last {@link settle}. */
  #requestError: RequestError | undefined;
  #received: Buffer = Buffer.alloc(0);
  #failure: ServerError | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(socket: Socket, setup: Buffer, rest: Buffer) {
    this.setup = setup;
    this.#socket = socket;
    socket.removeAllListeners();
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("error", (error) => this.#fail(new ServerError(connectWords(error))));
    socket.on("close", () => this.#fail(new ServerError("the server has closed the connection")));
    socket.unref();
    this.#receive(rest);
  }

  /**
   * Connects and waits to be let in.
   *
   * @throws {ServerError} by rejection: nothing listens there, it refuses us, hangs, or makes no sense.
   */
  static async open(
    display: DisplayName,
    authorization: Authorization | undefined,
    timeoutMs = ANSWER_MS,
  ): Promise<XSession> {
    const socket = connect(serverAddress(display));
    try {
      socket.write(setupRequest(authorization));
      const { setup, rest } = await readSetup(socket, timeoutMs);
      return new XSession(socket, setup, rest);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Why the connection is of no use any more; `undefined` while it is. */
  get failure(): ServerError | undefined {
    return this.#failure;
  }

  /** Sends requests that have no answer, in one piece. What the server refuses of them, `settle` tells. */
  send(...requests: readonly Buffer[]): void {
    if (this.#failure || requests.length === 0) return;
    this.#sequence += requests.length;
    this.#socket.write(Buffer.concat(requests));
  }

  /**
   * Sends a request that has an answer.
   *
   * @throws {RequestError} by rejection where the server answers with an error.
   * @throws {ServerError} by rejection where the connection breaks, or the server hangs.
   */
  ask(request: Buffer): Promise<Buffer> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.send(request);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#waiting.push({ sequence: this.#sequence & 0xffff, resolve, reject });
    this.#watch();
    return promise;
  }

  /**
   * Waits until the server has done all that was sent.
   *
   * @throws {RequestError} by rejection: the first that it refused of what had no answer.
   * @throws {ServerError} by rejection, as {@link ask}.
   */
  async settle(): Promise<void> {
    await this.ask(ROUND_TRIP);
    const error = this.#requestError;
    this.#requestError = undefined;
    if (error) throw error;
  }

  /** The major opcode of an extension; `undefined` where the server has not got it. */
  async extension(name: string): Promise<number | undefined> {
    const answer = await this.ask(queryExtension(name));
    return answer[8] === 1 ? answer[9] : undefined;
  }

  /** While work is on its way the connection keeps the process running. */
  keepProcess(keep: boolean): void {
    // Of a socket that is closed each call would leave a listener, for when it connects again.
    if (this.#failure) return;
    if (keep) this.#socket.ref();
    else this.#socket.unref();
  }

  /** What is waited for is rejected. May be repeated. */
  close(): void {
    this.#fail(new ServerError("the connection has been closed"));
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= HEAD_BYTES) {
      const size = messageBytes(this.#received);
      if (size > REPLY_BYTES_MAX) {
        this.#fail(new ServerError(NO_X11));
        return;
      }
      if (this.#received.length < size) break;
      const message = this.#received.subarray(0, size);
      this.#received = this.#received.subarray(size);
      this.#hear(message);
    }
    this.#watch();
  }

  #hear(message: Buffer): void {
    const kind = message[0];
    if (kind !== ERROR && kind !== REPLY) {
      this.onEvent(message);
      return;
    }
    const isAnswer = message.readUInt16LE(2) === this.#waiting[0]?.sequence;
    const waiting = isAnswer ? this.#waiting.shift() : undefined;
    if (kind === REPLY) {
      if (waiting) waiting.resolve(message);
      else this.#fail(new ServerError(NO_X11));
      return;
    }
    const error = new RequestError(
      message.readUInt8(1),
      message.readUInt8(10),
      message.readUInt16LE(8),
    );
    if (waiting) waiting.reject(error);
    else this.#requestError ??= error;
  }

  /** The time for an answer counts from when the server last said something. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0 || this.#failure) return;
    const words = `no answer for ${ANSWER_MS / 1000} s: it hangs`;
    this.#timer = setTimeout(() => this.#fail(new ServerError(words)), ANSWER_MS);
  }

  #fail(error: ServerError): void {
    this.#failure ??= error;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** Of a message whose head is there. */
function messageBytes(head: Buffer): number {
  const kind = head.readUInt8(0) & 0x7f;
  const isLong = head[0] === REPLY || kind === GENERIC_EVENT;
  return isLong ? HEAD_BYTES + head.readUInt32LE(4) * 4 : HEAD_BYTES;
}

/** The answer to the setup, and what came behind it. */
function readSetup(socket: Socket, timeoutMs: number): Promise<{ setup: Buffer; rest: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ setup: Buffer; rest: Buffer }>();
  const words = `no answer for ${timeoutMs / 1000} s: it hangs`;
  const timer = setTimeout(() => reject(new ServerError(words)), timeoutMs);
  let received = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (received.length < SETUP_HEAD_BYTES) return;
    const size = SETUP_HEAD_BYTES + received.readUInt16LE(6) * 4;
    if (received.length < size) return;
    const setup = received.subarray(0, size);
    if (setup[0] === 1) return resolve({ setup, rest: received.subarray(size) });
    const head = setup.subarray(0, SETUP_HEAD_BYTES);
    reject(new ServerError(refusalWords(head, setup.subarray(SETUP_HEAD_BYTES))));
  });
  socket.on("error", (error) => reject(new ServerError(connectWords(error))));
  socket.on("close", () => reject(new ServerError("the server has closed the connection")));
  return promise.finally(() => clearTimeout(timer));
}
