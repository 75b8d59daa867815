// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { ScreenCapture } from "../../src/index.ts";

const FRAME_COUNT = 50;

for (const outputMode of ["jpeg", "h264"] as const) {
  test(`the frame event comes behind the last stripe of each frame, ${outputMode}`, async () => {
    const capture = new ScreenCapture({ display: "synthetic://320x480@200", outputMode });
    const ended: number[] = [];
    let newest = -1;
    let late = 0;
    const enough = Promise.withResolvers<void>();
    capture.on("frame", ({ frameId }) => {
      ended.push(frameId);
      // A stripe of the next frame may have come with the last one of this.
      if (frameId > newest) late += 1;
      if (ended.length === FRAME_COUNT) enough.resolve();
    });
    await capture.start((stripe) => {
      using s = stripe;
      if (ended.includes(s.frameId)) late += 1;
      newest = s.frameId;
    });
    await enough.promise;
    await capture.stop();
    expect(late).toBe(0);
    expect(ended).toEqual([...new Set(ended)].sort((a, b) => a - b));
  });
}

test("the frame event comes in a loop too, when the frame's stripes have been taken", async () => {
  const capture = new ScreenCapture({ display: "synthetic://320x480@200" });
  const ended: number[] = [];
  capture.on("frame", ({ frameId }) => ended.push(frameId));
  for await (const stripe of capture) {
    using s = stripe;
    expect(ended).not.toContain(s.frameId);
    if (ended.length >= 5) break;
  }
  expect(ended.length).toBeGreaterThanOrEqual(5);
});
