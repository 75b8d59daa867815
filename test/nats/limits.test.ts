// SPDX-License-Identifier: MPL-2.0
// What is large, slow, forbidden or over.
import { expect, test } from "bun:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { PixelfluxError } from "../../src/index.ts";
import { natsSource, publishStripes } from "../../src/nats/index.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { expectNothingLeft, rejection } from "../unit/synthetic.ts";
import { NatsCluster } from "./cluster.ts";
import { drawSubject, Gateway, GatewayProcess } from "./gateway.ts";
import { ManualSource } from "./manual-source.ts";
import { TeedSource } from "./teed-source.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;
const ONE = { count: 1 };

/** A publisher of stripes made by the test, with a gateway that watches. */
async function setUp(
  publishing: NatsConnection,
  watching: NatsConnection,
  bufferBytesMax?: number,
) {
  const subject = drawSubject();
  const source = new ManualSource();
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const publisher = publishStripes(source, publishing, { subject, bufferBytesMax, onError });
  const gateway = await Gateway.start(watching, subject, "jpeg");
  await waitFor("the feed to run", () => source.sink !== undefined);
  return { source, errors, publisher, gateway };
}

/** Bytes by a seed, whose place in the whole shows. */
function drawBytes(length: number, pick: (limit: number) => number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at >> 8) ^ at;
  for (let at = 0; at < length; at += 1000) bytes[at] = pick(256);
  return bytes;
}

test(`stripes larger than a message come whole ${label}`, async () => {
  await using cluster = await NatsCluster.start();
  const { source, gateway, publisher } = await setUp(
    await cluster.connect(0),
    await cluster.connect(1),
  );
  const pick = random(seed);
  const limit = 1 << 20;
  const edges = [7, limit - 513, limit - 512, limit - 511, limit, 2 * (limit - 512), 5_000_000];
  const sizes = [...edges, 7 + pick(4 << 20), 7 + pick(4 << 20)];
  for (const [index, size] of sizes.entries()) {
    const bytes = drawBytes(size, pick);
    const copy = bytes.slice(6);
    source.frame(bytes);
    await waitFor("the frame", () => gateway.received.lastFrameId === index);
    const last = gateway.received.stripes.at(-1);
    expect(last?.data.length).toBe(size);
    expect(Buffer.compare(last?.data.subarray(6) ?? new Uint8Array(), copy)).toBe(0);
  }
  expect(gateway.received.gaps).toBe(0);
  await waitFor("all to be given back", () => source.heldCount === 0);
  expect(publisher.stats().bufferedBytes).toBe(0);
  await gateway.feed.stop();
  await publisher.stop();
});

test("a server that does not read makes the publisher drop, not hoard", async () => {
  await using cluster = await NatsCluster.start({ count: 2 });
  const bufferBytesMax = 4 << 20;
  const { source, gateway, publisher } = await setUp(
    await cluster.connect(0),
    await cluster.connect(1),
    bufferBytesMax,
  );
  source.frame(new Uint8Array(1000));
  await waitFor("the first frame", () => gateway.received.lastFrameId === 0);
  cluster.signal(0, "SIGSTOP");
  for (let count = 0; count < 500; count++) {
    source.frame(new Uint8Array(200_000).fill(count));
    await Bun.sleep(0);
    expect(publisher.stats().bufferedBytes).toBeLessThanOrEqual(bufferBytesMax);
    expect(source.heldBytes).toBeLessThanOrEqual(bufferBytesMax);
  }
  const { dropped } = publisher.stats().codecs[0] as { dropped: number };
  expect(dropped).toBeGreaterThan(400);
  const requests = source.keyframeRequests;
  cluster.signal(0, "SIGCONT");
  await waitFor("the way to be free", () => publisher.stats().bufferedBytes === 0);
  await waitFor("a keyframe to be asked for", () => source.keyframeRequests > requests);
  source.frame(new Uint8Array(1000).fill(7));
  await waitFor("the gap", () => gateway.received.gaps > 0);
  await waitFor("the picture", () => gateway.received.stripes.at(-1)?.data[6] === 7);
  expect(source.heldCount).toBe(0);
  await gateway.feed.stop();
  await publisher.stop();
});

