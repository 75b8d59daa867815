// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { memoryUsage } from "pixelflux-ffi";
import { ScreenServer } from "../../examples/screen-to-browser/server.ts";
import { parseServerMessage } from "../../src/client/messages.ts";
import { parseStripe } from "../../src/wire.ts";
import { rootPath, waitFor } from "../support/process.ts";

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
    await using server = serve("jpeg", "open-sesame");
    expect(await upgradeStatus(new URL("stream", server.url), {})).toBe(403);
    expect(await upgradeStatus(new URL("stream?token=open", server.url), {})).toBe(403);
    expect((await fetch(new URL("stream?token=open-sesame", server.url))).status).toBe(426);
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
    expect(screen).toEqual({ type: "screen", width: WIDTH, height: HEIGHT, mode });
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
      onFailure: (error) => failures.push(error),
    });
    using client = new Client(server.url);
    expect(await waitFor("the end", () => client.closed)).toBe(1011);
    expect(client.messages[0]).toMatchObject({ type: "failure" });
    expect(JSON.stringify(client.messages[0])).toContain(":4711");
    expect(failures.length).toBe(1);
  });

  test("spares a viewer that does not read, and holds nobody back", async () => {
    const display = "synthetic://1920x1080@60";
    const settings = { display, outputMode: "jpeg" as const, jpegQuality: 100 };
    await using server = new ScreenServer({ port: 0, settings });
    using quick = new Client(server.url);
    await waitFor("stripes", () => quick.stripes.length > 0);

    const url = new URL("stream", String(server.url).replace("http", "ws"));
    const slow = Bun.spawn([process.execPath, "-e", SLOW_VIEWER, String(url)], {
      cwd: rootPath,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const times = slowTimes(slow.stdout);
    await waitFor("the slow viewer's frames", () => times.length > 10);
    slow.kill("SIGSTOP");
    const seen = times.length;
    const { bytes } = quick;
    const rssBytes = process.memoryUsage.rss();
    // More than the kernel's buffers on both sides and the viewer's limit hold together.
    await waitFor("30 MB for the other viewer", () => quick.bytes > bytes + 30e6, 30_000);
    const grownBytes = process.memoryUsage.rss() - rssBytes;
    slow.kill("SIGCONT");
    await waitFor("the slow viewer to be back", () => times.length > seen + 200);
    const gapMs = Math.max(...times.slice(1).map((time, index) => time - (times[index] as number)));
    console.log(
      `while 30 MB went to one viewer and another stood still, memory grew by ` +
        `${(grownBytes / 1e6).toFixed(0)} MB; ${gapMs | 0} ms were left out for the other`,
    );
    expect(grownBytes).toBeLessThan(100e6);
    expect(gapMs).toBeGreaterThan(200);
    slow.kill();
    await slow.exited;
  }, 60_000);
});

/** Prints the grab time of each frame it is shown, in ms. */
const SLOW_VIEWER = `
  const socket = new WebSocket(process.argv.at(-1));
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return;
    const message = JSON.parse(data);
    if (message.type === "frame") console.log(message.timestamp / 1000);
  };
`;

/** A list that grows by the numbers that a process prints. */
function slowTimes(stream: ReadableStream<Uint8Array>): number[] {
  const times: number[] = [];
  void (async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      times.push(...lines.map(Number));
    }
  })();
  return times;
}
