// SPDX-License-Identifier: MPL-2.0
import type { ServerWebSocket } from "bun";
import example from "pixelflux-ffi/viewer";
import type { Page } from "playwright-core";
import {
  type PlayerOptions,
  parseViewerMessage,
  type ServerMessage,
  type ViewerMessage,
} from "../../src/client/index.ts";
import { ScreenCapture } from "../../src/index.ts";
import { parseStripe } from "../../src/wire.ts";
import { type Browser, PLAIN_HOST, readCanvas } from "../e2e/browser.ts";
import { type Canvas, compare, isWithin, type Tolerance } from "./canvas.ts";
import type { RecordedStripe } from "./decode.ts";
import page from "./player-page/index.html";
import pageWithoutWorker from "./player-page/no-worker.html";
import { waitFor } from "./process.ts";

export type Mode = "jpeg" | "h264";

/** One message a stripe, as a server sends them. */
export type StageFrame = readonly Uint8Array[];

/** How a page is opened on a stage. */
export interface OpenOptions {
  /** Of the player; it is opened at once. Default none of them. */
  readonly player?: PlayerOptions;
  /** Runs in the page before anything of its own. */
  readonly script?: string;
  /** Default "/"; "/no-worker" allows no workers, "/example" is the package's viewer. */
  readonly path?: string;
  /** By a name that is no secure context. */
  readonly isPlain?: boolean;
}

/** What a stage plays by itself, to each viewer that comes and for each keyframe request. */
export interface Repertoire {
  readonly width: number;
  readonly height: number;
  /** By codec, in the order in which they are offered; the first frame is complete. */
  readonly frames: Partial<Record<Mode, readonly StageFrame[]>>;
}

/** A WebSocket of a page. */
type Socket = ServerWebSocket<{ readonly mode: Mode | undefined }>;

/** A server that plays what the test hands it, to pages with a player. */
export class Stage implements AsyncDisposable {
  /** Messages of all viewers, oldest first. */
  readonly heard: ViewerMessage[] = [];
  /** Addresses at which a WebSocket was asked for, refused ones too. */
  readonly addresses: URL[] = [];
  /** Where given, WebSockets are refused with this, and so are plain requests. */
  refusal: { status: number; text: string } | undefined;
  /** Sent to each viewer that comes. */
  screen: ServerMessage | undefined;
  repertoire: Repertoire | undefined;
  answersPings = true;
  readonly #sockets = new Set<Socket>();
  readonly #pages: Page[] = [];
  readonly #server: Bun.Server<Socket["data"]>;

  /** @param port - Of a stage before this one. Default 0: a free one. */
  constructor(port = 0) {
    this.#server = Bun.serve({
      ...{ hostname: "127.0.0.1", port, development: false },
      routes: { "/": page, "/no-worker": pageWithoutWorker, "/example": example },
      fetch: (request, server) => this.#fetch(request, server),
      websocket: {
        data: {} as Socket["data"],
        open: (socket) => this.#enter(socket),
        close: (socket) => {
          this.#sockets.delete(socket);
        },
        message: (socket, text) => this.#hear(socket, text),
      },
    });
  }

  get url(): URL {
    return this.#server.url;
  }

  get viewers(): number {
    return this.#sockets.size;
  }

  /** Opens a page with a player, and waits until that has pinged. */
  async open(browser: Browser, options: OpenOptions = {}): Promise<Page> {
    const pings = this.count("ping");
    const opened = await this.openPage(browser, options);
    await waitFor("the page to connect", () => this.count("ping") > pings);
    return opened;
  }

  async openPage(browser: Browser, options: OpenOptions = {}): Promise<Page> {
    const url = new URL(options.path ?? "/", this.url);
    if (options.isPlain) url.hostname = PLAIN_HOST;
    url.searchParams.set("options", JSON.stringify(options.player ?? {}));
    const opened = await browser.open(url, options.script);
    this.#pages.push(opened);
    return opened;
  }

  tell(message: ServerMessage): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(message));
  }

  /** Sends any bytes. */
  send(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.send(bytes);
  }

  /** Sends the stripes of one frame, and its end. */
  play(stripes: StageFrame): void {
    for (const socket of this.#sockets) playTo(socket, stripes);
  }

  hangUp(code = 1000, reason = ""): void {
    for (const socket of this.#sockets) socket.close(code, reason);
  }

  /** Messages of a type that were heard so far. */
  count(type: ViewerMessage["type"]): number {
    return this.heard.filter((message) => message.type === type).length;
  }

  /** Ends every connection, and takes no more; pages stay. */
  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Or a page that is left would come back to another server on this port.
    await Promise.all(this.#pages.map((opened) => opened.close()));
    await this.stop();
  }

  #fetch(request: Request, server: Bun.Server<Socket["data"]>): Response | undefined {
    const isSocket = request.headers.get("upgrade") === "websocket";
    const url = new URL(request.url);
    if (isSocket) this.addresses.push(url);
    if (this.refusal) {
      const headers = { "content-type": "text/plain; charset=utf-8" };
      return new Response(this.refusal.text, { status: this.refusal.status, headers });
    }
    const mode = (url.searchParams.get("codec") ?? this.#modes[0]) as Mode | undefined;
    if (server.upgrade(request, { data: { mode } })) return undefined;
    return new Response(null, { status: 426 });
  }

  get #modes(): Mode[] {
    return Object.keys(this.repertoire?.frames ?? {}) as Mode[];
  }

  #enter(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.screen) socket.send(JSON.stringify(this.screen));
    const { mode } = socket.data;
    if (mode === undefined || this.repertoire === undefined) return;
    const { width, height } = this.repertoire;
    socket.send(JSON.stringify({ type: "screen", width, height, mode, codecs: this.#modes }));
    this.#perform(socket);
  }

  #perform(socket: Socket): void {
    const { mode } = socket.data;
    const frames = mode && this.repertoire?.frames[mode];
    for (const frame of frames ?? []) playTo(socket, frame);
  }

  #hear(socket: Socket, text: string | Buffer): void {
    const message = parseViewerMessage(text);
    if (message === undefined) throw new Error(`a viewer sent what is no message: ${text}`);
    this.heard.push(message);
    if (message.type === "keyframe") this.#perform(socket);
    if (message.type !== "ping" || !this.answersPings) return;
    const timestamp = performance.now() * 1000;
    socket.send(JSON.stringify({ type: "pong", sent: message.sent, timestamp }));
  }
}

