// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { refusalReason } from "../../src/client/reasons.ts";

const never = new AbortController().signal;

/** What is said of a server that answers so. */
async function reasonFor(answer: () => Response | Promise<Response>): Promise<string> {
  await using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  const url = new URL("/stream?token=x", server.url);
  url.protocol = "ws:";
  return await refusalReason(url.href, never);
}

describe("the reason of a connection that was never made", () => {
  test("is what the server says in plain text, cut and trimmed", async () => {
    const text = (status: number, words: string) => () =>
      new Response(words, { status, headers: { "content-type": "text/plain;charset=utf-8" } });
    expect(await reasonFor(text(401, " a token, please\n"))).toBe("a token, please");
    expect(await reasonFor(text(503, "x".repeat(9999)))).toBe("x".repeat(200));
    expect(await reasonFor(text(403, "\n"))).toBe("the server refused the connection (403)");
  });

  test("is the status where a page was sent", async () => {
    const headers = { "content-type": "text/html" };
    const page = () => new Response("<h1>Bad gateway</h1>", { status: 502, headers });
    expect(await reasonFor(page)).toBe("the server refused the connection (502)");
  });

  test("is not known where the server would have taken it", async () => {
    const words = "the connection could not be made";
    expect(await reasonFor(() => new Response("This is a WebSocket", { status: 426 }))).toBe(words);
    expect(await reasonFor(() => new Response("hello"))).toBe(words);
  });

  test("is that there is no server, or none that answers", async () => {
    expect(await refusalReason("ws://127.0.0.1:9/", never)).toBe("the server cannot be reached");
    const { promise, resolve } = Promise.withResolvers<Response>();
    expect(await reasonFor(() => promise)).toBe("the server does not answer");
    resolve(new Response());
  });

  test("is found out by a GET to the same address", async () => {
    let asked = "";
    await using server = Bun.serve({
      ...{ hostname: "127.0.0.1", port: 0 },
      fetch: (request) => {
        asked = `${request.method} ${new URL(request.url).search}`;
        return new Response();
      },
    });
    await refusalReason(`ws://127.0.0.1:${server.port}/stream?token=x&codec=jpeg`, never);
    expect(asked).toBe("GET ?token=x&codec=jpeg");
  });
});
