// SPDX-License-Identifier: MPL-2.0
// An X server of a few requests (X11 protocol, little endian; MIT-SHM 1.2, DAMAGE 1.1, XFIXES 2,
// XInput 2, XC-MISC 1.1, RANDR 1.5, Composite 0.4), whose every answer can be replaced by a lie.
// Every id is that of a window as large as the screen.
import { createServer, type Server, type Socket } from "node:net";

const EXTENSIONS = {
  "MIT-SHM": { opcode: 130, firstEvent: 65 },
  DAMAGE: { opcode: 131, firstEvent: 70 },
  XFIXES: { opcode: 132, firstEvent: 80 },
  XInputExtension: { opcode: 133, firstEvent: 90 },
  "XC-MISC": { opcode: 134, firstEvent: 0 },
  RANDR: { opcode: 135, firstEvent: 100 },
  Composite: { opcode: 136, firstEvent: 0 },
  XTEST: { opcode: 137, firstEvent: 0 },
  XKEYBOARD: { opcode: 138, firstEvent: 110 },
} as const;
export type ExtensionName = keyof typeof EXTENSIONS;

/** The requests that are answered, by major opcode and, of extensions, minor opcode. */
const REQUESTS = {
  GetWindowAttributes: [3],
  GetGeometry: [14],
  QueryTree: [15],
  InternAtom: [16],
  GetAtomName: [17],
  GetProperty: [20],
  QueryPointer: [38],
  TranslateCoordinates: [40],
  GetInputFocus: [43],
  GetImage: [73],
  QueryExtension: [98],
  GetKeyboardMapping: [101],
  ShmQueryVersion: [130, 0],
  ShmGetImage: [130, 4],
  ShmAttachFd: [130, 6],
  DamageQueryVersion: [131, 0],
  XfixesQueryVersion: [132, 0],
  GetCursorImage: [132, 4],
  FetchRegion: [132, 19],
  XiQueryVersion: [133, 47],
  GetXidRange: [134, 1],
  RandrQueryVersion: [135, 0],
  RandrGetMonitors: [135, 42],
  CompositeQueryVersion: [136, 0],
  XkbUseExtension: [138, 0],
  XkbGetState: [138, 4],
} as const satisfies Record<string, readonly [number, number?]>;
export type RequestName = keyof typeof REQUESTS;
export const REQUEST_NAMES = Object.keys(REQUESTS) as RequestName[];

/** Bytes, and then others again and again, with a pause of so long between two, without an end. */
export interface Endless {
  readonly first: Buffer;
  readonly again: Buffer;
  readonly pauseMs: number;
}

/** Instead of an answer: says nothing at all, or ends the connection, at once or behind some bytes,
 * or never comes to an end. */
export type Refusal = "silence" | "close" | { readonly lastWords: Buffer } | Endless;

/** What is sent instead of the honest answer. */
export type Lie = (honest: Buffer, request: Buffer, sequence: number) => Buffer | Refusal;

export interface FakeXOptions {
  width?: number;
  height?: number;
  /** Default: DAMAGE, XFIXES and XInput; not MIT-SHM, so that pixels go over the connection. */
  extensions?: readonly ExtensionName[];
  setup?: (honest: Buffer) => Buffer | Refusal;
  replies?: Partial<Record<RequestName, Lie>>;
}

const ROOT = 0x100;
/** The name of the only monitor. */
export const MONITOR = "fake-1";
const VISUAL = 0x21;
const FIRST_PORT = 6000;

interface Connection {
  socket: Socket;
  received: Buffer;
  isSetUp: boolean;
  sequence: number;
}

/** A reply of `extraBytes` behind the first 32. */
export function reply(sequence: number, extraBytes = 0): Buffer {
  const bytes = Buffer.alloc(32 + extraBytes);
  bytes[0] = 1;
  bytes.writeUInt16LE(sequence & 0xffff, 2);
  bytes.writeUInt32LE(extraBytes / 4, 4);
  return bytes;
}

/** The error BadMatch, in place of an answer. */
export function refuse(_honest: Buffer, _request: Buffer, sequence: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes[1] = 8;
  bytes.writeUInt16LE(sequence & 0xffff, 2);
  return bytes;
}

