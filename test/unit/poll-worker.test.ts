// SPDX-License-Identifier: MPL-2.0
import { afterEach, describe, expect, test } from "bun:test";
import { memoryUsage } from "../../src/index.ts";
import { PollWorker, programUrl } from "../../src/poll-worker.ts";
import { threadsOf } from "../support/proc.ts";
import { expectNothingLeft, makeCapture, rejection, startCounting } from "./synthetic.ts";

afterEach(expectNothingLeft);

/** The pool of this realm; a worker put here is the next one used. */
function pool(): PollWorker[] {
  const holder = globalThis as { [key: symbol]: PollWorker[] | undefined };
  return holder[Symbol.for("pixelflux-ffi.poll-workers")] ?? [];
}

const FAILURES: [string, string][] = [
  ["throws while it loads", 'throw new Error("broken");'],
  ["throws when it is asked", 'self.onmessage = () => { throw new Error("broken"); };'],
  [
    "reports that it cannot",
    'self.onmessage = () => postMessage({ kind: "failed", message: "broken" });',
  ],
  ["ends", "self.onmessage = () => process.exit(0);"],
];

describe.each(FAILURES)("a worker that %s", (_, source) => {
  test("fails the start with a typed error", async () => {
    pool().push(new PollWorker(programUrl(source)));
    const capture = makeCapture();
    const error = await rejection(capture.start(() => undefined));
    expect(error).toMatchObject({ name: "PixelfluxError", code: "ERR_NO_RESOURCE" });
    expect(capture.running).toBe(false);
    expect(memoryUsage().captureCount).toBe(0);
    await startCounting(capture);
    await capture.stop();
  });

  test("fails the loop with a typed error", async () => {
    pool().push(new PollWorker(programUrl(source)));
    const loop = async () => {
      for await (const stripe of makeCapture()) stripe.release();
    };
    expect((await rejection(loop())).code).toBe("ERR_NO_RESOURCE");
  });
});

/** Tells of news until the first frame is there, and fails a little later. */
const FAILS_LATER = `self.onmessage = () => {
  let told = 0;
  const timer = setInterval(() => {
    if (++told < 200) return postMessage({ kind: "news" });
    clearInterval(timer);
    throw new Error("broken later");
  }, 2);
};`;

describe("a failure while running", () => {
  test("in callback style is an error event, then a stop event", async () => {
    pool().push(new PollWorker(programUrl(FAILS_LATER)));
    const capture = makeCapture();
    const events: string[] = [];
    const ended = Promise.withResolvers<void>();
    capture.on("error", (error) => events.push(String(error)));
    capture.on("stop", () => {
      events.push("stop");
      ended.resolve();
    });
    const seen = await startCounting(capture);
    await ended.promise;
    expect(seen.count).toBeGreaterThan(0);
    expect(events).toHaveLength(2);
    expect(events[0]).toContain("broken later");
    expect(events[1]).toBe("stop");
    expect(capture.running).toBe(false);
    await capture.stop();
  });

  test("ends the loop by throwing, once", async () => {
    pool().push(new PollWorker(programUrl(FAILS_LATER)));
    const capture = makeCapture();
    const events: unknown[] = [];
    capture.on("error", (error) => events.push(error));
    const iterator = capture[Symbol.asyncIterator]();
    const loop = async () => {
      for await (const stripe of iterator) stripe.release();
    };
    expect((await rejection(loop())).message).toContain("broken later");
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(events).toEqual([]);
  });

  test("is told nobody after stop", async () => {
    pool().push(new PollWorker(programUrl(FAILS_LATER)));
    const capture = makeCapture();
    const events: unknown[] = [];
    capture.on("error", (error) => events.push(error));
    await startCounting(capture);
    await capture.stop();
    expect(events).toEqual([]);
  });
});

test("captures in turn use one worker, and no more than four rest", async () => {
  for (let round = 0; round < 3; round++) {
    const capture = makeCapture();
    await startCounting(capture);
    await capture.stop();
  }
  const before = threadsOf().length;
  for (let round = 0; round < 10; round++) {
    const capture = makeCapture();
    await startCounting(capture);
    await capture.stop();
  }
  expect(threadsOf().length).toBeLessThanOrEqual(before + 1);
  const captures = Array.from({ length: 8 }, () => makeCapture());
  await Promise.all(captures.map((capture) => startCounting(capture)));
  await Promise.all(captures.map((capture) => capture.stop()));
  expect(pool().length).toBe(4);
});