test("without any server nothing is hoarded either", async () => {
  await using cluster = await NatsCluster.start(ONE);
  const { source, gateway, publisher } = await setUp(
    await cluster.connect(0),
    await cluster.connect(0),
  );
  source.frame(new Uint8Array(1000));
  await waitFor("the first frame", () => gateway.received.lastFrameId === 0);
  await cluster.kill(0);
  await waitFor("the loss to be noticed", () => !publisher.stats().connected);
  for (let count = 0; count < 200; count++) source.frame(new Uint8Array(200_000));
  await waitFor("all to be given back", () => source.heldCount === 0);
  expect(publisher.stats().bufferedBytes).toBe(0);
  await cluster.restart(0);
  await waitFor("a server", () => publisher.stats().connected && source.keyframeRequests > 0);
  await waitFor("the picture", () => {
    source.frame(new Uint8Array(1000).fill(7));
    return gateway.received.stripes.at(-1)?.data[6] === 7;
  });
  expect(gateway.received.gaps).toBeGreaterThan(0);
  await gateway.feed.stop();
  await publisher.stop();
});

test("a gateway that does not read is cut by its server, delays nobody, and comes back", async () => {
  const config = 'max_pending: 1048576\nwrite_deadline: "1s"';
  await using cluster = await NatsCluster.start({ config });
  const subject = drawSubject();
  const teed = new TeedSource({ jpegQuality: 100, paintOverJpegQuality: 100 });
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using other = await Gateway.start(await cluster.connect(2), subject, "jpeg");
  await using slow = new GatewayProcess(subject, "jpeg", [cluster.url(1)]);
  await slow.received.caughtUp(teed);
  slow.signal("SIGSTOP");
  await waitFor("the server to cut it", () => cluster.log(1).includes("Slow Consumer"), 60_000);
  slow.signal("SIGCONT");
  await waitFor("it to connect again", () => slow.statuses.includes("reconnect"));
  await slow.received.caughtUp(teed);
  slow.received.expectSound(teed);
  await slow.received.expectPicture(teed);
  expect(slow.received.gaps).toBeGreaterThan(0);
  await other.received.caughtUp(teed);
  other.received.expectSound(teed);
  expect(other.received.gaps).toBe(0);
});

test("a connection that is closed fails feeds and stops the publisher", async () => {
  await using cluster = await NatsCluster.start(ONE);
  const [publishing, watching] = [await cluster.connect(0), await cluster.connect(0)];
  const { source, gateway, publisher, errors } = await setUp(publishing, watching);
  source.frame(new Uint8Array(1000));
  await waitFor("the frame", () => gateway.received.lastFrameId === 0);
  await watching.close();
  await waitFor("the failure", () => gateway.received.errors.length === 1);
  expect(gateway.received.errors[0]).toMatchObject({ code: "ERR_MESSAGING" });
  expect(String(gateway.received.errors[0])).toContain("maxReconnectAttempts");
  expect((await rejection(gateway.feed.start(gateway.received))).code).toBe("ERR_MESSAGING");
  await gateway.feed.stop();
  await publishing.close();
  await waitFor("the error", () => errors.length === 1);
  expect(errors[0]).toMatchObject({ code: "ERR_MESSAGING" });
  await waitFor("the feed to stop", () => source.sink === undefined);
  expect(source.heldCount).toBe(0);
  await publisher.stop();
  expect(() => publishStripes(source, publishing, { subject: "late" })).toThrow(PixelfluxError);
});

