// SPDX-License-Identifier: MPL-2.0
// Captures side by side do not touch each other.
import { describe, expect, test } from "bun:test";
import { Painter } from "../support/painter.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

describe("several captures", () => {
  test("of parts of one display, in both codecs", async () => {
    await using server = await Xvfb.start({ width: 1280, height: 720 });
    await using painter = await Painter.start(server.display);
    await painter.pattern("photo", 1);
    const halves = [
      { x: 0, y: 0, width: 640, height: 720 },
      { x: 640, y: 0, width: 640, height: 720 },
    ];
    const region = (half: (typeof halves)[number]) => ({
      display: server.display,
      ...{ captureX: half.x, captureY: half.y },
      ...{ captureWidth: half.width, captureHeight: half.height },
    });
    const [left, right] = halves as [(typeof halves)[number], (typeof halves)[number]];
    await using first = await Recorder.start({ ...region(left), usePaintOverQuality: false });
    await using second = await Recorder.start({ ...region(right), outputMode: "h264" });
    await second.showsAtRest(await painter.grab(right), { psnr: 34 }, "right half");

    // What changes on the right is sent by the right one alone.
    const known = first.stripes.length;
    await painter.pattern("photo", 2, right);
    await second.showsAtRest(await painter.grab(right), { psnr: 34 }, "right half, changed");
    expect(first.stripes.length).toBe(known);
    await first.showsAtRest(await painter.grab(left), { psnr: 30 }, "left half");
  });

  test("of two displays, and the end of one", async () => {
    await using serverA = await Xvfb.start();
    await using serverB = await Xvfb.start({ width: 800, height: 600 });
    await using painterA = await Painter.start(serverA.display);
    await using painterB = await Painter.start(serverB.display);
    await painterA.pattern("photo", 1);
    await painterB.pattern("photo", 2);
    await using a = await Recorder.start({ display: serverA.display });
    await using b = await Recorder.start({ display: serverB.display });
    await a.showsAtRest(await painterA.grab(), { psnr: 34 }, "display A");
    await b.showsAtRest(await painterB.grab(), { psnr: 34 }, "display B");
    await a.capture.stop();
    const known = a.stripes.length;
    await painterA.pattern("photo", 3);
    await painterB.pattern("photo", 4);
    await b.showsAtRest(await painterB.grab(), { psnr: 34 }, "display B, after A's end");
    expect(a.stripes.length).toBe(known);
  });

  test("eight of one screen show the same", async () => {
    await using server = await Xvfb.start();
    await using painter = await Painter.start(server.display);
    const recorders = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        Recorder.start({ display: server.display, outputMode: i % 2 === 0 ? "jpeg" : "h264" }),
      ),
    );
    try {
      await painter.pattern("photo", 9);
      const screen = await painter.grab();
      for (const [i, recorder] of recorders.entries()) {
        await recorder.showsAtRest(screen, { psnr: 34 }, `capture ${i}`);
        expect(recorder.errors).toEqual([]);
      }
    } finally {
      await Promise.all(recorders.map((recorder) => recorder.capture.stop()));
    }
  }, 60_000);
});
