// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { memoryUsage } from "pixelflux-ffi";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import { parseServerMessage } from "../../src/client/messages.ts";
import { parseStripe } from "../../src/wire.ts";
import { waitFor } from "../support/process.ts";

const WIDTH = 320;
const HEIGHT = 240;

function serve(mode: "h264" | "jpeg", token?: string): ScreenServer {
  const display = `synthetic://${WIDTH}x${HEIGHT}@30`;
  const options = { port: 0, settings: { display, outputMode: mode } };
  return new ScreenServer(token === undefined ? options : { ...options, token });
}

/** A viewer that is no browser: keeps what it is sent. */
class Client implements Disposable {
  readonly messages: (NonNullable<ReturnType<typeof parseServerMessage>> | "stripe")[] = [];
  readonly stripes: { y: number; keyframe: boolean }[] = [];
  bytes = 0;
  readonly #socket: WebSocket;
  closed: number | undefined;

  constructor(url: URL) {
    this.#socket = new WebSocket(new URL("stream", String(url).replace("http", "ws")));
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ code }) => {
      this.closed = code;
    };
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** Rows whose keyframe has come. */
  get wholeRows(): number {
    return new Set(this.stripes.filter(({ keyframe }) => keyframe).map(({ y }) => y)).size;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #take(data: unknown): void {
    const message = parseServerMessage(data);
    this.messages.push(message ?? "stripe");
    if (message) return;
    this.bytes += (data as ArrayBuffer).byteLength;
    const { y = -1, keyframe } = parseStripe(new Uint8Array(data as ArrayBuffer));
    this.stripes.push({ y, keyframe });
  }
}

async function upgradeStatus(url: URL, headers: Record<string, string>): Promise<number> {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const signal = AbortSignal.timeout(5000);
  const response = await fetch(url, { headers: { ...upgrade, ...headers }, signal });
  return response.status;
}

describe("the example's server", () => {
  test("lets in its own page and no other", async () => {
    await using server = serve("jpeg");
    const stream = new URL("stream", server.url);
    const { port } = server.url;
    for (const origin of [
      ...["http://evil.example", `http://evil.example:${port}`, "null", "https://127.0.0.1"],
      ...[`http://127.0.0.1:${Number(port) + 1}`, `https://127.0.0.1:${port}`],
    ]) {
      expect(await upgradeStatus(stream, { origin })).toBe(403);
    }
    expect((await fetch(stream)).status).toBe(426);
    expect((await fetch(new URL("other", server.url))).status).toBe(404);
    expect((await fetch(server.url)).status).toBe(200);
    expect(server.url.hostname).toBe("127.0.0.1");
  });

  test("asks for its token", async () => {
    await using server = serve("jpeg", "open-sesame-open");
    expect(await upgradeStatus(new URL("stream", server.url), {})).toBe(401);
    expect(await upgradeStatus(new URL("stream?token=open", server.url), {})).toBe(401);
    expect((await fetch(new URL("stream?token=open-sesame-open", server.url))).status).toBe(426);
  });

  test("captures while somebody watches, and only then", async () => {
    await using server = serve("h264");
    expect(memoryUsage().captureCount).toBe(0);
    for (let round = 0; round < 3; round++) {
      using one = new Client(server.url);
      await waitFor("stripes", () => one.stripes.length > 8);
      expect(memoryUsage().captureCount).toBe(1);
      using two = new Client(server.url);
      await waitFor("stripes", () => two.stripes.length > 8);
      one[Symbol.dispose]();
      const { length } = two.stripes;
      await waitFor("more stripes", () => two.stripes.length > length + 8);
      two[Symbol.dispose]();
      await waitFor("the capture to end", () => memoryUsage().captureCount === 0);
    }
  });

  test.each(["h264", "jpeg"] as const)("sends a newcomer the whole screen, %s", async (mode) => {
    await using server = serve(mode);
    using first = new Client(server.url);
    await waitFor("the first viewer's stripes", () => first.stripes.length > 20);
    using late = new Client(server.url);
    await waitFor("every row", () => late.wholeRows > 0 && late.wholeRows === first.wholeRows);
    const [screen, frame, stripe] = late.messages;
    const codecs = mode === "jpeg" ? (["jpeg", "h264"] as const) : (["h264", "jpeg"] as const);
    expect(screen).toEqual({ type: "screen", width: WIDTH, height: HEIGHT, mode, codecs });
    expect(frame).toMatchObject({ type: "frame" });
    expect(stripe).toBe("stripe");
    expect(late.stripes[0]?.keyframe).toBe(true);
  });

  test("answers pings and keyframe requests, and bears nonsense", async () => {
    await using server = serve("h264");
    using client = new Client(server.url);
    await waitFor("stripes", () => client.stripes.length > 0);
    for (const text of ["", "{", "[]", '{"type":"nonsense"}', '{"type":"ping"}']) client.send(text);
    client.send('{"type":"ping","sent":4.5}');
    const pong = await waitFor("the pong", () =>
      client.messages.find((message) => message !== "stripe" && message.type === "pong"),
    );
    expect(pong).toMatchObject({ type: "pong", sent: 4.5 });
    const { length } = client.stripes;
    client.send('{"type":"keyframe"}');
    await waitFor("a keyframe", () => client.stripes.slice(length).some((s) => s.keyframe));
    client.send("x".repeat(2000));
    await waitFor("the connection to be refused such long messages", () => client.closed);
  });

  test("tells viewers why the capture cannot start", async () => {
    const failures: unknown[] = [];
    await using server = new ScreenServer({
      port: 0,
      settings: { display: ":4711" },
      onError: (error) => failures.push(error),
    });
    using client = new Client(server.url);
    expect(await waitFor("the end", () => client.closed)).toBe(1011);
    expect(client.messages[0]).toMatchObject({ type: "failure" });
    expect(JSON.stringify(client.messages[0])).toContain(":4711");
    expect(failures.length).toBe(1);
  });
});
