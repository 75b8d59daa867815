// SPDX-License-Identifier: MPL-2.0
// A server that plays a recorded stream to the viewer page, and does what a test wants of one.
import type { ServerWebSocket } from "bun";
import viewer from "pixelflux-ffi/viewer";
import type { Page } from "playwright-core";
import {
  parseViewerMessage,
  type Quality,
  type ScreenMessage,
  type ServerMessage,
  type ViewerMessage,
} from "../../src/client/messages.ts";
import { type Mode, record, type StageFrame } from "../support/stage.ts";

/** Of the recorded picture, in px. */
export const WIDTH = 640;
export const HEIGHT = 360;
const FRAME_COUNT = 12;
const FRAME_INTERVAL_MS = 40;

/** What has been recorded once is played by every stage. */
const recordings = new Map<Mode, ReturnType<typeof record>>();

async function framesOf(codec: Mode): Promise<readonly StageFrame[]> {
  const recording = recordings.get(codec) ?? record(WIDTH, HEIGHT, codec, FRAME_COUNT);
  recordings.set(codec, recording);
  return (await recording).frames;
}

interface Connection {
  readonly url: URL;
  readonly codec: Mode;
  frames: readonly StageFrame[];
  /** The next of them. */
  position: number;
}

/** What a stage offers its viewers. */
export interface StageOptions {
  readonly codecs?: readonly Mode[];
  readonly quality?: Quality;
  /** Default true: newcomers are told of the screen. */
  readonly greets?: boolean;
  /** Default true: frames come by themselves. */
  readonly playing?: boolean;
}

/** Plays to every viewer, round and round, from the first frame on. */
export class ViewerStage implements AsyncDisposable {
  readonly heard: ViewerMessage[] = [];
  /** Where viewers have connected to, in their order. */
  readonly addresses: URL[] = [];
  /** Refuses connections with this, where it is set. */
  refusal: { readonly status: number; readonly words: string } | undefined;
  readonly #options: StageOptions;
  readonly #sockets = new Set<ServerWebSocket<Connection>>();
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #server: Bun.Server<Connection>;
  #quality: Quality | undefined;
  #frameId = 0;
  /** Frames come by themselves. */
  playing: boolean;

  constructor(options: StageOptions = {}) {
    this.#options = options;
    this.#quality = options.quality;
    this.playing = options.playing ?? true;
    this.#server = this.#serve();
    this.#ticker = setInterval(() => this.#tick(), FRAME_INTERVAL_MS);
  }

  /** The page's address. */
  get url(): URL {
    return this.#server.url;
  }

  /** Viewers that are connected. */
  get viewerCount(): number {
    return this.#sockets.size;
  }

  /** Sends a message to every viewer. */
  tell(message: ServerMessage): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(message));
  }

  /** Closes every connection. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker);
    await this.#server.stop(true);
  }

  #serve(): Bun.Server<Connection> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      development: false,
      routes: { "/": viewer },
      fetch: (request, server) => this.#admit(request, server),
      websocket: {
        data: {} as Connection,
        open: (socket) => void this.#open(socket),
        close: (socket) => void this.#sockets.delete(socket),
        message: (socket, text) => this.#hear(socket, parseViewerMessage(text)),
      },
    });
  }

  #admit(request: Request, server: Bun.Server<Connection>): Response | undefined {
    const url = new URL(request.url);
    if (!url.pathname.endsWith("/stream")) return new Response("Not found", { status: 404 });
    if (this.refusal) return new Response(this.refusal.words, { status: this.refusal.status });
    const wanted = url.searchParams.get("codec");
    const codec = wanted === "jpeg" || wanted === "h264" ? wanted : this.#codecs[0];
    const data: Connection = { url, codec: codec ?? "jpeg", frames: [], position: 0 };
    return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 426 });
  }

  async #open(socket: ServerWebSocket<Connection>): Promise<void> {
    const { data } = socket;
    this.addresses.push(data.url);
    this.#sockets.add(socket);
    data.frames = await framesOf(data.codec);
    if (this.#options.greets ?? true) socket.send(JSON.stringify(this.#screen(data)));
  }

  #hear(socket: ServerWebSocket<Connection>, message: ViewerMessage | undefined): void {
    if (message === undefined) return;
    this.heard.push(message);
    if (message.type === "keyframe") socket.data.position = 0;
    if (message.type === "ping") {
      const pong = { type: "pong", sent: message.sent, timestamp: nowUs() } as const;
      socket.send(JSON.stringify(pong));
    }
    if (message.type !== "quality" || this.#quality === undefined) return;
    this.#quality = message.quality;
    for (const each of this.#sockets) each.send(JSON.stringify(this.#screen(each.data)));
  }

  get #codecs(): readonly Mode[] {
    return this.#options.codecs ?? ["jpeg"];
  }

  #screen({ codec }: Connection): ScreenMessage {
    const { codecs } = this.#options;
    return {
      ...{ type: "screen", width: WIDTH, height: HEIGHT, mode: codec },
      ...(codecs ? { codecs } : {}),
      ...(this.#quality ? { quality: this.#quality } : {}),
    };
  }

  #tick(): void {
    if (!this.playing) return;
    for (const socket of this.#sockets) this.#playNext(socket);
  }

  #playNext(socket: ServerWebSocket<Connection>): void {
    const { data } = socket;
    const frame = data.frames[data.position];
    if (frame === undefined) return; // not recorded yet
    data.position = (data.position + 1) % data.frames.length;
    this.#frameId = (this.#frameId + 1) & 0xffff;
    const frameId = this.#frameId;
    const told: ServerMessage[] = [
      { type: "frame", frameId, timestamp: nowUs() },
      { type: "end", frameId },
    ];
    socket.send(JSON.stringify(told[0]));
    for (const stripe of frame) socket.send(numbered(stripe, frameId));
    socket.send(JSON.stringify(told[1]));
  }
}

function nowUs(): number {
  return Math.round(performance.now() * 1000);
}

/** A stripe as one of another frame; bytes 2 and 3 of its header are the frame's number. */
function numbered(stripe: Uint8Array, frameId: number): Uint8Array {
  const copy = stripe.slice();
  new DataView(copy.buffer).setUint16(2, frameId);
  return copy;
}

/** Waits until the page shows the stream. */
export async function live(page: Page): Promise<void> {
  await page.locator('#state[data-state="live"]').waitFor();
}

/** Where the picture is shown, in px of the window. */
export async function pictureBox(page: Page) {
  return (await page.locator("#screen").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
}
