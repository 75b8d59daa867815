// SPDX-License-Identifier: MPL-2.0
// What a capture takes from the system, it gives back.
import { describe, expect, test } from "bun:test";
import { memoryUsage, ScreenCapture } from "../../src/index.ts";
import { Painter } from "../support/painter.ts";
import {
  descriptors,
  memoryFiles,
  residentBytes,
  systemVSegments,
  threadsOf,
} from "../support/proc.ts";
import { waitFor } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";

/** One capture's life: start, a few stripes, stop. */
async function cycle(display: string, outputMode: "jpeg" | "h264", count: number): Promise<void> {
  const capture = new ScreenCapture({ display, outputMode });
  let seen = 0;
  const enough = Promise.withResolvers<void>();
  await capture.start((stripe) => {
    stripe.release();
    if (++seen === count) enough.resolve();
  });
  await enough.promise;
  await capture.stop();
}

/** What the process holds, counted; threads of Bun's own pool come and go, so ours by name. */
function holdings() {
  return {
    threads: threadsOf().filter((thread) => thread.name.startsWith("pf-")).length,
    descriptors: descriptors().length,
    memoryFiles: memoryFiles().length,
    segments: systemVSegments().length,
  };
}

describe("200 cycles of start and stop", () => {
  test.each(["jpeg", "h264"] as const)(
    "%s",
    async (outputMode) => {
      await using server = await Xvfb.start();
      await using painter = await Painter.start(server.display);
      await painter.pattern("photo", 1);
      const stripes = outputMode === "jpeg" ? 8 : 4;
      // The first cycles fill Bun's and malloc's own caches.
      for (let i = 0; i < 40; i++) await cycle(server.display, outputMode, stripes);
      Bun.gc(true);
      await waitFor("stripes to be freed", () => memoryUsage().lentBytes === 0);
      const before = holdings();
      const threadsBefore = threadsOf().length;
      const residentBefore = residentBytes();

      for (let i = 0; i < 200; i++) await cycle(server.display, outputMode, stripes);
      Bun.gc(true);
      await waitFor("stripes to be freed", () => memoryUsage().lentBytes === 0);
      const after = holdings();
      // Fewer, where what an earlier test has left to Bun was closed meanwhile.
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
      expect({ ...after, descriptors: before.descriptors }).toEqual(before);
      expect(memoryUsage()).toEqual({
        captureCount: 0,
        threadCount: 0,
        lentCount: 0,
        lentBytes: 0,
        bufferBytes: 0,
        frameSourceCount: 0,
      });
      expect(threadsOf().length).toBeLessThanOrEqual(threadsBefore + 2);
      // A cycle that leaked one 640×480 frame, or one encoder, would add 240 MB or more; a single
      // stripe of 10 kB a cycle 2 MB. Bun's own heap moves by a few MB.
      expect(residentBytes() - residentBefore).toBeLessThan(16 * 2 ** 20);
    },
    180_000,
  );
});
