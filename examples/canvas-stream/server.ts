// SPDX-License-Identifier: MPL-2.0
import { FrameSource, ScreenCapture } from "pixelflux-ffi";
import { type Fanout, type FanoutOptions, fanout } from "pixelflux-ffi/server";
import page from "pixelflux-ffi/viewer";
import { LoadChart } from "./chart.ts";
import { LoadMeter } from "./load.ts";

/** Where to serve, and to whom. */
export interface CanvasServerOptions extends FanoutOptions {
  /** Default 9001; 0 takes a free one. */
  readonly port?: number;
}

const FRAME_MS = 100;

/**
 * Draws a chart ten times a second while somebody watches, and serves it: a page at
 * `/`, the stripes that have changed at `/stream`. To this machine only.
 */
export class CanvasServer implements AsyncDisposable {
  /** Who watches, and what they get. */
  readonly screen: Fanout;
  readonly #frames = new FrameSource();
  readonly #chart = new LoadChart();
  readonly #meter = new LoadMeter();
  readonly #server: Bun.Server<unknown>;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor({ port = 9001, ...options }: CanvasServerOptions = {}) {
    const capture = new ScreenCapture({ source: this.#frames, outputMode: "h264" });
    this.screen = fanout(capture, options);
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      development: false,
      routes: {
        "/": page,
        "/stream": (request, server) => this.screen.upgrade(request, server),
      },
      fetch: () => new Response("Not found", { status: 404 }),
      websocket: this.screen.websocket,
    });
    const { rgba, width, height } = this.#chart;
    this.#frames.push(rgba, { width, height });
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
  }

  /** The page's address. */
  get url(): URL {
    return this.#server.url;
  }

  /** Closes every connection; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.screen.stop();
    await this.#server.stop(true);
    this.#frames.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #draw(): void {
    const loads = this.#meter.read();
    if (this.screen.viewerCount === 0) return;
    const { width, height } = this.#chart;
    const damage = this.#chart.draw(loads, new Date());
    this.#frames.push(this.#chart.rgba, { width, height, damage });
  }
}

if (import.meta.main) {
  const { PORT, PIXELFLUX_TOKEN: token } = process.env;
  const server = new CanvasServer({ port: Number(PORT ?? 9001), token });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => void server.stop().then(() => process.exit()));
  }
  console.log(`Watch at ${server.url}${token === undefined ? "" : `?token=${token}`}`);
}
