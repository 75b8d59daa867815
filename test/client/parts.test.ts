// SPDX-License-Identifier: MPL-2.0
// The player's small parts: who is told of events, and what is counted.
import { describe, expect, jest, test } from "bun:test";
import { PlayerEmitter } from "../../src/client/emitter.ts";
import { Meter } from "../../src/client/meter.ts";

describe("PlayerEmitter", () => {
  test("calls listeners in their order, as often as they were added, until they are taken away", () => {
    const emitter = new PlayerEmitter();
    const calls: string[] = [];
    const one = () => calls.push("one");
    const two = () => calls.push("two");
    emitter.add("state", one);
    emitter.add("state", two);
    emitter.add("state", one);
    emitter.emit("state", { name: "live" });
    emitter.remove("state", one);
    emitter.remove("stats", two);
    emitter.emit("state", { name: "live" });
    expect(calls).toEqual(["one", "two", "one", "two", "one"]);
    emitter.clear();
    emitter.emit("state", { name: "live" });
    expect(calls.length).toBe(5);
  });

  test("reports what a listener throws, and calls the others", () => {
    const report = jest.spyOn(globalThis, "reportError").mockImplementation(() => undefined);
    try {
      const emitter = new PlayerEmitter();
      const problem = new Error("of a listener");
      let calls = 0;
      emitter.add("error", () => {
        throw problem;
      });
      emitter.add("error", () => {
        calls += 1;
      });
      emitter.emit("error", new Error("of a stripe"));
      expect(calls).toBe(1);
      expect(report.mock.calls).toEqual([[problem]]);
    } finally {
      report.mockRestore();
    }
  });
});

describe("Meter", () => {
  test("counts since the start, and by laps", () => {
    const meter = new Meter();
    meter.connected();
    meter.received(100);
    meter.received(50);
    meter.shown(1);
    expect(meter.lap()).toMatchObject({ fps: 1, stripes: 2, bytes: 150, latencyMs: undefined });
    meter.connected();
    meter.received(1);
    meter.failed();
    expect(meter.lap()).toMatchObject({ fps: 0, stripes: 1, bytes: 1 });
    expect(meter.totals).toEqual({
      ...{ frames: 1, stripes: 3, bytes: 151, decodeErrors: 1, reconnects: 1 },
    });
  });

  test("knows the age of a frame once the server's clock is known, of this connection", () => {
    const meter = new Meter();
    meter.connected();
    const nowUs = () => performance.now() * 1000;
    meter.answered(performance.now(), nowUs());
    for (const [frameId, ageMs] of [
      [1, 30],
      [2, 900],
      [3, 40],
    ] as const) {
      meter.began(frameId, nowUs() - ageMs * 1000);
      meter.shown(frameId);
    }
    const { latencyMs, roundTripMs } = meter.lap();
    expect(latencyMs).toBeWithin(39, 300); // the median
    expect(roundTripMs).toBeGreaterThanOrEqual(0);
    meter.began(4, nowUs());
    meter.connected();
    meter.shown(4);
    expect(meter.lap()).toMatchObject({ latencyMs: undefined, roundTripMs: undefined });
  });
});