test("a publisher's failures reach the gateways, which may try again", async () => {
  await using cluster = await NatsCluster.start();
  const subject = drawSubject();
  const source = new ManualSource();
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const publishing = await cluster.connect(0);
  await using _publisher = publishStripes(source, publishing, { subject, onError });
  source.refusal = new Error("no such display");
  const gateway = await Gateway.start(await cluster.connect(1), subject, "jpeg");
  const { received, feed } = gateway;
  await waitFor("the failure", () => received.errors.length === 1);
  expect(received.errors[0]).toMatchObject({ code: "ERR_PUBLISHER" });
  expect(String(received.errors[0])).toContain("no such display");
  expect(errors).toEqual([source.refusal]);
  // At once again: the publisher does not try as often as it is asked.
  await feed.start(received);
  await waitFor("the failure again", () => received.errors.length === 2);
  expect(source.startCount).toBe(1);
  source.refusal = undefined;
  await waitFor("the feed to run", async () => {
    if (!gateway.stats.running) await feed.start(received);
    return source.sink !== undefined;
  });
  source.frame(new Uint8Array(100));
  await waitFor("the frame", () => received.lastFrameId === 0);
  // And one that runs ends by itself.
  const count = received.errors.length;
  source.sink?.fail(new Error("display lost"));
  await waitFor("the failure", () => received.errors.length > count);
  expect(String(received.errors.at(-1))).toContain("display lost");
  await feed.stop();
});

test("a codec that the publisher does not have is refused in words", async () => {
  await using cluster = await NatsCluster.start(ONE);
  const subject = drawSubject();
  const connection = await cluster.connect(0);
  await using _publisher = publishStripes(new ManualSource(), connection, { subject });
  const { received } = await Gateway.start(await cluster.connect(0), subject, "h264");
  await waitFor("the refusal", () => received.errors.length === 1);
  expect(String(received.errors[0])).toContain("The publisher has no h264, but jpeg");
});

test("subjects that the server forbids are said", async () => {
  const config = `authorization { users = [
    { user: "all", password: "secret" }
    { user: "none", password: "secret", permissions: { subscribe: { deny: ["test.>"] } } }
  ] }`;
  await using cluster = await NatsCluster.start({ ...ONE, config, user: "all", pass: "secret" });
  const none = await cluster.connect(0, { user: "none", pass: "secret" });
  const { received } = await Gateway.start(none, drawSubject());
  await waitFor("the refusal", () => received.errors.length === 1);
  expect(received.errors[0]).toMatchObject({ code: "ERR_MESSAGING" });
  expect(String(received.errors[0])).toContain("permission");
  const errors: unknown[] = [];
  const options = { subject: drawSubject(), onError: (error: unknown) => errors.push(error) };
  await using _publisher = publishStripes(new ManualSource(), none, options);
  await waitFor("all three refusals", () => errors.length === 3);
  expect(errors[0]).toMatchObject({ code: "ERR_MESSAGING" });
});

test("keyframe requests of many gateways are few for the capture", async () => {
  await using cluster = await NatsCluster.start();
  const subject = drawSubject();
  const source = new ManualSource();
  await using publisher = publishStripes(source, await cluster.connect(0), { subject });
  const connections = [await cluster.connect(1), await cluster.connect(2)];
  const gateways = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      Gateway.start(connections[index % 2] as NatsConnection, subject, "jpeg"),
    ),
  );
  const stats = () => publisher.stats().codecs[0] as { gateways: number; keyframeRequests: number };
  await waitFor("all gateways", () => stats().gateways === 40);
  source.frame(new Uint8Array(100));
  await waitFor("all to be complete", () => gateways.every(({ stats: { complete } }) => complete));
  const before = { asked: stats().keyframeRequests, served: source.keyframeRequests };
  for (const { feed } of gateways) feed.requestKeyframe();
  await waitFor("all requests", () => stats().keyframeRequests === before.asked + 40);
  await waitFor("the last to be served", () => source.keyframeRequests > before.served);
  expect(source.keyframeRequests - before.served).toBeLessThanOrEqual(2);
  await Promise.all(gateways.map(({ feed }) => feed.stop()));
  await waitFor("all to have left", () => stats().gateways === 0);
});

test("a feed cannot be started twice, but stopped, and needs no capture here", async () => {
  await using cluster = await NatsCluster.start(ONE);
  const source = natsSource(await cluster.connect(0), { subject: drawSubject() });
  expect(source.codecs).toEqual(["h264", "jpeg"]);
  const gateway = await Gateway.start(await cluster.connect(0), drawSubject());
  expect((await rejection(gateway.feed.start(gateway.received))).code).toBe("ERR_ALREADY_RUNNING");
  await gateway.feed.stop();
  await gateway.feed.stop();
  await expectNothingLeft();
});
