// SPDX-License-Identifier: MPL-2.0
/**
 * A connection to an X server that asks one thing after the other (X Window System
 * Protocol, version 11, appendix B), for looking at servers without the native library.
 */
import { connect, type Socket } from "node:net";
import type { Authorization } from "./authority.ts";
import { type DisplayName, serverAddress } from "./display-name.ts";
import { printable } from "./printable.ts";

/** Longer answers than any that is asked for here. */
const REPLY_BYTES_MAX = 1 << 20;
/** What may have come that nobody has asked for yet. */
const UNREAD_BYTES_MAX = 8 << 20;
const HEAD_BYTES = 32;
const LITTLE_ENDIAN = 0x6c;

/** Pads a length to the protocol's units of 4 bytes. */
export const padded = (sizeBytes: number): number => (sizeBytes + 3) & ~3;

/** Why a server cannot be looked at, in words. */
export class ServerError extends Error {
  override readonly name = "ServerError";
}

/** One connection. Closed by `using`. */
export class XConnection implements Disposable {
  /** The server's answer to the setup, from its first byte on. */
  readonly setup: Buffer;
  readonly #socket: ReadableSocket;

  private constructor(socket: ReadableSocket, setup: Buffer) {
    this.#socket = socket;
    this.setup = setup;
  }

  /**
   * Connects and waits to be let in.
   *
   * @param timeoutMs - for everything that is asked on the connection, together.
   * @throws {ServerError} by rejection.
   */
  static async open(
    display: DisplayName,
    authorization: Authorization | undefined,
    timeoutMs: number,
  ): Promise<XConnection> {
    const socket = new ReadableSocket(display, timeoutMs);
    try {
      socket.write(setupRequest(authorization));
      const head = await socket.take(8);
      const rest = await socket.take(head.readUInt16LE(6) * 4);
      if (head[0] !== 1) throw new ServerError(refusalWords(head, rest));
      return new XConnection(socket, Buffer.concat([head, rest]));
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /**
   * Sends a request that has an answer, and waits for that.
   *
   * @returns `undefined` where the server answers with an error.
   * @throws {ServerError} by rejection where the connection breaks, or hangs.
   */
  async ask(request: Buffer): Promise<Buffer | undefined> {
    const [answer] = await this.askAll([request]);
    return answer;
  }

  /**
   * Sends some requests at once, each of which has one answer: one wait for all.
   *
   * @param requests - a few short ones: the server may not be reading while it answers.
   * @throws {ServerError} as {@link ask}.
   */
  async askAll(requests: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    this.#socket.write(Buffer.concat(requests));
    const answers: (Buffer | undefined)[] = [];
    for (const _ of requests) answers.push(await this.#answer());
    return answers;
  }

  async #answer(): Promise<Buffer | undefined> {
    for (;;) {
      const head = await this.#socket.take(HEAD_BYTES);
      if (head[0] === 0) return undefined;
      if (head[0] !== 1) continue; // an event, which nobody asked for
      const size = head.readUInt32LE(4) * 4;
      if (size > REPLY_BYTES_MAX) throw new ServerError(NO_X11);
      return Buffer.concat([head, await this.#socket.take(size)]);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** What is said of a server whose answers make no sense. */
export const NO_X11 = "what answers there speaks no proper X11";

/** A socket whose bytes are taken by count. */
class ReadableSocket {
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setTimeout>;
  #received: Buffer = Buffer.alloc(0);
  #failure: ServerError | undefined;
  #wake: () => void = () => undefined;

  constructor(display: DisplayName, timeoutMs: number) {
    this.#socket = connect({ ...serverAddress(display), timeout: timeoutMs });
    this.#socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      if (this.#received.length > UNREAD_BYTES_MAX) this.#giveUp(NO_X11);
      this.#wake();
    });
    this.#socket.on("error", (error) => this.#fail(connectWords(error)));
    this.#socket.on("close", () => this.#fail("the server has closed the connection"));
    const seconds = timeoutMs / 1000;
    this.#timer = setTimeout(() => this.#giveUp(`no answer for ${seconds} s: it hangs`), timeoutMs);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async take(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  /** Whatever has come, or still comes, is not looked at. */
  #giveUp(words: string): void {
    this.#fail(words);
    this.#received = Buffer.alloc(0);
    this.#socket.destroy();
  }

  #fail(words: string): void {
    this.#failure ??= new ServerError(words);
    this.#wake();
  }
}

/** The first bytes of a connection: byte order, version 11.0, and the cookie. */
export function setupRequest(authorization: Authorization | undefined): Buffer {
  const { name = "", cookie = Buffer.alloc(0) } = authorization ?? {};
  const bytes = Buffer.alloc(12 + padded(name.length) + padded(cookie.length));
  bytes[0] = LITTLE_ENDIAN;
  bytes.writeUInt16LE(11, 2);
  bytes.writeUInt16LE(name.length, 6);
  bytes.writeUInt16LE(cookie.length, 8);
  bytes.write(name, 12, "latin1");
  bytes.set(cookie, 12 + padded(name.length));
  return bytes;
}

/** The server's own words, of which nothing is to reach a terminal but letters. */
export function refusalWords(head: Buffer, rest: Buffer): string {
  if (head[0] !== 0 && head[0] !== 2) return NO_X11;
  const reason = rest.toString("latin1", 0, head[0] === 0 ? (head[1] ?? 0) : rest.length);
  return `the server refuses this user: ${printable(reason)}`;
}

export function connectWords(error: Error & { code?: string }): string {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED") return "no X server listens there";
  if (error.code === "EACCES") return "this user may not open its socket";
  return `it cannot be reached (${error.code ?? error.message})`;
}
