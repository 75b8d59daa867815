// SPDX-License-Identifier: MPL-2.0
// The parts that decide: order of messages, rows that can be decoded, parts, requests, watchers.
import { expect, test } from "bun:test";
import { RequestMerger } from "../../src/nats/merger.ts";
import type { RowMessage, StripePlace } from "../../src/nats/message.ts";
import { cut, PartJoiner } from "../../src/nats/parts.ts";
import { RowSync } from "../../src/nats/row-sync.ts";
import { SequenceTracker } from "../../src/nats/sequence.ts";
import { SILENCE_MS, Watchers } from "../../src/nats/watchers.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";

const seed = seedOfRun();
const label = `(PF_SEED=${seed})`;
const [A, B] = ["a".repeat(16), "b".repeat(16)] as const;

test("the sequence tells what is missing", () => {
  const order = new SequenceTracker();
  const take = (epoch: string, sequence: number, nowMs = 0) =>
    order.take({ epoch, sequence }, nowMs);
  expect(take(A, 7)).toBe("first");
  expect(take(A, 8)).toBe("next");
  expect(take(A, 8)).toBe("late");
  expect(take(A, 10)).toBe("gap");
  expect(take(A, 9)).toBe("late");
  expect(take(A, 11)).toBe("next");
  expect(order.epoch).toBe(A);
  expect(take(B, 1)).toBe("gap");
  expect(order.epoch).toBe(B);
  expect(take(A, 12)).toBe("late");
  expect(take(A, 1000)).toBe("late");
  expect(take(B, 2)).toBe("next");
});

test("an epoch that was over is the stream again when nothing else has come for long", () => {
  const order = new SequenceTracker();
  order.take({ epoch: A, sequence: 5 }, 0);
  order.take({ epoch: B, sequence: 9 }, 1000);
  expect(order.take({ epoch: A, sequence: 6 }, 2900)).toBe("late");
  expect(order.take({ epoch: A, sequence: 7 }, 3000)).toBe("gap");
  expect(order.take({ epoch: A, sequence: 8 }, 3001)).toBe("next");
  expect(order.take({ epoch: B, sequence: 10 }, 3002)).toBe("late");
  // A sequence that nobody sent does not silence the stream for ever either.
  expect(order.take({ epoch: A, sequence: 2 ** 53 - 1 }, 3003)).toBe("gap");
  expect(order.take({ epoch: A, sequence: 9 }, 3004)).toBe("late");
  expect(order.take({ epoch: A, sequence: 90 }, 5003)).toBe("gap");
  expect(order.take({ epoch: A, sequence: 91 }, 5004)).toBe("next");
});

function place(change: Partial<StripePlace>): StripePlace {
  return {
    ...{ type: "h264", frameId: 0, x: 0, stripeYStart: 0, width: 64, stripeHeight: 32 },
    ...{ keyframe: false, timestamp: 0, ...change },
  };
}

test("no row goes on before its keyframe, and no copy before all rows have one", () => {
  const rows = new RowSync();
  rows.reset(64, 48);
  const low = { stripeYStart: 32, stripeHeight: 16 };
  expect(rows.admit(place({}))).toBe(false);
  expect(rows.admit(place({ keyframe: true }))).toBe(true);
  expect(rows.admit(place({}))).toBe(true);
  expect(rows.admit(place({ stripeHeight: 16 }))).toBe(false);
  expect(rows.admit(place(low))).toBe(false);
  expect(rows.isComplete).toBe(false);
  expect(rows.admit(place({ type: "copy" }))).toBe(false);
  expect(rows.admit(place({ ...low, keyframe: true }))).toBe(true);
  expect(rows.isComplete).toBe(true);
  expect(rows.admit(place({ type: "copy" }))).toBe(true);
  rows.reset(64, 48);
  expect(rows.isComplete).toBe(false);
  expect(rows.admit(place({}))).toBe(false);
});

test("a JPEG that is narrower than the picture leaves its rows unknown", () => {
  const rows = new RowSync();
  rows.reset(64, 32);
  const jpeg = { type: "jpeg", keyframe: true } as const;
  expect(rows.admit(place({ ...jpeg, x: 16, width: 48 }))).toBe(true);
  expect(rows.admit(place({ ...jpeg, width: 48 }))).toBe(true);
  expect(rows.isComplete).toBe(false);
  expect(rows.admit(place(jpeg))).toBe(true);
  expect(rows.isComplete).toBe(true);
});

