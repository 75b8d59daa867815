// SPDX-License-Identifier: MPL-2.0
import type { ServerWebSocket } from "bun";
import {
  type CaptureSettings,
  type CaptureStats,
  PixelfluxError,
  ScreenCapture,
} from "pixelflux-ffi";
import { type Fanout, type FanoutOptions, type FanoutSocket, fanout } from "pixelflux-ffi/server";
import { CONTROL_NAMES, isControlName, type LiveSettings } from "./controls.ts";
import page from "./index.html";
import { type ChangeMessage, type PlaygroundMessage, parseChange } from "./messages.ts";
import { SampleWatermark } from "./watermark.ts";

/** Where to serve, and what. */
export interface PlaygroundOptions extends FanoutOptions {
  /** Default 9002; 0 takes a free one. */
  readonly port?: number;
  /** What the controls stand at first; the library's defaults where left out. */
  readonly settings?: Omit<CaptureSettings, "stripeHeader" | "watermarkPath">;
}

/** A connection to `/settings`; those to `/stream` are the fan-out's. */
interface Panel {
  readonly panel: true;
}

/** A change of every setting at once takes 900 bytes. */
const MESSAGE_BYTES_MAX = 2048;
const STATS_INTERVAL_MS = 1000;

/**
 * Serves a page with the screen and a control for every live setting, to this
 * machine only. `/stream` carries the stripes, in the protocol of
 * `pixelflux-ffi/client`; `/settings` the changes, their answers and the
 * counters. The capture runs while somebody watches.
 */
export class PlaygroundServer implements AsyncDisposable {
  readonly #watermark = new SampleWatermark();
  readonly #capture: ScreenCapture;
  readonly #screen: Fanout;
  readonly #panels = new Set<ServerWebSocket<Panel>>();
  readonly #server: Bun.Server<Panel | FanoutSocket>;
  readonly #ticker: ReturnType<typeof setInterval>;
  #before: { stats: CaptureStats; atMs: number };

  constructor({ port = 9002, settings, ...options }: PlaygroundOptions = {}) {
    this.#capture = new ScreenCapture({ ...settings, watermarkPath: this.#watermark.path });
    // The codec is a setting here, so viewers take the one that there is. What
    // the panel says is in force: nothing steps down behind its back.
    const codecs = [this.#capture.settings.outputMode];
    this.#screen = fanout(this.#capture, { codecs, adapt: false, idleMs: 0, ...options });
    this.#before = { stats: this.#capture.stats(), atMs: performance.now() };
    this.#server = this.#serve(port);
    this.#ticker = setInterval(() => this.#tick(), STATS_INTERVAL_MS);
  }

  /** The page's address. */
  get url(): URL {
    return this.#server.url;
  }

  /** The file of the sample watermark; gone after {@link stop}. */
  get watermarkPath(): string {
    return this.#watermark.path;
  }

  /** Closes every connection and stops the capture; resolves when both are gone. */
  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    await this.#screen.stop();
    await this.#server.stop(true);
    this.#watermark[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #serve(port: number): Bun.Server<Panel | FanoutSocket> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      development: false,
      routes: {
        "/": page,
        "/stream": (request, server) => this.#screen.upgrade(request, server),
        "/settings": (request, server) => {
          const refused = this.#screen.refusal(request);
          if (refused) return refused;
          if (server.upgrade(request, { data: { panel: true } })) return undefined;
          return new Response("This is a WebSocket", { status: 426 });
        },
      },
      fetch: () => new Response("Not found", { status: 404 }),
      websocket: this.#screen.websocketWith<Panel>({
        data: { panel: true },
        maxPayloadLength: MESSAGE_BYTES_MAX,
        open: (socket) => this.#joinPanel(socket),
        message: (socket, text) => this.#takeChange(socket, parseChange(text)),
        close: (socket) => {
          this.#panels.delete(socket);
        },
      }),
    });
  }

  #joinPanel(socket: ServerWebSocket<Panel>): void {
    this.#panels.add(socket);
    tell(socket, { type: "settings", settings: this.#inForce() });
  }

  #takeChange(socket: ServerWebSocket<Panel>, change: ChangeMessage | undefined): void {
    if (change === undefined) return;
    const { id } = change;
    try {
      this.#capture.update(liveSettings(change.settings));
    } catch (error) {
      if (!(error instanceof PixelfluxError)) throw error;
      const { code, message } = error;
      // A place may be refused for the size that it leaves no room for: told at what was changed.
      const [changed = ""] = Object.keys(change.settings);
      const field =
        error.field !== undefined && error.field in change.settings ? error.field : changed;
      tell(socket, { type: "refused", id, code, field, message });
      return;
    }
    const settings = this.#inForce();
    for (const panel of this.#panels) {
      tell(panel, { type: "settings", ...(panel === socket ? { id } : {}), settings });
    }
  }

  #inForce(): LiveSettings {
    const { settings } = this.#capture;
    const entries = CONTROL_NAMES.map((name) => [name, settings[name] ?? null]);
    return Object.fromEntries(entries);
  }

  #tick(): void {
    const { atMs, stats: last } = this.#before;
    const now = { stats: this.#capture.stats(), atMs: performance.now() };
    this.#before = now;
    const { frames, bytes, stripes, stripesHashed, stripesUnchanged, encodersOpened } = now.stats;
    const restarted = frames < last.frames;
    const seconds = (now.atMs - atMs) / 1000;
    const rate = (count: number, before: number) => (count - (restarted ? 0 : before)) / seconds;
    for (const panel of this.#panels) {
      tell(panel, {
        type: "stats",
        fps: rate(frames, last.frames),
        kilobytes: rate(bytes, last.bytes) / 1000,
        stripes: rate(stripes, last.stripes),
        frames,
        hashed: stripesHashed,
        unchanged: stripesUnchanged,
        encoders: encodersOpened,
      });
    }
  }
}

function tell(socket: ServerWebSocket<Panel>, message: PlaygroundMessage): void {
  socket.send(JSON.stringify(message));
}

/**
 * A page's change as the library takes it. Names are checked here, since the
 * library knows more than a page may change; values are the library's to check.
 *
 * @throws {PixelfluxError} `ERR_UNKNOWN_SETTING`.
 */
function liveSettings(change: Readonly<Record<string, unknown>>): CaptureSettings {
  const entries = Object.entries(change).map(([name, value]) => {
    if (!isControlName(name)) {
      const text = `update: this page cannot change ${JSON.stringify(name.slice(0, 40))}.`;
      throw new PixelfluxError("ERR_UNKNOWN_SETTING", "update", text, { field: name });
    }
    return [name, value ?? undefined];
  });
  return Object.fromEntries(entries);
}

if (import.meta.main) {
  const { PIXELFLUX_TOKEN: token, PORT } = process.env;
  const server = new PlaygroundServer({ token, port: Number(PORT ?? 9002) });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void server.stop().then(() => process.exit()));
  }
  console.log(`Play at ${server.url}${token === undefined ? "" : `?token=${token}`}`);
}
