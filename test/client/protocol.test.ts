// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { ServerClock } from "../../src/client/clock.ts";
import { codecString, nalUnitIndex } from "../../src/client/h264.ts";
import { parseServerMessage, parseViewerMessage } from "../../src/client/messages.ts";

describe("codecString", () => {
  const sps = [0x67, 0x42, 0xc0, 0x1f, 0xda];
  const pps = [0x68, 0xce, 0x3c, 0x80];

  test("reads profile, constraints and level behind either start code", () => {
    expect(codecString(Uint8Array.from([0, 0, 0, 1, ...sps, 0, 0, 1, ...pps]))).toBe("avc1.42c01f");
    expect(codecString(Uint8Array.from([0, 0, 1, ...sps]))).toBe("avc1.42c01f");
  });

  test("finds an SPS behind other NAL units", () => {
    const sei = [0, 0, 1, 0x06, 0x05, 0x01, 0xaa, 0x80];
    const high444 = [0, 0, 0, 1, 0x67, 0xf4, 0x00, 0x0a, 0x91];
    expect(codecString(Uint8Array.from([...sei, ...high444]))).toBe("avc1.f4000a");
  });

  test("gives undefined without a whole SPS", () => {
    expect(codecString(Uint8Array.from([0, 0, 1, ...pps]))).toBeUndefined();
    expect(codecString(Uint8Array.from([0, 0, 1, 0x67, 0x42, 0xc0]))).toBeUndefined();
    expect(codecString(new Uint8Array())).toBeUndefined();
    expect(nalUnitIndex(Uint8Array.from([0, 0, 1]), 0)).toBe(-1);
  });
});

describe("messages", () => {
  test("survive the way", () => {
    const messages = [
      { type: "screen", width: 1281, height: 719, mode: "h264" },
      { type: "frame", frameId: 65535, timestamp: 123456789.5 },
      { type: "pong", sent: 12.5, timestamp: 1 },
      { type: "end", frameId: 70000 },
      { type: "gap" },
      { type: "failure", message: "the display is gone" },
    ] as const;
    for (const message of messages) {
      expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
    }
    expect(parseViewerMessage('{"type":"ping","sent":1.5}')).toEqual({ type: "ping", sent: 1.5 });
    expect(parseViewerMessage('{"type":"keyframe"}')).toEqual({ type: "keyframe" });
  });

  test.each([
    ...["", "{", "null", "[]", "7", '"keyframe"', "{}", '{"type":"later"}', '{"type":"ping"}'],
    ...['{"type":"ping","sent":"1"}', '{"type":"screen","width":0,"height":1,"mode":"jpeg"}'],
    ...['{"type":"screen","width":1,"height":1e9,"mode":"jpeg"}', '{"type":"frame","frameId":1}'],
    ...['{"type":"screen","width":1,"height":1,"mode":"vp9"}', '{"type":"failure"}'],
  ])("that make no sense are told: %s", (text) => {
    expect(parseServerMessage(text)).toBeUndefined();
    expect(parseViewerMessage(text)).toBeUndefined();
  });

  test("are text", () => {
    expect(parseServerMessage(new ArrayBuffer(4))).toBeUndefined();
    expect(parseViewerMessage(Buffer.from("{}"))).toBeUndefined();
  });
});

describe("ServerClock", () => {
  test("knows nothing before the first answer", () => {
    const clock = new ServerClock();
    expect(clock.ageMs(0, 0)).toBeUndefined();
    expect(clock.roundTripMs).toBeUndefined();
  });

  test("believes the shortest round trip", () => {
    const clock = new ServerClock();
    clock.add(0, 100, 1_090_000); // answered late on the way back: 40 ms off
    clock.add(1000, 1002, 2_001_000);
    clock.add(2000, 2050, 3_000_000);
    expect(clock.roundTripMs).toBe(2);
    expect(clock.ageMs(3_000_000, 2010)).toBe(10);
    expect(clock.ageMs(4_000_000, 2010)).toBe(0);
  });

  test("forgets old answers, since clocks drift", () => {
    const clock = new ServerClock();
    clock.add(0, 1, 0);
    for (let ping = 0; ping < 8; ping++) clock.add(1000, 1004, 5_002_000);
    expect(clock.roundTripMs).toBe(4);
    expect(clock.ageMs(5_000_000, 1000)).toBe(0);
    expect(clock.ageMs(4_999_000, 1000)).toBe(1);
  });
});
