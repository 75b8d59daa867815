// SPDX-License-Identifier: MPL-2.0
import type { ServerWebSocket } from "bun";
import {
  type CaptureSettings,
  type CaptureStats,
  PixelfluxError,
  ScreenCapture,
  type Stripe,
} from "pixelflux-ffi";
import { parseViewerMessage, type ScreenMessage } from "pixelflux-ffi/client";
import { admits } from "../screen-to-browser/admission.ts";
import { monotonicUs } from "../screen-to-browser/system.ts";
import { Viewer } from "../screen-to-browser/viewer.ts";
import { CONTROL_NAMES, isControlName, type LiveSettings } from "./controls.ts";
import page from "./index.html";
import { type ChangeMessage, type PlaygroundMessage, parseChange } from "./messages.ts";
import { SampleWatermark } from "./watermark.ts";

/** Where to serve, and what. */
export interface PlaygroundOptions {
  /** Default 9002; 0 takes a free one. */
  readonly port?: number;
  /** What the controls stand at first; the library's defaults where left out. */
  readonly settings?: Omit<CaptureSettings, "stripeHeader" | "watermarkPath">;
  /** Where given, both WebSockets are refused without `?token=` and these characters. */
  readonly token?: string;
  /** Sees every stripe before it is sent. */
  readonly onStripe?: (stripe: Stripe) => void;
  /** The capture could not be started, or failed. Default: reported on stderr. */
  readonly onFailure?: (error: unknown) => void;
}

/** What belongs to one WebSocket: `/stream` has a viewer, `/settings` none. */
interface Connection {
  readonly path: "/stream" | "/settings";
  viewer?: Viewer;
}

/** A frame of any size fits; viewers are spared frames long before. */
const BACKPRESSURE_BYTES_MAX = 64 << 20;
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
  readonly #options: PlaygroundOptions;
  readonly #watermark = new SampleWatermark();
  readonly #capture: ScreenCapture;
  readonly #viewers = new Set<Viewer>();
  readonly #panels = new Set<ServerWebSocket<Connection>>();
  readonly #server: Bun.Server<Connection>;
  readonly #ticker: ReturnType<typeof setInterval>;
  /** What viewers were told last; `undefined` before the first stripe of a run. */
  #screen: ScreenMessage | undefined;
  #before: { stats: CaptureStats; atMs: number };

  constructor(options: PlaygroundOptions = {}) {
    this.#options = options;
    this.#capture = new ScreenCapture({
      ...options.settings,
      watermarkPath: this.#watermark.path,
    });
    this.#capture.on("error", (error) => this.#fail(error));
    this.#capture.on("frame", ({ frameId }) => {
      for (const viewer of this.#viewers) viewer.endFrame(frameId);
    });
    this.#before = { stats: this.#capture.stats(), atMs: performance.now() };
    this.#server = this.#serve();
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
    await this.#server.stop(true);
    await this.#capture.stop();
    this.#watermark[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #serve(): Bun.Server<Connection> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port: this.#options.port ?? 9002,
      development: false,
      routes: { "/": page },
      fetch: (request, server) => {
        const url = new URL(request.url);
        const path = url.pathname;
        if (path !== "/stream" && path !== "/settings") {
          return new Response("Not found", { status: 404 });
        }
        if (!this.#admits(request)) return new Response("Forbidden", { status: 403 });
        if (server.upgrade(request, { data: { path } })) return undefined;
        return new Response("This is a WebSocket", { status: 426 });
      },
      websocket: {
        data: {} as Connection,
        perMessageDeflate: false,
        backpressureLimit: BACKPRESSURE_BYTES_MAX,
        maxPayloadLength: MESSAGE_BYTES_MAX,
        open: (socket) => {
          if (socket.data.path === "/stream") this.#join(socket);
          else this.#joinPanel(socket);
        },
        message: (socket, text) => {
          const { viewer } = socket.data;
          if (viewer === undefined) this.#takeChange(socket, parseChange(text));
          else hear(viewer, text);
        },
        drain: ({ data }) => data.viewer?.drained(),
        close: (socket) => {
          this.#panels.delete(socket);
          if (socket.data.viewer) this.#leave(socket.data.viewer);
        },
      },
    });
  }

  #admits(request: Request): boolean {
    return admits(request, { port: this.#server.port, token: this.#options.token });
  }

  #join(socket: ServerWebSocket<Connection>): void {
    const viewer = new Viewer(socket, () => {
      if (this.#capture.running) this.#capture.requestKeyframe();
    });
    socket.data.viewer = viewer;
    this.#viewers.add(viewer);
    if (!this.#capture.running) {
      this.#start();
    } else if (this.#screen) {
      viewer.tell(this.#screen);
      viewer.requestKeyframe();
    } // else the capture is starting, and sends everything by itself
  }

  #leave(viewer: Viewer): void {
    viewer.gone();
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#screen = undefined;
    void this.#capture.stop(); // never rejects, and a start may follow at once
  }

  #start(): void {
    this.#screen = undefined;
    this.#capture
      .start((stripe) => this.#show(stripe))
      .catch((error) => {
        const stopped = error instanceof PixelfluxError && error.code === "ERR_ABORTED";
        if (!stopped) this.#fail(error); // the next viewer tries again
      });
  }

  #show(stripe: Stripe): void {
    this.#announce(stripe);
    this.#options.onStripe?.(stripe);
    for (const viewer of this.#viewers) viewer.show(stripe);
    stripe.release();
  }

  /** Tells viewers of another size or codec before the first stripe that has it. */
  #announce({ type: mode }: Stripe): void {
    if (mode === "copy") return; // of a picture that was announced
    const { width, height } = this.#capture;
    const screen = this.#screen;
    if (screen?.mode === mode && screen.width === width && screen.height === height) return;
    this.#screen = { type: "screen", width, height, mode };
    for (const viewer of this.#viewers) viewer.tell(this.#screen);
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    for (const viewer of this.#viewers) {
      viewer.tell({ type: "failure", message });
      viewer.dismiss(1011, "the capture has failed");
    }
    (this.#options.onFailure ?? console.error)(error);
  }

  #joinPanel(socket: ServerWebSocket<Connection>): void {
    this.#panels.add(socket);
    tell(socket, { type: "settings", settings: this.#inForce() });
  }

  #takeChange(socket: ServerWebSocket<Connection>, change: ChangeMessage | undefined): void {
    if (change === undefined) return;
    const { id } = change;
    try {
      this.#capture.update(liveSettings(change.settings));
    } catch (error) {
      if (!(error instanceof PixelfluxError)) throw error;
      const { code, message } = error;
      // The region's size and place are refused together, so that error has no field.
      const field = error.field ?? Object.keys(change.settings)[0] ?? "";
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

function tell(socket: ServerWebSocket<Connection>, message: PlaygroundMessage): void {
  socket.send(JSON.stringify(message));
}

function hear(viewer: Viewer, text: unknown): void {
  const message = parseViewerMessage(text);
  if (message?.type === "keyframe") viewer.requestKeyframe();
  if (message?.type !== "ping") return;
  viewer.tell({ type: "pong", sent: message.sent, timestamp: monotonicUs() });
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
  const { PIXELFLUX_TOKEN: token } = process.env;
  const server = new PlaygroundServer(token === undefined ? {} : { token });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void server.stop().then(() => process.exit()));
  }
  console.log(`Play at ${server.url}${token === undefined ? "" : `?token=${token}`}`);
}
