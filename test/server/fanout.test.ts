// SPDX-License-Identifier: MPL-2.0
// The fan-out on real sockets: who is let in, what viewers may say, and that they see the screen.
import { describe, expect, test } from "bun:test";
import { memoryUsage } from "pixelflux-ffi";
import { fanout } from "pixelflux-ffi/server";
import { Crowd, QUICK } from "../support/crowd.ts";
import { waitFor } from "../support/process.ts";
import { RawViewer, UNLIMITED } from "../support/raw-viewer.ts";
import { FakeSource } from "./fake-feed.ts";
import { serve, watch } from "./serve.ts";

const display = "synthetic://320x240@30";

describe("who is let in", () => {
  const token = "0123456789abcdef";

  test("nobody without the token, from elsewhere, with an unknown codec, or beyond the limit", async () => {
    await using served = serve({ display }, { token, viewersMax: 2 });
    const refused = (query: string, headers = {}) =>
      watch(served.url, query, headers).then(
        () => "let in",
        (error: Error) => error.message.split(" ")[1],
      );
    expect(await refused("")).toBe("401");
    expect(await refused("?token=0123456789abcdee")).toBe("401");
    expect(await refused(`?token=${token}`, { Origin: "http://evil.example" })).toBe("403");
    expect(await refused(`?token=${token}&codec=vp9`)).toBe("400");
    expect(await refused(`?token=${token}`, { Origin: served.url.origin })).toBe("let in");
    expect(await refused("", { Authorization: `Bearer ${token}` })).toBe("let in");
    expect(await refused(`?token=${token}`)).toBe("503");
    expect(served.screen.stats().refused).toMatchObject({ token: 2, origin: 1, codec: 1, full: 1 });
  });

  test("a page that is no WebSocket is told why", async () => {
    await using served = serve({ display }, { token, viewersMax: 1 });
    const words = async (query: string) => {
      const response = await fetch(new URL(query, served.url));
      return `${response.status} ${await response.text()}`;
    };
    expect(await words("")).toBe("401 The token is missing or wrong.");
    expect(await words(`?token=${token}`)).toBe("426 This is a WebSocket.");
    await watch(served.url, `?token=${token}`);
    expect(await words(`?token=${token}`)).toStartWith("503 There are as many viewers");
    expect(served.screen.refusal(new Request(served.url))?.status).toBe(401);
  });

  test("nobody after stop(), which says goodbye", async () => {
    await using served = serve({ display });
    const { state } = await watch(served.url);
    await served.screen.stop();
    await waitFor("the close", () => state.closed);
    expect(state.closed).toBe(1001);
    expect(memoryUsage().captureCount).toBe(0);
    expect((await fetch(served.url)).status).toBe(503);
  });
});

describe("what viewers may say", () => {
  test("pings are answered, with the clock of the stripes", async () => {
    await using served = serve({ display });
    const { viewer, told } = await watch(served.url);
    viewer.send('{"type":"ping","sent":4.5}');
    const pong = await waitFor("the pong", () => told.find(({ type }) => type === "pong"));
    const frame = await waitFor("a frame", () => told.find(({ type }) => type === "frame"));
    expect(pong.sent).toBe(4.5);
    expect(Math.abs(Number(pong.timestamp) - Number(frame.timestamp))).toBeLessThan(60e6);
  });

  test("nonsense is borne, much of it is not", async () => {
    await using served = serve({ display });
    const { viewer, state } = await watch(served.url);
    for (const text of ["", "{", "[]", '{"type":"ack"}', '{"type":"ack","frameId":65536}']) {
      viewer.send(text);
    }
    viewer.send('{"type":"quality","quality":"high"}'); // not allowed here, but no nonsense
    const other = await watch(served.url);
    await waitFor("stripes", () => other.stripes.length > 5);
    expect(state.closed).toBeUndefined();
    for (let count = 0; count < 20; count++) viewer.send("nonsense");
    await waitFor("the close", () => state.closed);
    expect(state.closed).toBe(4001);
    expect(served.screen.stats().closed.misbehaved).toBe(1);
    const { length } = other.stripes;
    await waitFor("more stripes", () => other.stripes.length > length);
  });

  test("a flood is cut off, and so is a message that is too long", async () => {
    await using served = serve({ display });
    const flood = await watch(served.url);
    for (let count = 0; count < 1000; count++) flood.viewer.send('{"type":"keyframe"}');
    const long = await watch(served.url);
    long.viewer.send(`{"type":"ping","sent":1,"x":"${"x".repeat(5000)}"}`);
    await waitFor("the close", () => flood.state.closed && long.state.closed);
    expect(flood.state.closed).toBe(4001);
    expect([1009, "hung up"]).toContain(long.state.closed as number);
    expect(served.screen.viewerCount).toBe(0);
  });

  test("the quality, where it may, for everybody and no longer than the capture runs", async () => {
    await using served = serve({ display, jpegQuality: 70 }, { viewerQuality: true });
    const [one, two] = [await watch(served.url), await watch(served.url)];
    await waitFor("the screen", () => one.screen() && two.screen());
    expect(one.screen()?.quality).toBe("normal");
    one.viewer.send('{"type":"quality","quality":"low"}');
    await waitFor("the answer", () => two.screen()?.quality === "low");
    expect(served.capture.settings.jpegQuality).toBe(45);
    served.capture.update({ jpegQuality: 80 }); // the owner's word counts
    two.viewer.send('{"type":"quality","quality":"normal"}');
    await waitFor("the answer", () => one.screen()?.quality === "normal");
    expect(served.capture.settings.jpegQuality).toBe(80);
    one.viewer.send('{"type":"quality","quality":"high"}');
    await waitFor("the answer", () => one.screen()?.quality === "high");
    await served.screen.stop();
    expect(served.capture.settings.jpegQuality).toBe(80);
  });

  test("the codec, by its address: the other one is a capture of its own", async () => {
    await using served = serve({ display, outputMode: "h264" }, { idleMs: 0 });
    const [h264, jpeg] = [await watch(served.url), await watch(served.url, "?codec=jpeg")];
    await waitFor("stripes", () => h264.stripes.length > 9 && jpeg.stripes.length > 9);
    expect(new Set(h264.stripes.map(([mark]) => mark))).toEqual(new Set([4]));
    expect(new Set(jpeg.stripes.map(([mark]) => mark))).toEqual(new Set([3]));
    expect(jpeg.screen()).toMatchObject({ mode: "jpeg", codecs: ["h264", "jpeg"] });
    expect(memoryUsage().captureCount).toBe(2);
    jpeg.viewer.vanish();
    await waitFor("the second capture to end", () => memoryUsage().captureCount === 1);
  });
});

