// SPDX-License-Identifier: MPL-2.0
import { type CaptureSettings, ScreenCapture } from "pixelflux-ffi";
import { type Fanout, type FanoutOptions, fanout } from "pixelflux-ffi/server";
import page from "pixelflux-ffi/viewer";

/** Where to serve, and what. */
export interface ScreenServerOptions extends FanoutOptions {
  /** Default 9001; 0 takes a free one. */
  readonly port?: number;
  /** What to capture and how; see `CaptureSettings`. H.264 where left out. */
  readonly settings?: CaptureSettings;
}

/**
 * Serves a page at `/`, the screen's stripes at `/stream` and figures for
 * Prometheus at `/metrics`, to this machine only. The capture runs while somebody
 * watches.
 */
export class ScreenServer implements AsyncDisposable {
  /** Who watches, and what they get. */
  readonly screen: Fanout;
  readonly #capture: ScreenCapture;
  readonly #server: Bun.Server<unknown>;

  constructor({ port = 9001, settings, ...options }: ScreenServerOptions = {}) {
    this.#capture = new ScreenCapture({ outputMode: "h264", ...settings });
    this.screen = fanout(this.#capture, options);
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      development: false,
      routes: {
        "/": page,
        "/stream": (request, server) => this.screen.upgrade(request, server),
        "/metrics": (request) =>
          this.screen.refusal(request) ?? new Response(this.screen.prometheus()),
      },
      fetch: () => new Response("Not found", { status: 404 }),
      websocket: this.screen.websocket,
    });
  }

  /** The page's address. */
  get url(): URL {
    return this.#server.url;
  }

  /** The size of what is captured in px; 0 before the first frame. */
  get size(): { width: number; height: number } {
    return { width: this.#capture.width, height: this.#capture.height };
  }

  /** Closes every connection and stops the capture; resolves when both are gone. */
  async stop(): Promise<void> {
    await this.screen.stop();
    await this.#server.stop(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

if (import.meta.main) {
  const { PIXELFLUX_TOKEN: token } = process.env;
  const server = new ScreenServer({ token });
  console.log(`Watch at ${server.url}${token === undefined ? "" : `?token=${token}`}`);
}