/** Sends the stripes of one frame, and its end. */
function playTo(socket: Socket, stripes: StageFrame): void {
  for (const stripe of stripes) socket.send(stripe);
  const [first] = stripes;
  if (first === undefined) return;
  socket.send(JSON.stringify({ type: "end", frameId: frameIdOf(first) }));
}

/** The number that a stripe's header carries. */
export function frameIdOf(stripe: Uint8Array): number {
  const kind = stripe[0] === 5 ? "extended" : "pixelflux";
  return parseStripe(stripe, kind).frameId ?? 0;
}

/** Stripes of the first frames of a moving pattern, a list each, and what a decoder needs. */
export async function record(width: number, height: number, mode: Mode, count: number) {
  const frames: [Uint8Array[], ...Uint8Array[][]] = [[]];
  const stripes: RecordedStripe[] = [];
  let frameId = -1;
  const display = `synthetic://${width}x${height}@30`;
  await using capture = new ScreenCapture({
    ...{ display, outputMode: mode, usePaintOverQuality: false },
  });
  for await (const stripe of capture) {
    using s = stripe;
    if (s.type === "copy") throw new Error("there are no copies in this header kind");
    if (s.frameId !== frameId && frameId >= 0) {
      if (frames.length === count) break;
      frames.push([]);
    }
    frameId = s.frameId;
    frames.at(-1)?.push(s.copy());
    stripes.push({
      ...{ type: s.type, frameId, y: s.stripeYStart, width: s.width, height: s.stripeHeight },
      ...{ keyframe: s.keyframe, timestamp: s.timestamp, payload: s.payload.slice() },
    });
  }
  return { frames, stripes };
}

/** Waits until the page shows a picture; gives the PSNR in dB. */
export async function shows(
  page: Page,
  expected: Canvas,
  tolerance: Tolerance,
  what = "the picture",
): Promise<number> {
  let words = "nothing";
  let psnr = 0;
  await waitFor(what, async () => {
    await Bun.sleep(READ_PAUSE_MS);
    const actual = await readCanvas(page);
    words = `${actual.width}×${actual.height}`;
    if (actual.width !== expected.width || actual.height !== expected.height) return false;
    const difference = compare(expected, actual);
    words = JSON.stringify(difference);
    psnr = difference.psnr;
    return isWithin(difference, tolerance);
  }).catch((error) => {
    throw new Error(`${error.message}; the last picture: ${words}`);
  });
  return psnr;
}

/**
 * Between readings of a page's canvas. To read one that a worker draws on, Firefox
 * stops that worker: read all the time, it does not get to draw.
 */
const READ_PAUSE_MS = 150;

/** What a page's player has counted so far. */
export async function totalsOf(page: Page) {
  const none = { frames: 0, stripes: 0, bytes: 0, decodeErrors: 0, reconnects: 0 };
  return (await page.evaluate(() => window.player?.totals)) ?? none;
}
