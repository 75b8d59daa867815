// SPDX-License-Identifier: MPL-2.0
// Whatever a player does again, and how soon.
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { KeyframeRequests } from "../../src/client/keyframe-requests.ts";
import { RetryPause } from "../../src/client/retry-pause.ts";
import { Throttle } from "../../src/client/throttle.ts";
import { waitFor } from "../support/process.ts";

describe("RetryPause", () => {
  test("doubles from half a second to ten, and begins again", () => {
    const pause = new RetryPause();
    const pauses = Array.from({ length: 7 }, () => pause.next(0));
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    pause.reset();
    expect(pause.next(0)).toBe(500);
  });

  test("leaves a quarter of it to chance", () => {
    expect(new RetryPause().next(1)).toBe(375);
    const pauses = new Set(Array.from({ length: 50 }, () => new RetryPause().next()));
    expect(pauses.size).toBeGreaterThan(10);
    for (const pauseMs of pauses) expect(pauseMs).toBeWithin(375, 501);
  });
});

describe("Throttle", () => {
  test("runs at once, then once an interval, and always after the last time", async () => {
    const runs: number[] = [];
    let asked = 0;
    const throttle = new Throttle(20, () => runs.push(asked));
    for (asked = 1; asked < 100; asked++) throttle.ask();
    asked = 100;
    throttle.ask();
    expect(runs).toEqual([1]);
    await waitFor("the second run", () => runs.length === 2);
    expect(runs).toEqual([1, 100]);
    throttle.ask();
    expect(runs.length).toBe(2);
    await waitFor("the third run", () => runs.length === 3);
    throttle.cancel();
  });

  test("runs no more when it is called off, until it is asked again", async () => {
    let runs = 0;
    const throttle = new Throttle(5, () => {
      runs += 1;
    });
    throttle.ask();
    throttle.ask();
    throttle.cancel();
    throttle.ask();
    expect(runs).toBe(2);
    throttle.ask();
    throttle.cancel();
    const later = new Promise((resolve) => setTimeout(resolve, 20));
    await later;
    expect(runs).toBe(2);
  });
});

describe("KeyframeRequests", () => {
  let nowMs = 1000;
  let spy: ReturnType<typeof jest.spyOn>;

  beforeEach(() => {
    spy = jest.spyOn(performance, "now").mockImplementation(() => nowMs);
  });

  afterEach(() => {
    spy.mockRestore();
  });

  function requestsWithLog() {
    const log = { sent: 0, isConnected: true };
    const requests = new KeyframeRequests(() => {
      if (log.isConnected) log.sent += 1;
      return log.isConnected;
    });
    return { log, requests };
  }

  test("go out at most once a second; one that came too soon goes out later", () => {
    const { log, requests } = requestsWithLog();
    for (let count = 0; count < 9; count++) requests.request();
    expect(log.sent).toBe(1);
    nowMs += 500;
    requests.tick();
    expect(log.sent).toBe(1);
    nowMs += 500;
    requests.tick();
    requests.tick();
    expect(log.sent).toBe(2);
  });

  test("are not needed any more when the picture is complete", () => {
    const { log, requests } = requestsWithLog();
    requests.request();
    requests.request();
    requests.mended();
    nowMs += 5000;
    requests.tick();
    expect(log.sent).toBe(1);
  });

  test("go out at once where all is begun anew, and count only when they were sent", () => {
    const { log, requests } = requestsWithLog();
    log.isConnected = false;
    requests.request();
    log.isConnected = true;
    requests.request();
    requests.repeat();
    expect(log.sent).toBe(2);
  });
});