/** The answer to the setup; X11 protocol, 8: "Connection Setup". */
function setupReply(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(8 + 32 + 4 + 8 + 40 + 8 + 24);
  bytes[0] = 1;
  bytes.writeUInt16LE(11, 2);
  bytes.writeUInt16LE((bytes.length - 8) / 4, 6);
  bytes.writeUInt32LE(0x200000, 12); // resource ids: base and mask
  bytes.writeUInt32LE(0x1fffff, 16);
  bytes.writeUInt16LE(4, 24); // bytes of the vendor's name
  bytes.writeUInt16LE(0xffff, 26);
  bytes.set([1, 1, 0, 0, 32, 32, 8, 255], 28); // one screen, one format, least byte first
  bytes.write("fake", 40, "latin1");
  bytes.set([24, 32, 32], 44); // depth, bits a pixel, scanline padding
  bytes.writeUInt32LE(ROOT, 52);
  bytes.writeUInt16LE(width, 72);
  bytes.writeUInt16LE(height, 74);
  bytes.writeUInt32LE(VISUAL, 84);
  bytes.set([0, 0, 24, 1], 88); // depth of the root, depths
  bytes[92] = 24;
  bytes.writeUInt16LE(1, 94); // visuals
  bytes.writeUInt32LE(VISUAL, 100);
  bytes.set([4, 8], 104); // TrueColor
  [0xff0000, 0xff00, 0xff].forEach((mask, index) => {
    bytes.writeUInt32LE(mask, 108 + index * 4);
  });
  return bytes;
}

/** Listens on a port of the loopback; every byte it sends is made here. */
export class FakeXServer implements AsyncDisposable {
  readonly #options: Required<FakeXOptions>;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #port = 0;
  #imageCount = 0;

