// SPDX-License-Identifier: MPL-2.0
// Who may call the agent's endpoint, and what it does not do.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { AgentClient } from "../../examples/agent/client.ts";
import { AgentServer } from "../../examples/agent/server.ts";
import { waitFor } from "../support/process.ts";
import { AgentStage, refusalOf, TOKEN } from "./agent-stage.ts";

let stage: AgentStage;
let client: AgentClient;

beforeAll(async () => {
  stage = await AgentStage.start();
  client = stage.client;
});

afterAll(() => stage?.[Symbol.asyncDispose]());

describe("what is refused", () => {
  test.each([
    [{}, "action"],
    [[], "body"],
    ["screenshot", "body"],
    [null, "body"],
    [{ action: "rm" }, "action"],
    [{ action: "toString" }, "action"],
    [{ action: "screenshot", path: "/etc" }, "path"],
    [{ action: "screenshot", max_side: 63 }, "max_side"],
    [{ action: "screenshot", max_side: "640" }, "max_side"],
    [{ action: "mouse_move" }, "coordinate"],
    [{ action: "mouse_move", coordinate: [1] }, "coordinate"],
    [{ action: "mouse_move", coordinate: [1.5, 2] }, "coordinate"],
    [{ action: "mouse_move", coordinate: [640, 2] }, "coordinate"],
    [{ action: "mouse_move", coordinate: [-1, 2] }, "coordinate"],
    [{ action: "mouse_move", coordinate: [320, 2], max_side: 320 }, "coordinate"],
    [{ action: "left_click", coordinate: [1, 480] }, "coordinate"],
    [{ action: "left_click", text: "nonsense" }, "text"],
    [{ action: "left_click_drag", coordinate: [1, 1] }, "start_coordinate"],
    [
      { action: "left_click_drag", start_coordinate: [700, 1], coordinate: [1, 1] },
      "start_coordinate",
    ],
    [{ action: "zoom", region: [0, 0, 0, 10] }, "region"],
    [{ action: "zoom", region: [0, 0, 641, 10] }, "region"],
    [{ action: "zoom", region: [0, 0, 1] }, "region"],
    [{ action: "scroll", scroll_direction: "in", scroll_amount: 1 }, "scroll_direction"],
    [{ action: "scroll", scroll_direction: "up", scroll_amount: 101 }, "scroll_amount"],
    [{ action: "type", text: "" }, "text"],
    [{ action: "type", text: "x".repeat(10_001) }, "text"],
    [{ action: "key", text: 1 }, "text"],
    [{ action: "key", text: "no+such+key" }, "text"],
    [{ action: "hold_key", text: "a", duration: 61 }, "duration"],
    [{ action: "wait" }, "duration"],
    [{ action: "wait", duration: null }, "duration"],
    [{ action: "wait", until: "later" }, "until"],
    [{ action: "wait", until: "stable", quiet_ms: 0 }, "quiet_ms"],
    [{ action: "wait", until: "stable", timeout_ms: 60_001 }, "timeout_ms"],
  ])("%j: %s", async (action, field) => {
    const error = await refusalOf(client.act(action as never));
    expect(error).toMatchObject({ status: 400, field });
    expect(error.message).not.toBe("");
  });

  const json = { "content-type": "application/json" };
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const body = JSON.stringify({ action: "cursor_position" });
  type Call = [what: string, path: string, init: RequestInit, status: number, code: string];
  test.each<Call>([
    ["no token", "/", { method: "POST", headers: json, body }, 401, "TOKEN"],
    [
      "another token",
      "/?token=a-token-for-the-test5",
      { method: "POST", headers: json, body },
      401,
      "TOKEN",
    ],
    ["no token to look", "/", { method: "GET" }, 401, "TOKEN"],
    [
      "another's page",
      "/",
      { method: "POST", headers: { ...json, ...bearer, origin: "https://example.com" }, body },
      403,
      "ORIGIN",
    ],
    [
      "a name that was pointed here",
      "/",
      { method: "POST", headers: { ...json, ...bearer, host: "rebound.example" }, body },
      403,
      "HOST",
    ],
    [
      "another path",
      "/x",
      { method: "POST", headers: { ...json, ...bearer }, body },
      404,
      "NOT_FOUND",
    ],
    ["another method", "/", { method: "DELETE", headers: bearer }, 405, "METHOD"],
    [
      "a page's form",
      "/",
      { method: "POST", headers: { ...bearer, "content-type": "text/plain" }, body },
      415,
      "CONTENT_TYPE",
    ],
    [
      "no JSON",
      "/",
      { method: "POST", headers: { ...json, ...bearer }, body: "{" },
      400,
      "NO_JSON",
    ],
    ["nothing", "/", { method: "POST", headers: { ...json, ...bearer } }, 400, "NO_JSON"],
    [
      "too much",
      "/",
      { method: "POST", headers: { ...json, ...bearer }, body: " ".repeat(65_537) },
      413,
      "TOO_LARGE",
    ],
  ])("%s", async (_, path, init, status, code) => {
    const response = await fetch(new URL(path, stage.server.url), init);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  test("too much of which nobody said how much it is", async () => {
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `1000\r\n${" ".repeat(0x1000)}\r\n`;
    const socket = connect(Number(stage.server.url.port), "127.0.0.1");
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("error", () => undefined); // it is cut off
    socket.write(head + chunk.repeat(20));
    await waitFor("the answer", () => answer.includes("TOO_LARGE"));
    expect(answer).toStartWith("HTTP/1.1 413");
    socket.destroy();
  });

  test("more than are to wait", async () => {
    const waits = Array.from({ length: 20 }, () => client.act({ action: "wait", duration: 0.02 }));
    const results = await Promise.allSettled(waits);
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(4);
    expect(refused).toMatchObject(Array(4).fill({ reason: { status: 429, code: "BUSY" } }));
    await client.act({ action: "cursor_position" });
  });
});

test("a caller who goes is not waited for", async () => {
  const gone = new AbortController();
  const init = {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ action: "wait", duration: 60 }),
    signal: gone.signal,
  };
  const waiting = fetch(stage.server.url, init).catch(() => undefined);
  const next = client.act({ action: "cursor_position" });
  gone.abort();
  await waiting;
  await next;
}, 10_000);

test("it listens on loopback alone, and wants a token", async () => {
  const port = Number(stage.server.url.port).toString(16).toUpperCase().padStart(4, "0");
  const rows = ["tcp", "tcp6"].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, "utf8").split("\n"),
  );
  const listening = rows.filter((row) => row.includes(`:${port} `) && / 0A /.test(row));
  expect(listening.map((row) => row.trim().split(/\s+/)[1])).toEqual([`0100007F:${port}`]);
  const settings = { display: stage.display.name };
  await expect(AgentServer.start({ token: "short", settings })).rejects.toThrow("16 characters");
});
