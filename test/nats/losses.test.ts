// SPDX-License-Identifier: MPL-2.0
// Messages that get lost, come twice, late or in another order, between the server and a gateway's
// feed. What the feed hands out stays sound, and becomes whole.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Msg } from "@nats-io/transport-node";
import { publishStripes } from "../../src/nats/index.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { NatsCluster } from "./cluster.ts";
import { type Fault, faulty } from "./faulty.ts";
import { drawSubject, Gateway } from "./gateway.ts";
import { TeedSource } from "./teed-source.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;

let cluster: NatsCluster;

beforeAll(async () => {
  // So small that keyframes come in parts.
  cluster = await NatsCluster.start({ count: 1, config: "max_payload: 4096" });
});
afterAll(() => cluster[Symbol.asyncDispose]());

const pass: Fault = (_message, handOn) => handOn();

/** A publisher, and a gateway that its messages reach through `fault.now`. */
async function setUp(codec: "h264" | "jpeg", fault: { now: Fault }) {
  const subject = drawSubject();
  const teed = new TeedSource({ jpegQuality: 90 });
  const publisher = publishStripes(teed, await cluster.connect(0), { subject });
  const gateway = await Gateway.start(faulty(await cluster.connect(0), fault), subject, codec);
  await gateway.received.caughtUp(teed);
  return { teed, gateway, publisher, [Symbol.asyncDispose]: () => publisher.stop() };
}

/** Runs a fault until the gateway has noticed so many gaps; then the picture has to become whole. */
async function heals(codec: "h264" | "jpeg", gaps: number, makeFault: () => Fault): Promise<void> {
  const fault = { now: pass };
  await using world = await setUp(codec, fault);
  const { gateway, teed } = world;
  fault.now = makeFault();
  await waitFor(`${gaps} gaps`, () => gateway.received.gaps >= gaps, 60_000);
  fault.now = pass;
  await gateway.received.caughtUp(teed);
  gateway.received.expectSound(teed);
  await gateway.received.expectPicture(teed);
  expect(gateway.stats.malformed).toBe(0);
  await gateway.feed.stop();
}

const isPart = ({ headers }: Msg) => headers?.has("Part") ?? false;

for (const codec of ["h264", "jpeg"] as const) {
  test(`${codec}: one message in twenty is lost ${label}`, async () => {
    const pick = random(seed);
    await heals(codec, 8, () => (_message, handOn) => {
      if (pick(20) !== 0) handOn();
    });
  });

  test(`${codec}: messages are lost in runs, a whole second too ${label}`, async () => {
    const pick = random(seed + 1);
    let lost = 0;
    await heals(codec, 5, () => (_message, handOn) => {
      if (lost === 0 && pick(40) === 0) lost = 1 + pick(200);
      if (lost > 0) lost -= 1;
      else handOn();
    });
  });
}

test(`messages that come twice or long after others change nothing ${label}`, async () => {
  const fault = { now: pass };
  await using world = await setUp("h264", fault);
  const { gateway, teed } = world;
  const pick = random(seed + 2);
  const kept: (() => void)[] = [];
  fault.now = (_message, handOn) => {
    handOn();
    if (pick(3) === 0) handOn();
    kept.push(handOn);
    if (kept.length > 30) kept.splice(pick(kept.length), 1)[0]?.();
  };
  await waitFor("many of them", () => gateway.stats.late > 200, 60_000);
  expect(gateway.received.gaps).toBe(0);
  fault.now = pass;
  await gateway.received.caughtUp(teed);
  gateway.received.expectSound(teed);
  await gateway.received.expectPicture(teed);
  await gateway.feed.stop();
});

test(`messages that change places are a gap, and then late ${label}`, async () => {
  const pick = random(seed + 3);
  let waiting: (() => void) | undefined;
  await heals("h264", 8, () => (_message, handOn) => {
    const held = waiting;
    waiting = undefined;
    if (held === undefined && pick(15) === 0) waiting = handOn;
    else handOn();
    held?.();
  });
});

test(`parts of stripes are lost ${label}`, async () => {
  const fault = { now: pass };
  await using world = await setUp("jpeg", fault);
  const { gateway, teed } = world;
  const pick = random(seed + 4);
  let parts = 0;
  fault.now = (message, handOn) => {
    if (isPart(message)) parts += 1;
    if (!isPart(message) || pick(30) !== 0) handOn();
  };
  await waitFor("8 gaps", () => gateway.received.gaps >= 8, 60_000);
  fault.now = pass;
  expect(parts).toBeGreaterThan(100);
  await gateway.received.caughtUp(teed);
  gateway.received.expectSound(teed);
  await gateway.received.expectPicture(teed);
  await gateway.feed.stop();
});

test("a loss is noticed on a still screen too", async () => {
  const subject = drawSubject();
  const fault = { now: pass };
  const teed = new TeedSource({ display: "synthetic://640x480@0", paintOverTriggerFrames: 1 });
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using gateway = await Gateway.start(faulty(await cluster.connect(0), fault), subject);
  await waitFor("the picture", () => gateway.stats.complete);
  let lost = 0;
  fault.now = (message, handOn) => {
    if (message.headers?.get("Kind") !== "beat") lost += 1;
    else handOn();
  };
  teed.requestKeyframe();
  await waitFor("keyframes to be lost", () => lost > 0);
  fault.now = pass;
  await waitFor("the gap", () => gateway.received.gaps > 0);
  await waitFor("the picture again", () => gateway.stats.complete);
  gateway.received.expectSound(teed);
});

test("one gap is asked for once, whoever asks", async () => {
  const subject = drawSubject();
  const fault = { now: pass };
  const teed = new TeedSource();
  await using _publisher = publishStripes(teed, await cluster.connect(0), { subject });
  await using gateway = await Gateway.start(faulty(await cluster.connect(0), fault), subject);
  await gateway.received.caughtUp(teed);
  const first = gateway.stats.messages;
  await waitFor("the first requests to be over", () => gateway.stats.messages > first + 100);
  const { received, feed } = gateway;
  received.onGap = () => feed.requestKeyframe(); // as a fan-out does for its viewers
  const before = { asked: gateway.stats.keyframeRequests, served: teed.keyframeRequests };
  let lost = 0;
  fault.now = (_message, handOn) => {
    lost += 1;
    if (lost !== 1) handOn();
  };
  await waitFor("the gap", () => received.gaps > 0);
  const count = gateway.stats.messages;
  await waitFor("a second's messages", () => gateway.stats.messages > count + 150);
  await received.caughtUp(teed);
  expect(gateway.stats.keyframeRequests - before.asked).toBe(1);
  expect(teed.keyframeRequests - before.served).toBe(1);
});

test("while everything is lost keyframes are asked for twice a second at most", async () => {
  const fault = { now: pass };
  await using world = await setUp("h264", fault);
  const { gateway, teed } = world;
  const before = gateway.stats.keyframeRequests;
  const startMs = performance.now();
  let stripes = 0;
  fault.now = (message, handOn) => {
    // Every stripe is lost: each frame's end is a new gap.
    if (message.headers?.has("Kind")) handOn();
    else stripes += 1;
  };
  await waitFor("hundreds of stripes", () => stripes > 400, 60_000);
  expect(gateway.received.gaps).toBeGreaterThan(30);
  const requests = gateway.stats.keyframeRequests - before;
  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThanOrEqual((performance.now() - startMs) / 500 + 1);
  fault.now = pass;
  await gateway.received.caughtUp(teed);
  gateway.received.expectSound(teed);
  await gateway.feed.stop();
});
