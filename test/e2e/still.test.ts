// SPDX-License-Identifier: MPL-2.0
// A still screen costs nothing, and one pixel costs one stripe.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import { Painter } from "../support/painter.ts";
import { nativeThreads } from "../support/proc.ts";
import { waitFor } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const modes: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 stripes, refined", { outputMode: "h264", h264PaintOver: "refine" }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
  ["JPEG without refresh", { outputMode: "jpeg", usePaintOverQuality: false }],
];

/** How often the library's threads have slept and woken, and their CPU time. */
function activity() {
  const threads = nativeThreads();
  const sum = (value: (thread: (typeof threads)[number]) => number) =>
    threads.reduce((total, thread) => total + value(thread), 0);
  return {
    threads: threads.length,
    voluntarySwitches: sum((thread) => thread.voluntarySwitches),
    cpuTicks: sum((thread) => thread.cpuTicks),
  };
}

describe.each(modes)("%s, a still screen", (_, mode) => {
  let server: Xvfb;
  let painter: Painter;

  beforeAll(async () => {
    server = await Xvfb.start({ width: 1280, height: 720 });
    painter = await Painter.start(server.display);
  });

  afterAll(async () => {
    await painter[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  beforeEach(() => painter.pattern("text", 1));

  test("no stripe, no frame, no wake-up", async () => {
    await using recorder = await Recorder.start({ display: server.display, ...mode });
    await recorder.quiet();
    const first = recorder.stripes.filter((stripe) => stripe.frameId === 0);
    // The first frame, and each stripe once more as its refresh: not for JPEG, whose first frame
    // has the paint-over quality already.
    const refreshes = mode.outputMode === "jpeg" ? 0 : 1;
    expect(recorder.stripes.length).toBe(first.length * (1 + refreshes));

    const before = { ...activity(), stats: recorder.capture.stats() };
    expect(before.threads).toBeGreaterThan(0);
    await Bun.sleep(1000); // the proof is that nothing happens in it
    const after = { ...activity(), stats: recorder.capture.stats() };
    expect(after).toEqual(before);
    expect(recorder.stripes.length).toBe(first.length * (1 + refreshes));
  });

  test("one pixel is one stripe", async () => {
    await using recorder = await Recorder.start({
      display: server.display,
      ...mode,
      usePaintOverQuality: false,
    });
    await recorder.quiet();
    for (const [x, y] of [
      [0, 0],
      [1279, 719],
      [640, 300],
      [3, 64],
      [3, 63],
    ] as const) {
      const known = recorder.stripes.length;
      const framesBefore = recorder.capture.stats().frames;
      await painter.pixel(x, y, 0xff00ff);
      await waitFor("the stripe", () => recorder.stripes.length > known);
      await recorder.quiet(150);
      const news = recorder.stripes.slice(known);
      expect(news.length).toBe(1);
      const stripe = news[0] as (typeof news)[number];
      expect(y).toBeWithin(stripe.y, stripe.y + stripe.height);
      expect(recorder.capture.stats().frames - framesBefore).toBe(1);
      if (mode.outputMode === "h264") expect(stripe.keyframe).toBeFalse();
    }
  });

  test("a changed stripe that rests is refreshed once", async () => {
    // A rest of 60 frame times, so that the paints below, one after the other, are one change.
    await using recorder = await Recorder.start({
      ...{ display: server.display, paintOverTriggerFrames: 60, stripeHeight: 128 },
      ...mode,
    });
    await recorder.quiet(1500);
    const known = recorder.stripes.length;
    const changes = 5;
    for (let i = 1; i <= changes; i++) {
      await painter.fill({ x: 100, y: 200, width: 50, height: 8 }, i * 0x302010);
      await waitFor("the changed stripe", () => recorder.stripes.length === known + i);
    }
    await recorder.quiet(1500);
    const news = recorder.stripes.slice(known);
    if (mode.usePaintOverQuality === false) {
      expect(news.length).toBe(changes);
      return;
    }
    expect(news.length).toBe(changes + 1);
    expect(new Set(news.map((stripe) => stripe.y)).size).toBe(1);
    const refresh = news.at(-1) as (typeof news)[number];
    const isRefined = mode.h264PaintOver === "refine";
    expect(refresh.keyframe).toBe(!isRefined);
  });

  test("paint that changes nothing sends nothing", async () => {
    await using recorder = await Recorder.start({ display: server.display, ...mode });
    await recorder.quiet();
    const known = recorder.stripes.length;
    await painter.pattern("text", 1);
    await recorder.quiet(300);
    expect(recorder.stripes.length).toBe(known);
  });

  test("a keyframe request sends every stripe once", async () => {
    await using recorder = await Recorder.start({ display: server.display, ...mode });
    await recorder.quiet();
    const first = recorder.stripes.filter((stripe) => stripe.frameId === 0);
    const known = recorder.stripes.length;
    recorder.capture.requestKeyframe();
    recorder.capture.requestKeyframe();
    await waitFor("every stripe", () => recorder.stripes.length >= known + first.length);
    await recorder.quiet();
    const frame = recorder.stripes[known]?.frameId;
    const sent = recorder.stripes.slice(known).filter((stripe) => stripe.frameId === frame);
    expect(sent.every((stripe) => stripe.keyframe)).toBeTrue();
    const rows = (stripes: typeof first) => stripes.map((stripe) => stripe.y).sort((a, b) => a - b);
    expect(rows(sent)).toEqual(rows(first));
  });
});
