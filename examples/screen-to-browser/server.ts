// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, ScreenCapture, type Stripe } from "pixelflux-ffi";
import { parseViewerMessage, type ScreenMessage } from "pixelflux-ffi/client";
import { admits } from "./admission.ts";
import page from "./index.html";
import { monotonicUs } from "./system.ts";
import { Viewer } from "./viewer.ts";

/** Where to serve, and what. */
export interface ScreenServerOptions {
  /** Default 9001; 0 takes a free one. */
  readonly port?: number;
  /** What to capture and how; see `CaptureSettings`. */
  readonly settings?: CaptureSettings;
  /** Where given, `/stream` is refused without `?token=` and these characters. */
  readonly token?: string;
  /** Sees every stripe before it is sent. */
  readonly onStripe?: (stripe: Stripe) => void;
  /** The capture could not be started, or failed. Default: reported on stderr. */
  readonly onFailure?: (error: unknown) => void;
}

/** What belongs to one WebSocket. */
interface Connection {
  viewer?: Viewer;
  leave?: () => void;
}

/** A frame of any size fits; viewers are spared frames long before. */
const BACKPRESSURE_BYTES_MAX = 64 << 20;

/**
 * Serves a page at `/` and the screen's stripes at `/stream`, to this machine
 * only. The capture runs while somebody watches.
 */
export class ScreenServer implements AsyncDisposable {
  readonly #options: ScreenServerOptions;
  readonly #capture: ScreenCapture;
  readonly #viewers = new Set<Viewer>();
  readonly #server: Bun.Server<Connection>;
  #watchers = 0;
  #ending = false;
  #started = false;
  /** The capture's size is known: a stripe of it has been seen. */
  #showing = false;
  #settling: Promise<void> | undefined;

  constructor(options: ScreenServerOptions = {}) {
    this.#options = options;
    this.#capture = new ScreenCapture({ outputMode: "h264", ...options.settings });
    this.#capture.on("resize", () => {
      for (const viewer of this.#viewers) viewer.tell(this.#screen());
    });
    this.#capture.on("error", (error) => this.#fail(error));
    this.#capture.on("frame", ({ frameId }) => {
      for (const viewer of this.#viewers) viewer.endFrame(frameId);
    });
    this.#capture.on("stop", () => {
      this.#started = false;
      this.#showing = false;
    });
    this.#server = this.#serve();
  }

  /** The page's address. */
  get url(): URL {
    return this.#server.url;
  }

  /** Browsers that watch now. */
  get viewerCount(): number {
    return this.#viewers.size;
  }

  /** The size of what is captured in px; 0 before the first frame. */
  get size(): { width: number; height: number } {
    return { width: this.#capture.width, height: this.#capture.height };
  }

  /** Keeps the capture running until the function that it returns is called. */
  watch(): () => void {
    this.#watchers += 1;
    this.#settle();
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      this.#watchers -= 1;
      this.#settle();
    };
  }

  /** Closes every connection and stops the capture; resolves when both are gone. */
  async stop(): Promise<void> {
    this.#ending = true;
    await this.#server.stop(true);
    await this.#capture.stop(); // a start that is still connecting gives up
    await this.#settling;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #serve(): Bun.Server<Connection> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port: this.#options.port ?? 9001,
      development: false,
      routes: { "/": page },
      fetch: (request, server) => {
        const url = new URL(request.url);
        if (url.pathname !== "/stream") return new Response("Not found", { status: 404 });
        if (!this.#admits(request)) return new Response("Forbidden", { status: 403 });
        if (server.upgrade(request, { data: {} })) return undefined;
        return new Response("This is a WebSocket", { status: 426 });
      },
      websocket: {
        data: {} as Connection,
        perMessageDeflate: false,
        backpressureLimit: BACKPRESSURE_BYTES_MAX,
        maxPayloadLength: 1024,
        open: (socket) => {
          const viewer = new Viewer(socket, () => {
            if (this.#capture.running) this.#capture.requestKeyframe();
          });
          socket.data.viewer = viewer;
          this.#join(viewer);
          socket.data.leave = this.watch();
        },
        message: ({ data }, text) => {
          const message = parseViewerMessage(text);
          if (message?.type === "keyframe") data.viewer?.requestKeyframe();
          if (message?.type !== "ping") return;
          data.viewer?.tell({ type: "pong", sent: message.sent, timestamp: monotonicUs() });
        },
        drain: ({ data }) => data.viewer?.drained(),
        close: ({ data }) => {
          if (data.viewer) this.#viewers.delete(data.viewer);
          data.viewer?.gone();
          data.leave?.();
        },
      },
    });
  }

  #admits(request: Request): boolean {
    return admits(request, { port: this.#server.port, token: this.#options.token });
  }

  #join(viewer: Viewer): void {
    this.#viewers.add(viewer);
    if (!this.#showing) return; // a capture that starts sends everything by itself
    viewer.tell(this.#screen());
    viewer.requestKeyframe();
  }

  #screen(): ScreenMessage {
    const mode = this.#options.settings?.outputMode ?? "h264";
    return { type: "screen", ...this.size, mode };
  }

  #show(stripe: Stripe): void {
    if (!this.#showing) {
      this.#showing = true;
      for (const viewer of this.#viewers) viewer.tell(this.#screen());
    }
    this.#options.onStripe?.(stripe);
    for (const viewer of this.#viewers) viewer.show(stripe);
    stripe.release();
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    for (const viewer of this.#viewers) {
      viewer.tell({ type: "failure", message });
      viewer.dismiss(1011, "the capture has failed");
    }
    (this.#options.onFailure ?? console.error)(error);
  }

  get #wanted(): boolean {
    return this.#watchers > 0 && !this.#ending;
  }

  /** Starts or stops the capture, one after the other, until it is as it should be. */
  #settle(): void {
    if (this.#settling !== undefined || this.#started === this.#wanted) return;
    this.#settling = this.#startOrStop();
  }

  async #startOrStop(): Promise<void> {
    try {
      while (this.#started !== this.#wanted) {
        if (this.#started) {
          await this.#capture.stop();
          this.#started = false;
        } else {
          await this.#capture.start((stripe) => this.#show(stripe));
          this.#started = true;
        }
      }
    } catch (error) {
      if (!this.#ending) this.#fail(error); // the next viewer tries again
    } finally {
      this.#settling = undefined;
    }
  }
}

if (import.meta.main) {
  const { PIXELFLUX_TOKEN: token } = process.env;
  const server = new ScreenServer(token === undefined ? {} : { token });
  console.log(`Watch at ${server.url}${token === undefined ? "" : `?token=${token}`}`);
}
