// SPDX-License-Identifier: MPL-2.0
// Whatever is changed while it runs: when it comes to rest, the client shows the region.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import { type Area, Painter } from "../support/painter.ts";
import { waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const width = 640;
const height = 480;

/** One random change of live settings; quality stays high enough to compare. */
function randomChange(next: (limit: number) => number): CaptureSettings {
  const flag = next(2) === 1;
  const changes: CaptureSettings[] = [
    { outputMode: flag ? "jpeg" : "h264" },
    { h264FullFrame: flag },
    { h264FullColor: flag },
    { jpegFullColor: flag },
    { stripeHeight: flag ? "auto" : 16 * (1 + next(20)) },
    { targetFps: 5 + next(100) },
    { usePaintOverQuality: flag },
    { h264PaintOver: flag ? "idr" : "refine" },
    { h264Crf: 15 + next(10), jpegQuality: 80 + next(15) },
    { damageBlockThreshold: next(4), damageBlockDuration: 1 + next(20) },
    { paintOverTriggerFrames: 1 + next(20) },
  ];
  return changes[next(changes.length)] as CaptureSettings;
}

function randomRegion(next: (limit: number) => number): Area {
  const x = next(width - 1);
  const y = next(height - 1);
  return { x, y, width: 1 + next(width - x), height: 1 + next(height - y) };
}

describe("settings changed while running", () => {
  test.each([1, 2, 3])(
    "a random series of changes and paints, %d",
    async (run) => {
      const seed = seedOfRun() + run;
      console.log(`live settings: PF_SEED=${seed - run}, run ${run}`);
      const next = random(seed);
      await using server = await Xvfb.start({ width, height });
      await using painter = await Painter.start(server.display);
      await painter.pattern("photo", 1);
      await using recorder = await Recorder.start({ display: server.display });
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 1 + next(8); i++) {
          recorder.capture.update(randomChange(next));
          if (next(2) === 0) await painter.pattern("photo", next(1000), randomRegion(next));
          if (next(3) === 0) recorder.capture.requestKeyframe();
          await Bun.sleep(next(60));
        }
        // 4:2:0 at CRF 24 + 3 or quality 80, of a smooth picture with a few hard edges. What is left
        // of an older picture, or in a wrong place, is off by 20 in the mean.
        const what = `seed ${seed - run}, run ${run}, round ${round}`;
        await recorder.showsAtRest(await painter.grab(), { mean: 5, psnr: 30 }, what);
      }
      expect(recorder.errors).toEqual([]);
    },
    60_000,
  );

  test.each(["jpeg", "h264"] as const)(
    "%s: the region moves and changes its size",
    async (mode) => {
      const seed = seedOfRun();
      console.log(`live region, ${mode}: PF_SEED=${seed}`);
      const next = random(seed);
      await using server = await Xvfb.start({ width, height });
      await using painter = await Painter.start(server.display);
      await painter.pattern("photo", 1);
      await using recorder = await Recorder.start({ display: server.display, outputMode: mode });
      const sizes: [number, number][] = [];
      recorder.capture.on("resize", (size) => sizes.push([size.width, size.height]));
      for (let round = 0; round < 8; round++) {
        const region = randomRegion(next);
        // A stripe of the old region may be the client's last of its rows: forget them all.
        await recorder.quiet(100);
        recorder.stripes.length = 0;
        recorder.capture.update({
          ...{ captureX: region.x, captureY: region.y },
          ...{ captureWidth: region.width, captureHeight: region.height },
        });
        await waitFor("stripes of the new region", () => recorder.stripes.length > 0);
        const what = `seed ${seed}, region ${JSON.stringify(region)}`;
        await recorder.showsAtRest(await painter.grab(region), { mean: 5, psnr: 30 }, what);
        expect(sizes.at(-1)).toEqual([region.width, region.height]);
      }
      expect(recorder.errors).toEqual([]);
    },
    60_000,
  );
});