  private constructor(options: FakeXOptions) {
    const extensions = ["DAMAGE", "XFIXES", "XInputExtension"] as const;
    const honest = { width: 320, height: 240, extensions, replies: {} };
    this.#options = { ...honest, setup: (bytes) => bytes, ...options };
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static start(options: FakeXOptions = {}): Promise<FakeXServer> {
    const server = new FakeXServer(options);
    return new Promise((resolve) => {
      server.#server.listen(0, "127.0.0.1", () => {
        server.#port = (server.#server.address() as { port: number }).port;
        resolve(server);
      });
    });
  }

  get display(): string {
    return `127.0.0.1:${this.#port - FIRST_PORT}`;
  }

  /** Bytes that have gone to those who are connected. */
  get sentBytes(): number {
    let sum = 0;
    for (const { socket } of this.#connections) sum += socket.bytesWritten;
    return sum;
  }

  /** Sends bytes nobody asked for to everybody. */
  send(bytes: Uint8Array): void {
    for (const { socket } of this.#connections) socket.write(bytes);
  }

  /** The same, again and again. */
  sendWithoutEnd(bytes: Buffer): void {
    const endless = { first: bytes, again: bytes, pauseMs: 0 };
    for (const { socket } of this.#connections) this.#sendWithoutEnd(socket, endless);
  }

  /** Tells that something was drawn. */
  damage(): void {
    this.send(this.event(EXTENSIONS.DAMAGE.firstEvent));
  }

  /** Tells of another size of the screen. */
  resize(width: number, height: number): void {
    this.send(this.#configured(ROOT, width, height));
  }

  /** Tells of another size of a window. */
  resizeWindow(window: number, width: number, height: number): void {
    this.send(this.#configured(window, width, height));
  }

  /** Tells of something else that has happened to a window, by an event of that type. */
  tellOfWindow(type: number, window: number): void {
    const event = this.event(type);
    event.writeUInt32LE(window, 4);
    event.writeUInt32LE(window, 8);
    this.send(event);
  }

  #configured(window: number, width: number, height: number): Buffer {
    const event = this.event(22); // ConfigureNotify
    event.writeUInt32LE(window, 4);
    event.writeUInt32LE(window, 8);
    event.writeUInt16LE(width, 20);
    event.writeUInt16LE(height, 22);
    return event;
  }

  /** 32 bytes of an event of this type, with the sequence number reached. */
  event(type: number): Buffer {
    const bytes = Buffer.alloc(32);
    bytes[0] = type;
    const [connection] = this.#connections;
    bytes.writeUInt16LE((connection?.sequence ?? 0) & 0xffff, 2);
    return bytes;
  }

  /** Ends all connections, behind these bytes. */
  drop(lastWords?: Uint8Array): void {
    for (const { socket } of this.#connections) {
      if (lastWords === undefined) socket.destroy();
      else socket.end(lastWords);
    }
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const connection = { socket, received: Buffer.alloc(0), isSetUp: false, sequence: 0 };
    this.#connections.add(connection);
    socket.on("data", (bytes: Buffer) => {
      connection.received = Buffer.concat([connection.received, bytes]);
      while (this.#takeRequest(connection));
    });
    socket.on("close", () => this.#connections.delete(connection));
    // The other side breaks the connection when it has seen through a lie: no failure of ours.
    socket.on("error", () => this.#connections.delete(connection));
  }

  /** False where there is no whole request. */
  #takeRequest(connection: Connection): boolean {
    const { received } = connection;
    if (!connection.isSetUp) return this.#takeSetup(connection);
    if (received.length < 4) return false;
    const length = Math.max(received.readUInt16LE(2), 1) * 4;
    if (received.length < length) return false;
    connection.received = received.subarray(length);
    connection.sequence += 1;
    this.#answerRequest(connection, received.subarray(0, length));
    return true;
  }

  #takeSetup(connection: Connection): boolean {
    const { received } = connection;
    if (received.length < 12) return false;
    const padded = (at: number) => Math.ceil(received.readUInt16LE(at) / 4) * 4;
    const length = 12 + padded(6) + padded(8);
    if (received.length < length) return false;
    connection.received = received.subarray(length);
    connection.isSetUp = true;
    const { width, height, setup } = this.#options;
    this.#answer(connection, setup(setupReply(width, height)));
    return true;
  }

  #answer({ socket }: Connection, answer: Buffer | Refusal): void {
    if (answer === "close") socket.destroy();
    else if (answer === "silence") return;
    else if ("lastWords" in answer) socket.end(answer.lastWords);
    else if ("again" in answer) this.#sendWithoutEnd(socket, answer);
    else socket.write(answer);
  }

  #sendWithoutEnd(socket: Socket, { first, again, pauseMs }: Endless): void {
    const send = (bytes: Buffer) =>
      socket.write(bytes, (error) => {
        if (!error && !socket.destroyed) setTimeout(send, pauseMs, again);
      });
    send(first);
  }

  #answerRequest(connection: Connection, request: Buffer): void {
    const [major, minor] = request;
    const found = Object.entries(REQUESTS).find(
      ([, [opcode, sub]]: [string, readonly [number, number?]]) =>
        opcode === major && (sub === undefined || sub === minor),
    );
    if (found === undefined) return;
    const name = found[0] as RequestName;
    const lie = this.#options.replies[name];
    const honest = this.#honest(name, connection.sequence, request);
    this.#answer(connection, lie?.(honest, request, connection.sequence) ?? honest);
  }

  #honest(name: RequestName, sequence: number, request: Buffer): Buffer {
    const bytes = reply(sequence);
    switch (name) {
      case "GetGeometry":
        bytes[1] = 24;
        bytes.writeUInt32LE(ROOT, 8);
        bytes.writeUInt16LE(this.#options.width, 16);
        bytes.writeUInt16LE(this.#options.height, 18);
        return bytes;
      case "GetWindowAttributes":
        bytes.writeUInt32LE(VISUAL, 8);
        bytes.writeUInt16LE(1, 12); // InputOutput
        bytes[26] = 2; // viewable
        return bytes;
      case "GetAtomName": {
        const named = reply(sequence, 8);
        named.writeUInt16LE(MONITOR.length, 8);
        named.write(MONITOR, 32, "latin1");
        return named;
      }
      case "QueryPointer":
      case "TranslateCoordinates":
        bytes[1] = 1; // on the same screen
        return bytes;
      case "RandrQueryVersion":
      case "CompositeQueryVersion":
        bytes.writeUInt32LE(name === "RandrQueryVersion" ? 1 : 0, 8);
        bytes.writeUInt32LE(5, 12);
        return bytes;
      case "RandrGetMonitors":
        return this.#monitors(sequence);
      case "QueryExtension":
        return this.#extension(bytes, request);
      case "ShmQueryVersion":
        bytes.writeUInt16LE(1, 8);
        bytes.writeUInt16LE(2, 10);
        return bytes;
      case "ShmAttachFd":
        return Buffer.alloc(0); // no answer: it was accepted
      case "ShmGetImage":
        bytes[1] = 24;
        return bytes;
      case "DamageQueryVersion":
      case "XfixesQueryVersion":
        bytes.writeUInt32LE(name === "XfixesQueryVersion" ? 2 : 1, 8);
        return bytes;
      case "XiQueryVersion":
        bytes.writeUInt16LE(2, 8);
        return bytes;
      case "GetXidRange":
        bytes.writeUInt32LE(0x200000, 8); // the first, and how many
        bytes.writeUInt32LE(1000, 12);
        return bytes;
      case "GetKeyboardMapping":
        return keyboardReply(sequence, request.readUInt8(4), request.readUInt8(5));
      case "GetImage":
        return this.#image(sequence, request);
      case "FetchRegion":
        return this.#region(sequence);
      case "GetCursorImage":
        return cursorReply(sequence, 8, 8);
      default:
        return bytes;
    }
  }

  #extension(bytes: Buffer, request: Buffer): Buffer {
    const name = request.toString("latin1", 8, 8 + request.readUInt16LE(4)) as ExtensionName;
    if (!this.#options.extensions.includes(name)) return bytes;
    const { opcode, firstEvent } = EXTENSIONS[name];
    bytes.set([1, opcode, firstEvent, 128], 8);
    return bytes;
  }

  /** One, that is all of the screen. */
  #monitors(sequence: number): Buffer {
    const bytes = reply(sequence, 24);
    bytes.writeUInt32LE(1, 12);
    bytes.writeUInt32LE(300, 32); // the name's atom
    bytes[36] = 1; // primary
    bytes.writeUInt16LE(this.#options.width, 44);
    bytes.writeUInt16LE(this.#options.height, 46);
    return bytes;
  }

  /** Every picture is another. */
  #image(sequence: number, request: Buffer): Buffer {
    this.#imageCount += 1;
    const bytes = reply(sequence, request.readUInt16LE(12) * request.readUInt16LE(14) * 4);
    bytes[1] = 24;
    return bytes.fill(this.#imageCount & 0xff, 32);
  }

  /** All of the screen. */
  #region(sequence: number): Buffer {
    const { width, height } = this.#options;
    return regionReply(sequence, [[0, 0, width, height]]);
  }
}

/** A keyboard whose keys mean ASCII in the order of its codes, then what keysyms from 0xff00 do; 19 are spare. */
function keyboardReply(sequence: number, first: number, count: number): Buffer {
  const bytes = reply(sequence, count * 8);
  bytes[1] = 2;
  for (let index = 0; index < count - 19; index++) {
    const keycode = first + index;
    const keysym = keycode < 0x7f ? keycode : 0xff00 + keycode;
    if (keycode >= 0x20) bytes.writeUInt32LE(keysym, 32 + index * 8);
  }
  return bytes;
}

/** A region of rectangles: x, y, width, height. */
export function regionReply(sequence: number, rects: readonly (readonly number[])[]): Buffer {
  const bytes = reply(sequence, rects.length * 8);
  rects.forEach(([x = 0, y = 0, width = 0, height = 0], index) => {
    bytes.writeInt16LE(x, 32 + index * 8);
    bytes.writeInt16LE(y, 34 + index * 8);
    bytes.writeUInt16LE(width, 36 + index * 8);
    bytes.writeUInt16LE(height, 38 + index * 8);
  });
  return bytes;
}

/** A pointer that says it is of this size; `pixels` of them come along, all where left out. */
export function cursorReply(
  sequence: number,
  width: number,
  height: number,
  pixels = width * height,
): Buffer {
  const bytes = reply(sequence, pixels * 4);
  bytes.writeInt16LE(20, 8);
  bytes.writeInt16LE(20, 10);
  bytes.writeUInt16LE(width, 12);
  bytes.writeUInt16LE(height, 14);
  bytes.writeUInt32LE(1, 20);
  return bytes.fill(0xff, 32);
}
