// SPDX-License-Identifier: MPL-2.0
import { listMonitors, type Monitor, ScreenCapture } from "pixelflux-ffi";
import { type Fanout, type FanoutOptions, fanout } from "pixelflux-ffi/server";
import page from "./index.html";

/** Where to serve, and what. */
export interface MonitorServerOptions extends FanoutOptions {
  /** Default: `$DISPLAY`, else `":0"`. */
  readonly display?: string;
  /** Default 9001; 0 takes a free one. */
  readonly port?: number;
}

/**
 * Serves a page at `/` that shows all monitors of a display as they stand beside each
 * other, to this machine only: their list at `/monitors`, and the stripes of each, from a
 * capture of its own, at `/monitors/0` and so on. Those are captured that somebody watches.
 */
export class MonitorServer implements AsyncDisposable {
  /** As they were when the server was started. */
  readonly monitors: readonly Monitor[];
  readonly #screens: readonly Fanout[];
  readonly #server: Bun.Server<unknown>;

  private constructor(monitors: readonly Monitor[], options: MonitorServerOptions) {
    const { display, port = 9001, ...fanoutOptions } = options;
    this.monitors = monitors;
    this.#screens = monitors.map(({ name: monitor }) =>
      fanout(new ScreenCapture({ display, monitor, outputMode: "h264" }), fanoutOptions),
    );
    const [first] = this.#screens;
    if (first === undefined) throw new Error("this display has no monitors");
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      development: false,
      routes: {
        "/": page,
        "/monitors": (request) => first.refusal(request) ?? Response.json(monitors),
        "/monitors/:index": (request, server) =>
          this.#screens[Number(request.params.index)]?.upgrade(request, server) ?? notFound(),
      },
      fetch: notFound,
      websocket: first.websocket,
    });
  }

  /** @throws {PixelfluxError} by rejection, where the display cannot be looked at. */
  static async start(options: MonitorServerOptions = {}): Promise<MonitorServer> {
    return new MonitorServer(await listMonitors(options.display), options);
  }

  /** The page's address. */
  get url(): URL {
    return this.#server.url;
  }

  /** Closes every connection and stops the captures; resolves when all are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#screens.map((screen) => screen.stop()));
    await this.#server.stop(true);
  }
}

function notFound(): Response {
  return new Response("Not found", { status: 404 });
}

if (import.meta.main) {
  const { PIXELFLUX_TOKEN: token, PORT } = process.env;
  try {
    const server = await MonitorServer.start({ token, port: Number(PORT ?? 9001) });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => void server[Symbol.asyncDispose]().then(() => process.exit()));
    }
    const names = server.monitors.map(({ name }) => name).join(", ");
    console.log(`Watch ${names} at ${server.url}${token === undefined ? "" : `?token=${token}`}`);
  } catch (error) {
    console.error(`two-monitors: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
