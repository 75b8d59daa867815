// SPDX-License-Identifier: MPL-2.0
import type { ServerWebSocket } from "bun";

interface Tunnel {
  /** The server's side. */
  readonly far: WebSocket;
  /** What the browser has sent before that was open. */
  readonly early: string[];
}

/** A reverse proxy that serves another server under a path, which it takes off, and nothing else. */
export class PrefixProxy implements AsyncDisposable {
  readonly #prefix: string;
  readonly #target: URL;
  readonly #server: Bun.Server<Tunnel>;

  /**
   * @param prefix - Such as `/desk`.
   * @param target - The other server.
   */
  constructor(prefix: string, target: URL) {
    this.#prefix = prefix;
    this.#target = target;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, server) => this.#pass(request, server),
      websocket: {
        data: {} as Tunnel,
        open: (near) => join(near),
        message: ({ data: { far, early } }, message) => {
          if (typeof message !== "string") return; // viewers send text
          if (far.readyState === WebSocket.OPEN) far.send(message);
          else early.push(message);
        },
        close: ({ data }) => data.far.close(),
      },
    });
  }

  get url(): URL {
    return this.#server.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #pass(request: Request, server: Bun.Server<Tunnel>): Response | Promise<Response> | undefined {
    const { pathname, search } = new URL(request.url);
    if (!pathname.startsWith(`${this.#prefix}/`)) return new Response("no", { status: 404 });
    const url = new URL(pathname.slice(this.#prefix.length) + search, this.#target);
    if (request.headers.get("upgrade") !== "websocket") return fetch(url);
    url.protocol = "ws:";
    const far = new WebSocket(url);
    far.binaryType = "arraybuffer";
    return server.upgrade(request, { data: { far, early: [] } }) ? undefined : Response.error();
  }
}

function join(near: ServerWebSocket<Tunnel>): void {
  const { far, early } = near.data;
  far.onmessage = ({ data }) => void near.send(data);
  far.onclose = () => near.close();
  far.onopen = () => {
    for (const message of early) far.send(message);
  };
}
