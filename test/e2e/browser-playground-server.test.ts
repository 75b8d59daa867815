// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { CONTROL_NAMES, CONTROLS } from "../../examples/settings-playground/controls.ts";
import { parseChange } from "../../examples/settings-playground/messages.ts";
import { PlaygroundServer } from "../../examples/settings-playground/server.ts";
import { SETTING_FIELDS, type TableSetting } from "../../src/settings.ts";
import { waitFor } from "../support/process.ts";

test("there is a control for every live setting but the watermark's path, with its range", () => {
  const names = Object.keys(SETTING_FIELDS) as TableSetting[];
  const live = names.filter((name) => SETTING_FIELDS[name].live && name !== "watermarkPath");
  expect(CONTROL_NAMES.toSorted()).toEqual(live.toSorted() as typeof CONTROL_NAMES);
  for (const name of CONTROL_NAMES) {
    const control = CONTROLS[name];
    const field = SETTING_FIELDS[name];
    expect([name, control.default]).toEqual([name, field.fallback() ?? null]);
    if (control.kind === "choice") {
      expect(control.options.every((option) => field.accepts(option))).toBe(true);
      const words = `one of ${control.options.map((option) => `"${option}"`).join(", ")}`;
      expect([words, `${words}, true or false`]).toContain(field.expected);
    }
    if (control.kind !== "number") continue;
    const { min, max, step, sliderMax = max } = control;
    for (const legal of [min, max, min + step, sliderMax]) expect(field.accepts(legal)).toBe(true);
    for (const illegal of [min - step, max + step]) expect(field.accepts(illegal)).toBe(false);
  }
});

test("the page's own messages are all that is read", () => {
  const good = { type: "change" as const, id: 1, settings: { jpegQuality: 4 } };
  expect(parseChange(JSON.stringify(good))).toEqual(good);
  for (const text of [
    ...["", "{", "null", "[]", '"change"', "4", '{"type":"change"}'],
    ...['{"type":"change","id":"1","settings":{}}', '{"type":"change","id":1,"settings":[]}'],
    ...['{"type":"change","id":1,"settings":null}', '{"id":1,"settings":{}}', undefined],
  ]) {
    expect(parseChange(text)).toBeUndefined();
  }
});

describe("the server", () => {
  let server: PlaygroundServer;

  beforeAll(() => {
    server = new PlaygroundServer({ port: 0 });
  });

  afterAll(() => server.stop());

  /** Sends a text to `/settings`; gives its answer, or the code with which it was closed. */
  async function answer(text: string): Promise<unknown> {
    const socket = new WebSocket(new URL("settings", String(server.url).replace("http", "ws")));
    const messages: { type: string; id?: number }[] = [];
    let code: number | undefined;
    socket.onmessage = ({ data }) => messages.push(JSON.parse(String(data)));
    socket.onclose = (event) => {
      code = event.code;
    };
    socket.onopen = () => socket.send(text);
    const found = await waitFor("an answer", () => messages.find((m) => m.id === 1) ?? code);
    socket.close();
    return found;
  }
  const change = (settings: object) => JSON.stringify({ type: "change", id: 1, settings });

  test("changes nothing but what has a control", async () => {
    for (const name of [
      ...["watermarkPath", "display", "stripeHeader", "queueFrames", "toString"],
      ...["__proto__", "captureW", ""],
    ]) {
      const text = `{"type":"change","id":1,"settings":{"jpegQuality":30,"${name}":"/etc/passwd"}}`;
      const refusal = await answer(text);
      expect(refusal).toMatchObject({ type: "refused", code: "ERR_UNKNOWN_SETTING", field: name });
    }
    const refusal = await answer(change({ jpegQuality: 31, h264Crf: {} }));
    expect(refusal).toMatchObject({ code: "ERR_INVALID_SETTING", field: "h264Crf" });
    const taken = await answer(change({ h264Crf: 24 }));
    expect(taken).toMatchObject({ type: "settings", settings: { h264Crf: 24 } });
    expect(JSON.stringify(taken)).not.toContain('"jpegQuality":3');
    expect(JSON.stringify(taken)).not.toContain("watermarkPath");
  });

  test("closes on a message that is too long", async () => {
    expect(await answer(change({ jpegQuality: "x".repeat(2048) }))).toBeNumber();
  });

  test("lets in its own page and no other, and wants its token", async () => {
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    await using closed = new PlaygroundServer({ port: 0, token: "open-sesame-open" });
    for (const path of ["stream", "settings"]) {
      for (const origin of [
        "http://evil.example",
        "null",
        `https://127.0.0.1:${server.url.port}`,
      ]) {
        const headers = { ...upgrade, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", origin };
        const response = await fetch(new URL(path, server.url), { headers });
        expect(response.status).toBe(403);
      }
      expect((await fetch(new URL(path, server.url))).status).toBe(426);
      expect((await fetch(new URL(`${path}?token=open`, closed.url))).status).toBe(401);
      expect((await fetch(new URL(`${path}?token=open-sesame-open`, closed.url))).status).toBe(426);
    }
    expect(server.url.hostname).toBe("127.0.0.1");
  });

  test("keeps the sample watermark to itself, and removes it", async () => {
    const path = server.watermarkPath;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(existsSync(dirname(path))).toBe(false);
  });
});