function partsOf(data: Uint8Array, messageBytesMax: number, frameId = 1): RowMessage[] {
  const parts = cut(data, messageBytesMax);
  return parts.map((bytes, index) => ({
    ...place({ type: "jpeg", keyframe: true, frameId }),
    ...{ epoch: A, sequence: index + 1, part: index + 1, partCount: parts.length, data: bytes },
  }));
}

test(`what is cut is put together again ${label}`, () => {
  const pick = random(seed);
  const joiner = new PartJoiner();
  for (let round = 0; round < 300; round++) {
    const data = Uint8Array.from({ length: 1 + pick(5000) }, () => pick(256));
    const messages = partsOf(data, 512 + 1 + pick(2000));
    const taken = messages.map((message) => joiner.take(message));
    expect(taken.slice(0, -1).every((result) => result === "more")).toBe(true);
    expect(taken.at(-1)).toEqual(data);
    if (messages.length === 1) expect(taken[0]).toBe(messages[0]?.data as Uint8Array);
  }
});

test("parts that do not follow each other are no stripe", () => {
  const joiner = new PartJoiner();
  const data = new Uint8Array(3000);
  const [first, second, third] = partsOf(data, 1512) as [RowMessage, RowMessage, RowMessage];
  expect(joiner.take(third)).toBe("rest"); // as to somebody who has just come
  expect(joiner.take(first)).toBe("more");
  expect(joiner.take(third)).toBe("malformed");
  expect(joiner.take(first)).toBe("more");
  expect(joiner.take({ ...second, frameId: 2 })).toBe("malformed");
  expect(joiner.take(first)).toBe("more");
  expect(joiner.take({ ...second, stripeYStart: 16 })).toBe("malformed");
  expect(joiner.take(first)).toBe("more");
  expect(joiner.take({ ...second, partCount: 4 })).toBe("malformed");
  expect(joiner.take(first)).toBe("more");
  joiner.reset();
  expect(joiner.take(second)).toBe("rest");
  for (const message of [first, second]) expect(joiner.take(message)).toBe("more");
  expect(joiner.take(third)).toEqual(data);
});

test("parts without an end are given up", () => {
  const joiner = new PartJoiner();
  const data = new Uint8Array(1 << 20);
  const [first] = partsOf(data, 1 << 19) as [RowMessage];
  const part = { ...first, partCount: 1000, data };
  let result: ReturnType<PartJoiner["take"]> = "more";
  let count = 0;
  while (result === "more") result = joiner.take({ ...part, part: ++count });
  expect(result).toBe("malformed");
  expect(count).toBe(65); // of 64 MiB
});

test("requests within the interval are served at its start and its end", async () => {
  const served: number[] = [];
  const merger = new RequestMerger(50, () => served.push(performance.now()));
  for (let count = 0; count < 100; count++) merger.request();
  expect(served.length).toBe(1);
  await waitFor("the second", () => served.length === 2);
  expect((served[1] ?? 0) - (served[0] ?? 0)).toBeGreaterThanOrEqual(49);
  merger.request();
  merger.reset();
  merger.request(); // at once, and what waited is dropped
  expect(served.length).toBe(3);
  await Bun.sleep(60);
  expect(served.length).toBe(3);
});

test("watchers are those that were heard lately", () => {
  const watchers = new Watchers();
  expect(watchers.idleMs(100)).toBe(100);
  watchers.heard(A, 0);
  watchers.heard(B, 1000);
  watchers.sweep(SILENCE_MS);
  expect(watchers.count).toBe(2);
  expect(watchers.idleMs(SILENCE_MS)).toBe(0);
  watchers.sweep(SILENCE_MS + 1);
  expect(watchers.count).toBe(1);
  watchers.left(B, 5000);
  watchers.left(B, 6000);
  expect(watchers.idleMs(7000)).toBe(2000);
  watchers.heard(A, 7000);
  watchers.clear(8000);
  expect(watchers.idleMs(8500)).toBe(500);
  for (let id = 0; id < 10_000; id++) expect(watchers.heard(String(id), 0)).toBe(true);
  expect(watchers.heard("one more", 0)).toBe(false);
  expect(watchers.heard("5", 0)).toBe(true);
});
