// SPDX-License-Identifier: MPL-2.0
// What ends, and what comes back: servers of the cluster, gateways and the publisher. Each time the
// gateways show the capture's picture again without anybody's doing.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { publishStripes } from "../../src/nats/index.ts";
import { waitFor } from "../support/process.ts";
import { NatsCluster } from "./cluster.ts";
import { drawSubject, Gateway, GatewayProcess } from "./gateway.ts";
import type { Received } from "./received.ts";
import { TeedSource } from "./teed-source.ts";

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await NatsCluster.start();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Waits until a gateway has all that is sent, and checks how it came to that. */
async function expectRecovered(received: Received, teed: TeedSource): Promise<void> {
  await received.caughtUp(teed);
  received.expectSound(teed);
  await received.expectPicture(teed);
  expect(received.errors).toEqual([]);
}

for (const [victim, whose] of [
  [1, "a gateway's server"],
  [0, "the publisher's server"],
] as const) {
  test(`${whose} is killed and comes back`, async () => {
    const subject = drawSubject();
    const teed = new TeedSource();
    await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
    await using first = await Gateway.start(await cluster.connect(1), subject);
    await using second = await Gateway.start(await cluster.connect(2), subject);
    await first.received.caughtUp(teed);
    await second.received.caughtUp(teed);
    await cluster.kill(victim);
    await expectRecovered(first.received, teed);
    await expectRecovered(second.received, teed);
    if (victim === 1) expect(second.received.gaps).toBe(0);
    await cluster.restart(victim);
    await expectRecovered(first.received, teed);
    expect(teed.startedCodecs).toEqual(["h264"]);
  });
}

test("all servers are killed and come back", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  const connection = await cluster.connect(0, { timeout: 1000 });
  await using publisher = publishStripes(teed, connection, { subject });
  await using gateway = await Gateway.start(await cluster.connect(1, { timeout: 1000 }), subject);
  await gateway.received.caughtUp(teed);
  await Promise.all([0, 1, 2].map((index) => cluster.kill(index)));
  const sent = teed.sent.size;
  await waitFor("the capture to go on", () => teed.sent.size > sent + 50);
  expect(publisher.stats().codecs[0]?.dropped).toBeGreaterThan(0);
  await Promise.all([0, 1, 2].map((index) => cluster.restart(index)));
  await waitFor("a server again", () => publisher.stats().connected);
  await expectRecovered(gateway.received, teed);
  expect(gateway.received.gaps).toBeGreaterThan(0);
});

test("a gateway is killed and started again", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using other = await Gateway.start(await cluster.connect(2), subject);
  const servers = [cluster.url(1)];
  await using first = new GatewayProcess(subject, "h264", servers);
  await first.received.caughtUp(teed);
  await first.kill();
  first.received.expectSound(teed);
  await using second = new GatewayProcess(subject, "h264", servers);
  await expectRecovered(second.received, teed);
  await expectRecovered(other.received, teed);
  expect(other.received.gaps).toBe(0);
});

test("the publisher is stopped and started again", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  const connection = await cluster.connect(0);
  await using gateway = await Gateway.start(await cluster.connect(1), subject);
  for (const gaps of [0, 1, 2]) {
    await using _publisher = publishStripes(teed, connection, { subject });
    await expectRecovered(gateway.received, teed);
    expect(gateway.received.gaps).toBe(gaps);
  }
});

test("the capture's machine is another one from now on", async () => {
  const subject = drawSubject();
  const teed = new TeedSource();
  await using gateway = await Gateway.start(await cluster.connect(1), subject);
  await using first = publishStripes(teed, await cluster.connect(0), { subject });
  await gateway.received.caughtUp(teed);
  const other = new TeedSource();
  await using _second = publishStripes(other, await cluster.connect(2), { subject });
  await waitFor("the other to have started", () => other.sent.size > 0);
  await waitFor("its stripes", () => {
    const key = gateway.received.stripes.at(-1)?.key;
    return key !== undefined && other.sent.has(key);
  });
  // The first one goes on, and nothing of it is mixed in.
  const count = gateway.received.stripes.length;
  const sent = teed.sent.size;
  await waitFor("the first to have sent more", () => teed.sent.size > sent + 30);
  await waitFor("the other's to have come", () => gateway.received.stripes.length > count + 30);
  const since = gateway.received.stripes.slice(count);
  expect(since.filter(({ key }) => !other.sent.has(key))).toEqual([]);
  expect(gateway.received.gaps).toBe(1);
  expect(gateway.stats.late).toBeGreaterThan(0);
  await first.stop();
});
