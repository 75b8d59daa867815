// SPDX-License-Identifier: MPL-2.0
import { connect, type Socket } from "node:net";

const OPCODE_TEXT = 1;
const OPCODE_BINARY = 2;
const OPCODE_CLOSE = 8;
const OPCODE_PING = 9;
const OPCODE_PONG = 10;
/** A slow viewer takes what has come in pieces of this size, and rests in between. */
const PIECE_BYTES = 4096;

/** A viewer of this rate reads whatever comes. JSON knows no Infinity. */
export const UNLIMITED = 1e12;

/** What a {@link RawViewer} tells. */
export interface RawViewerEvents {
  onText?: (text: string) => void;
  onBinary?: (bytes: Uint8Array) => void;
  /** @param code - of the server's close frame; `undefined` where it just hung up. */
  onClose?: (code: number | undefined) => void;
}

/**
 * A WebSocket viewer (RFC 6455) that reads no faster than it is told, down to
 * not at all: sockets of a browser, or of Bun, read whatever comes.
 */
export class RawViewer {
  readonly #socket: Socket;
  readonly #events: RawViewerEvents;
  /** Bytes a second; 0 reads nothing, {@link UNLIMITED} everything. */
  #bytesPerSecond: number;
  #rest: Buffer = Buffer.alloc(0);
  #code: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(socket: Socket, bytesPerSecond: number, events: RawViewerEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#bytesPerSecond = bytesPerSecond;
    socket.on("close", () => {
      clearInterval(this.#timer);
      events.onClose?.(this.#code);
    });
  }

  /** Resolves when the server has let it in; rejects with its answer where it has not. */
  static async open(
    url: URL,
    bytesPerSecond: number,
    events: RawViewerEvents,
    headers: Record<string, string> = {},
  ): Promise<RawViewer> {
    const socket = connect(Number(url.port), url.hostname);
    socket.on("error", () => socket.destroy()); // "close" follows
    const lines = [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${url.host}`,
      ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    const viewer = new RawViewer(socket, bytesPerSecond, events);
    await viewer.#handshake();
    viewer.#read();
    return viewer;
  }

  /** Reads faster or slower from here on. */
  setRate(bytesPerSecond: number): void {
    clearInterval(this.#timer);
    this.#socket.removeAllListeners("data").removeAllListeners("readable");
    this.#bytesPerSecond = bytesPerSecond;
    this.#read();
  }

  send(text: string): void {
    if (!this.#socket.writable) return;
    const payload = Buffer.from(text);
    this.#sendFrame(OPCODE_TEXT, payload);
  }

  /** Hangs up without a word, as a viewer that vanishes does. */
  vanish(): void {
    this.#socket.destroy();
  }

  #handshake(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let head = Buffer.alloc(0);
    const onEnd = () => reject(new Error("the server hung up"));
    const onData = (bytes: Buffer) => {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#socket.off("data", onData).off("close", onEnd);
      this.#socket.pause();
      const [status = ""] = head.toString("latin1").split("\r\n");
      if (!status.includes(" 101 ")) reject(new Error(status));
      this.#take(head.subarray(end + 4));
      resolve();
    };
    this.#socket.on("data", onData).on("close", onEnd);
    return promise;
  }

  #read(): void {
    if (this.#bytesPerSecond === 0) return;
    if (this.#bytesPerSecond >= UNLIMITED) {
      this.#socket.on("data", (bytes: Buffer) => this.#take(bytes));
      this.#socket.resume();
      return;
    }
    this.#socket.on("readable", () => undefined); // reading is ours from here on
    const restMs = (PIECE_BYTES * 1000) / this.#bytesPerSecond;
    this.#timer = setInterval(() => {
      const piece = this.#socket.read(Math.min(PIECE_BYTES, this.#socket.readableLength));
      if (piece !== null) this.#take(piece);
    }, restMs);
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const frame = frameOf(this.#rest);
      if (frame === undefined) return;
      this.#rest = this.#rest.subarray(frame.end);
      this.#handle(frame.opcode, frame.payload);
    }
  }

  #handle(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case OPCODE_TEXT:
        this.#events.onText?.(payload.toString());
        return;
      case OPCODE_BINARY:
        this.#events.onBinary?.(payload);
        return;
      case OPCODE_CLOSE:
        this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : undefined;
        this.#socket.end();
        return;
      case OPCODE_PING:
        this.#sendFrame(OPCODE_PONG, payload);
        return;
    }
  }

  /** A client's frames are masked (RFC 6455, 5.3); a mask of zeros changes nothing. */
  #sendFrame(opcode: number, payload: Buffer): void {
    const head =
      payload.length < 126
        ? [payload.length | 0x80]
        : [0xfe, payload.length >> 8, payload.length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...head, 0, 0, 0, 0]), payload]));
  }
}

/** The first frame of a server's stream; none of them is masked or in fragments. */
function frameOf(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = (bytes[0] as number) & 0x0f;
  let length = (bytes[1] as number) & 0x7f;
  let start = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    start = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = bytes.readUIntBE(4, 6);
    start = 10;
  }
  const end = start + length;
  if (bytes.length < end) return undefined;
  return { opcode, payload: bytes.subarray(start, end), end };
}
