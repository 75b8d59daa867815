// SPDX-License-Identifier: MPL-2.0
import type { CaptureSettings } from "pixelflux-ffi";
import { refusalOf } from "pixelflux-ffi/server";
import { ACTION_NAMES, readRequest } from "./actions.ts";
import { Computer } from "./computer.ts";
import { ActionError, answerOf } from "./errors.ts";

/** Where to listen, for whom, and what of. */
export interface AgentServerOptions {
  /** What callers have to bring: 16 characters or more, letters, digits and `-._~+/`. */
  readonly token: string;
  /** Default 0, which takes a free one. */
  readonly port?: number;
  /** Which display, and which region of it. Default: all of `$DISPLAY`. */
  readonly settings?: CaptureSettings;
  /** What the longer side of a screenshot has at most, unless a request says otherwise. Default 1280. */
  readonly maxSidePx?: number;
}

/** What `Authorization: Bearer` can carry (RFC 6750, 2.1). */
const TOKEN = /^[\w.~+/-]{16,}=*$/;
const BODY_BYTES_MAX = 64 * 1024;
const WAITING_COUNT_MAX = 16;
/** An action takes a minute at most. */
const IDLE_S_MAX = 120;
const HOSTS: readonly string[] = ["127.0.0.1", "localhost"];

/** Does what callers ask for, one action after the other, on this machine only. */
export class AgentServer implements AsyncDisposable {
  readonly #computer: Computer;
  readonly #token: string;
  readonly #maxSidePx: number;
  readonly #server: Bun.Server<undefined>;
  #waitingCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(computer: Computer, options: AgentServerOptions) {
    this.#computer = computer;
    this.#token = options.token;
    this.#maxSidePx = options.maxSidePx ?? 1280;
    this.#server = Bun.serve({
      ...{ hostname: "127.0.0.1", port: options.port ?? 0 },
      ...{ development: false, idleTimeout: IDLE_S_MAX },
      fetch: (request) => this.#answer(request),
    });
  }

  /**
   * @throws Error where the token is too short, or cannot be sent.
   * @throws {PixelfluxError} where the display cannot be used.
   */
  static async start(options: AgentServerOptions): Promise<AgentServer> {
    if (!TOKEN.test(options.token)) {
      throw new Error("the token has to be 16 characters or more: letters, digits, -._~+/");
    }
    const computer = await Computer.open(options.settings ?? {});
    try {
      return new AgentServer(computer, options);
    } catch (error) {
      await computer[Symbol.asyncDispose](); // the port is taken
      throw error;
    }
  }

  get url(): URL {
    return this.#server.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    await this.#computer[Symbol.asyncDispose]();
  }

  async #answer(request: Request): Promise<Response> {
    try {
      this.#admit(request);
      if (request.method === "GET") return Response.json(this.#description());
      const asked = readRequest(await readJson(request));
      return Response.json({ ok: true, ...(await this.#inTurn(asked, request.signal)) });
    } catch (error) {
      const answer = answerOf(error);
      const headers = HEADERS[answer.status] ?? {};
      return Response.json(answer, { status: answer.status, headers });
    }
  }

  #admit(request: Request): void {
    const { hostname, pathname } = new URL(request.url);
    if (!HOSTS.includes(hostname)) {
      throw new ActionError(403, "HOST", `not for ${hostname}: ask 127.0.0.1 or localhost`);
    }
    const refusal = refusalOf(request, { token: this.#token });
    if (refusal) throw new ActionError(refusal.status, refusal.reason.toUpperCase(), refusal.text);
    if (pathname !== "/") throw new ActionError(404, "NOT_FOUND", "there is only /");
    if (request.method !== "GET" && request.method !== "POST") {
      throw new ActionError(405, "METHOD", "POST an action, or GET what there is");
    }
  }

  #description() {
    const { width, height } = this.#computer.space(this.#maxSidePx);
    return { width, height, actions: ACTION_NAMES };
  }

  /** Does an action when those before it are done, unless its caller has gone by then. */
  async #inTurn({ action, maxSidePx }: ReturnType<typeof readRequest>, signal: AbortSignal) {
    if (this.#waitingCount >= WAITING_COUNT_MAX) {
      throw new ActionError(429, "BUSY", `${WAITING_COUNT_MAX} actions wait already`);
    }
    this.#waitingCount += 1;
    const done = this.#last.then(() => {
      if (signal.aborted) throw new ActionError(499, "GONE", "the caller has gone");
      const space = this.#computer.space(maxSidePx ?? this.#maxSidePx);
      return this.#computer.perform(action, space, signal);
    });
    this.#last = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#waitingCount -= 1;
    }
  }
}

const HEADERS: Readonly<Record<number, Record<string, string>>> = {
  401: { "www-authenticate": "Bearer" },
  405: { allow: "GET, POST" },
  429: { "retry-after": "1" },
};

/** @throws {ActionError} where it is too long, or no JSON. */
async function readJson(request: Request): Promise<unknown> {
  // Pages of others can send everything but this without being asked first.
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) {
    throw new ActionError(415, "CONTENT_TYPE", "the body has to be application/json");
  }
  const parts: Uint8Array[] = [];
  let sizeBytes = Number(request.headers.get("content-length") ?? 0);
  const tooLarge = new ActionError(413, "TOO_LARGE", `more than ${BODY_BYTES_MAX} bytes`);
  if (sizeBytes > BODY_BYTES_MAX) throw tooLarge;
  sizeBytes = 0;
  for await (const part of request.body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > BODY_BYTES_MAX) throw tooLarge;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    throw new ActionError(400, "NO_JSON", "the body is no JSON");
  }
}
