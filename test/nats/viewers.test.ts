// SPDX-License-Identifier: MPL-2.0
// The whole way: a capture, three servers, two gateways, and on each a viewer at a WebSocket. What
// the viewers are sent is sound, and whole again after servers and gateways have ended.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { parseServerMessage } from "../../src/client/messages.ts";
import { monotonicUs } from "../../src/index.ts";
import { natsSource, publishStripes } from "../../src/nats/index.ts";
import { fanout } from "../../src/server/index.ts";
import { parseStripe } from "../../src/wire.ts";
import { waitFor } from "../support/process.ts";
import { RawViewer, UNLIMITED } from "../support/raw-viewer.ts";
import { NatsCluster } from "./cluster.ts";
import { drawSubject } from "./gateway.ts";
import { Received } from "./received.ts";
import { TeedSource } from "./teed-source.ts";

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await NatsCluster.start();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** A gateway as its machine would run it. */
function serve(connection: NatsConnection, subject: string, port = 0) {
  const screen = fanout(natsSource(connection, { subject }), { onError: () => undefined });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch: (request, bun) => screen.upgrade(request, bun),
    websocket: screen.websocket,
  });
  return {
    screen,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await screen.stop();
      await server.stop(true);
    },
  };
}

/**
 * A viewer of H.264 as a browser is one, which keeps what it is sent. A frame's message tells when
 * one of its stripes was grabbed; which of the stripes sent each one is follows from that.
 */
class RecordingViewer {
  readonly #teed: TeedSource;
  readonly received = new Received();
  readonly failures: string[] = [];
  closed = false;
  #viewer: RawViewer | undefined;
  #timestamp = 0;

  private constructor(teed: TeedSource) {
    this.#teed = teed;
  }

  static async open(url: URL, teed: TeedSource): Promise<RecordingViewer> {
    const recording = new RecordingViewer(teed);
    recording.#viewer = await RawViewer.open(url, UNLIMITED, {
      onText: (text) => recording.#hear(text),
      onBinary: (bytes) => recording.#take(bytes.slice()),
      onClose: () => {
        recording.closed = true;
      },
    });
    return recording;
  }

  close(): void {
    this.#viewer?.vanish();
  }

  #hear(text: string): void {
    const message = parseServerMessage(text);
    if (message?.type === "frame") this.#timestamp = message.timestamp;
    if (message?.type === "end") this.received.endFrame(message.frameId);
    if (message?.type === "failure") this.failures.push(message.message);
    if (message?.type === "screen") {
      const { width, height, mode: codec } = message;
      this.received.screen({ width, height, codec });
    }
  }

  #take(data: Uint8Array): void {
    const wire = parseStripe(data);
    const { type, keyframe, frameId = 0, y: stripeYStart = 0 } = wire;
    const size = { width: wire.width ?? 0, stripeHeight: wire.height ?? 0 };
    const timestamp = this.#teed.timestampOf(frameId, stripeYStart, this.#timestamp);
    const place = { type, frameId, x: 0, stripeYStart, ...size, keyframe, timestamp };
    this.received.stripe({ ...place, data, release: () => undefined });
  }
}

async function expectWhole({ received }: RecordingViewer, teed: TeedSource): Promise<void> {
  await received.caughtUp(teed);
  received.expectSound(teed);
  await received.expectPicture(teed);
}

test("viewers of two gateways outlive each server of three", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using first = serve(await cluster.connect(1), subject);
  await using second = serve(await cluster.connect(2), subject);
  const viewers = [
    await RecordingViewer.open(first.url, teed),
    await RecordingViewer.open(second.url, teed),
  ];
  for (const viewer of viewers) await expectWhole(viewer, teed);
  for (const index of [1, 0, 2]) {
    await cluster.kill(index);
    for (const viewer of viewers) await expectWhole(viewer, teed);
    await cluster.restart(index);
  }
  const late = await RecordingViewer.open(first.url, teed);
  await expectWhole(late, teed);
  for (const viewer of [...viewers, late]) {
    expect(viewer.closed).toBe(false);
    expect(viewer.failures).toEqual([]);
    viewer.close();
  }
  expect(teed.startedCodecs).toEqual(["h264"]);
});

test("a gateway ends, and its viewers come back to the next one", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using other = serve(await cluster.connect(2), subject);
  const neighbour = await RecordingViewer.open(other.url, teed);
  const connection = await cluster.connect(1);
  const gateway = serve(connection, subject);
  const port = Number(gateway.url.port);
  const viewer = await RecordingViewer.open(gateway.url, teed);
  await expectWhole(viewer, teed);
  // As if the machine went: nothing is said, and the connections are gone.
  await connection.close();
  await gateway[Symbol.asyncDispose]();
  await waitFor("the viewer to be cut", () => viewer.closed);
  await using again = serve(await cluster.connect(1), subject, port);
  const back = await RecordingViewer.open(again.url, teed);
  await expectWhole(back, teed);
  await expectWhole(neighbour, teed);
  back.close();
  neighbour.close();
});

test("viewers are told why there is nothing, and a new one is when there is", async () => {
  const subject = drawSubject();
  const settings = { display: ":4711" };
  const bad = new TeedSource(settings);
  const options = { subject, onError: () => undefined };
  const publisher = publishStripes(bad, await cluster.connect(0), options);
  await using gateway = serve(await cluster.connect(1), subject);
  const viewer = await RecordingViewer.open(gateway.url, bad);
  await waitFor("the reason", () => viewer.failures.length > 0 && viewer.closed);
  expect(viewer.failures[0]).toContain(":4711");
  await publisher.stop();
  const teed = new TeedSource();
  await using _good = publishStripes(teed, await cluster.connect(0), { subject });
  const next = await RecordingViewer.open(gateway.url, teed);
  await expectWhole(next, teed);
  next.close();
});

test("the way over NATS measures as late as it is", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using gateway = serve(await cluster.connect(1), subject);
  const pongs: number[] = [];
  const viewer = await RawViewer.open(gateway.url, UNLIMITED, {
    onText: (text) => {
      const message = parseServerMessage(text);
      // Both clocks are this machine's: the pong's time lies between sending and now.
      if (message?.type === "pong") pongs.push(message.timestamp / 1000 - message.sent);
    },
  });
  await waitFor("a pong that is right", () => {
    viewer.send(JSON.stringify({ type: "ping", sent: monotonicUs() / 1000 }));
    return Math.abs(pongs.at(-1) ?? Number.NaN) < 50;
  });
  viewer.vanish();
});