test("a server's own WebSockets work beside the fan-out's", async () => {
  const screen = fanout(new FakeSource("jpeg"));
  const heard: unknown[] = [];
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => {
      if (!request.url.endsWith("/own")) return screen.upgrade(request, server);
      return server.upgrade(request, { data: "mine" }) ? undefined : new Response(null);
    },
    websocket: screen.websocketWith<string>({
      data: "",
      maxPayloadLength: 5000,
      open: (socket) => {
        socket.send(`hello ${socket.data}`);
      },
      message: (_, text) => {
        heard.push(String(text).length);
      },
      close: ({ data }) => {
        heard.push(`bye ${data}`);
      },
    }),
  });
  const told: string[] = [];
  const onText = (text: string) => told.push(text);
  const own = await RawViewer.open(new URL("own", server.url), UNLIMITED, { onText });
  own.send("x".repeat(4000));
  await waitFor("the message", () => heard.length === 1 && told.length === 1);
  expect(told).toEqual(["hello mine"]);
  own.vanish();
  await waitFor("the close", () => heard.length === 2);
  expect(heard).toEqual([4000, "bye mine"]);
  const viewer = await watch(server.url);
  expect(screen.viewerCount).toBe(1);
  viewer.viewer.send("x".repeat(4000)); // the other's limit is not a viewer's
  await waitFor("the close", () => viewer.state.closed);
  expect(viewer.state.closed).toBe(1009);
  await screen.stop();
});

test("watch() keeps the capture running without a viewer", async () => {
  let stripes = 0;
  const onStripe = () => {
    stripes += 1;
  };
  await using served = serve({ display }, { onStripe, idleMs: 0 });
  expect(memoryUsage().captureCount).toBe(0);
  const stop = served.screen.watch();
  await waitFor("stripes", () => stripes > 10);
  expect(served.screen.prometheus()).toContain('pixelflux_running{codec="jpeg"} 1');
  stop();
  stop(); // once is enough
  await waitFor("the end", () => memoryUsage().captureCount === 0);
});

test("pause, resume, and a viewer that comes again: each time the whole picture", async () => {
  await using served = serve({ display, outputMode: "h264" });
  await using crowd = new Crowd();
  const rows = async (index: number) => (await crowd.report())[index]?.stripes ?? 0;
  const index = await crowd.join(served.url, QUICK);
  await waitFor("stripes", async () => (await rows(index)) > 0);
  await crowd.send(index, '{"type":"pause"}');
  await waitFor("silence", async () => (await rows(index)) === 0);
  expect(served.screen.stats().viewers[0]).toMatchObject({ paused: true });
  await crowd.send(index, '{"type":"resume"}');
  await waitFor("the picture", async () => (await rows(index)) > 0);
  await waitFor("it to be whole", () => served.screen.stats().viewers[0]?.behind === false);
  await crowd.vanish(index);
  await waitFor("it to be missed", () => served.screen.viewerCount === 0);
  const again = await crowd.join(served.url, QUICK);
  await waitFor("the picture", async () => (await rows(again)) > 0);
  await waitFor("it to be whole", () => served.screen.stats().viewers[0]?.behind === false);
});
