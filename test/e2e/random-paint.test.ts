// SPDX-License-Identifier: MPL-2.0
// Whatever is painted, in whatever order: when it comes to rest, the client shows the screen.
import { describe, expect, test } from "bun:test";
import type { CaptureSettings } from "../../src/index.ts";
import { type Area, Painter } from "../support/painter.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

const width = 640;
const height = 480;

const modes: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["JPEG without refresh", { outputMode: "jpeg", usePaintOverQuality: false, jpegQuality: 90 }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 stripes, refined", { outputMode: "h264", h264PaintOver: "refine" }],
  [
    "H.264 stripes without refresh",
    { outputMode: "h264", usePaintOverQuality: false, h264Crf: 18 },
  ],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
  [
    "H.264 full frame, refined",
    { outputMode: "h264", h264FullFrame: true, h264PaintOver: "refine" },
  ],
];

function randomArea(next: (limit: number) => number): Area {
  const x = next(width);
  const y = next(height);
  return { x, y, width: 1 + next(width - x), height: 1 + next(height - y) };
}

/** One paint of the random series. */
async function paint(painter: Painter, next: (limit: number) => number): Promise<void> {
  const area = randomArea(next);
  switch (next(6)) {
    case 0:
      await painter.fill(area, next(0x1000000));
      return;
    case 1:
      await painter.pixel(area.x, area.y, next(0x1000000));
      return;
    case 2:
      await painter.pattern("photo", next(1000), area);
      return;
    case 3:
      await painter.pattern("gradient", next(1000), area);
      return;
    case 4:
      await painter.text(area.x, area.y, `line ${next(1000000)}`);
      return;
    default:
      await painter.copy(area, next(width), next(height));
  }
}

describe("a random series of paints", () => {
  test.each(modes)(
    "%s",
    async (name, mode) => {
      const seed = seedOfRun();
      console.log(`random paint, ${name}: PF_SEED=${seed}`);
      const next = random(seed);
      await using server = await Xvfb.start({ width, height });
      await using painter = await Painter.start(server.display);
      await using recorder = await Recorder.start({
        display: server.display,
        ...mode,
        ...{ jpegFullColor: true, h264FullColor: true },
      });
      for (let round = 0; round < 4; round++) {
        const paints = 1 + next(40);
        for (let i = 0; i < paints; i++) {
          await paint(painter, next);
          if (next(4) === 0) await Bun.sleep(next(40));
        }
        // 4:4:4 at quality 90 or CRF 18: flat areas are near, hard edges of random colours are off by
        // up to 60. A pixel that was missed, or laid in a wrong place, is off by more than 120 unless
        // its colours were alike; a stripe that was missed costs several dB.
        const what = `PF_SEED=${seed}, ${name}, round ${round}`;
        await recorder.showsAtRest(await painter.grab(), { max: 120, mean: 2.5, psnr: 36 }, what);
      }
      expect(recorder.errors).toEqual([]);
    },
    60_000,
  );
});
