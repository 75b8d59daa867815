// SPDX-License-Identifier: MPL-2.0
// A publisher and two gateways on a cluster of three servers, without faults: who starts and stops
// what, and that the pictures are those of the capture.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { monotonicUs } from "../../src/index.ts";
import { publishStripes, type StripePublisher } from "../../src/nats/index.ts";
import type { Codec } from "../../src/server/feed.ts";
import { waitFor } from "../support/process.ts";
import { expectNothingLeft } from "../unit/synthetic.ts";
import { NatsCluster } from "./cluster.ts";
import { drawSubject, Gateway } from "./gateway.ts";
import { TeedSource } from "./teed-source.ts";

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await NatsCluster.start();
});
afterAll(() => cluster[Symbol.asyncDispose]());

function codecStats(publisher: StripePublisher, codec: Codec = "h264") {
  const stats = publisher.stats().codecs.find((entry) => entry.codec === codec);
  if (stats === undefined) throw new Error(`no ${codec}`);
  return stats;
}

for (const codec of ["h264", "jpeg"] as const) {
  test(`${codec}: two gateways on other servers show what the capture shows`, async () => {
    const subject = drawSubject();
    const teed = new TeedSource();
    await using publisher = publishStripes(teed, await cluster.connect(0), { subject });
    const first = await Gateway.start(await cluster.connect(1), subject, codec);
    await first.received.caughtUp(teed);
    const second = await Gateway.start(await cluster.connect(2), subject, codec);
    await second.received.caughtUp(teed);
    await first.received.caughtUp(teed);
    for (const { received, stats } of [first, second]) {
      received.expectSound(teed);
      await received.expectPicture(teed);
      expect(received.screens).toEqual([{ width: 640, height: 480, codec }]);
      expect(received.gaps).toBe(0);
      expect(stats).toMatchObject({ codec, complete: true, malformed: 0, late: 0 });
    }
    expect(codecStats(publisher, codec)).toMatchObject({ gateways: 2, starts: 1, dropped: 0 });
    // The first frame was complete by itself; the second gateway needed keyframes.
    expect(first.received.stripes[0]?.frameId).toBe(0);
    expect(teed.keyframeRequests).toBe(1);
    await first.feed.stop();
    await second.feed.stop();
  });
}

test("a gateway that comes to a still screen is complete by one keyframe", async () => {
  const subject = drawSubject();
  const teed = new TeedSource({
    ...{ display: "synthetic://640x480@0", usePaintOverQuality: false },
  });
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using first = await Gateway.start(await cluster.connect(1), subject);
  await waitFor("the first picture", () => first.stats.complete);
  await using second = await Gateway.start(await cluster.connect(2), subject);
  await waitFor("the second picture", () => second.stats.complete);
  expect(second.stats).toMatchObject({ keyframeRequests: 1, heldBack: 0 });
  expect(teed.keyframeRequests).toBe(1);
  second.received.expectSound(teed);
});

test("the capture runs while somebody watches, and idleMs longer", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using publisher = publishStripes(teed, await cluster.connect(0), { subject, idleMs: 300 });
  expect(teed.startedCodecs).toEqual([]);
  const { feed, received } = await Gateway.start(await cluster.connect(1), subject);
  await received.caughtUp(teed);
  expect(teed.startedCodecs).toEqual(["h264"]);
  await feed.stop();
  const count = received.stripes.length;
  await waitFor("the capture to stop", () => teed.running.size === 0);
  expect(codecStats(publisher)).toMatchObject({ running: false, gateways: 0, starts: 1 });
  expect(received.stripes.length).toBe(count);
  // And again, with the same feed.
  await feed.start(received);
  await received.caughtUp(teed);
  received.expectSound(teed);
  await received.expectPicture(teed);
  expect(codecStats(publisher)).toMatchObject({ running: true, gateways: 1, starts: 2 });
  await feed.stop();
});

test("a gateway that falls silent has gone after three seconds", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using publisher = publishStripes(teed, await cluster.connect(0), { subject, idleMs: 0 });
  const connection = await cluster.connect(1);
  const { received } = await Gateway.start(connection, subject);
  await received.caughtUp(teed);
  await connection.close();
  expect(codecStats(publisher)).toMatchObject({ running: true, gateways: 1 });
  await waitFor("the gateway to be forgotten", () => codecStats(publisher).gateways === 0);
  await waitFor("the capture to stop", () => teed.running.size === 0);
});

test("a gateway's clock is that of the publisher's machine", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  const { feed, received } = await Gateway.start(await cluster.connect(1), subject);
  await received.caughtUp(teed);
  // Both are on this machine, so the difference is the error: half a round trip and less.
  await waitFor("the clocks to agree", () => Math.abs(feed.nowUs() - monotonicUs()) < 20_000);
  await feed.stop();
});

test("a gateway that comes before its publisher waits for it", async () => {
  const subject = drawSubject();
  const gateway = await Gateway.start(await cluster.connect(1), subject);
  const { feed, received } = gateway;
  await waitFor("it to have asked", () => gateway.stats.keyframeRequests > 0);
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await received.caughtUp(teed);
  received.expectSound(teed);
  await received.expectPicture(teed);
  await feed.stop();
});

test("a publisher that is stopped leaves nothing, and its connection open", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  const connection = await cluster.connect(0);
  const publisher = publishStripes(teed, connection, { subject });
  const { feed, received } = await Gateway.start(await cluster.connect(1), subject);
  await received.caughtUp(teed);
  await Promise.all([publisher.stop(), publisher.stop()]);
  expect(teed.running.size).toBe(0);
  await expectNothingLeft();
  expect(publisher.stats().bufferedBytes).toBe(0);
  await connection.flush();
  const count = teed.sent.size;
  await feed.stop();
  await feed.start(received); // a new watch, which nobody answers
  await connection.flush();
  expect(teed.sent.size).toBe(count);
  await feed.stop();
});
