// SPDX-License-Identifier: MPL-2.0
// Fifty viewers on real sockets, of whom five are slow and two do not read at all.
import { describe, expect, test } from "bun:test";
import { type CaptureSettings, memoryUsage } from "pixelflux-ffi";
import { parseStripe } from "../../src/wire.ts";
import { expectAlike } from "../support/canvas.ts";
import { Crowd, type FrameSeen, QUICK, type ViewerReport } from "../support/crowd.ts";
import { decodeJpegs, type RecordedStripe, showStripes } from "../support/decode.ts";
import { waitFor } from "../support/process.ts";
import { UNLIMITED } from "../support/raw-viewer.ts";
import { Scene } from "../support/scene.ts";
import { serve } from "./serve.ts";

const SIZE = { width: 640, height: 480 };
const SLOW = { bytesPerSecond: 50_000, acknowledges: true, keepsStripes: true };
const DEAF = { bytesPerSecond: 0 };

function recorded(frame: FrameSeen): RecordedStripe[] {
  return frame.stripes.map((text) => {
    const stripe = parseStripe(Uint8Array.from(Buffer.from(text, "base64")));
    if (stripe.type === "copy") throw new Error("a copy");
    const { type, y = 0, keyframe, payload } = stripe;
    const size = stripe.type === "h264" ? stripe : jpegSize(payload);
    const { width = 0, height = 0 } = size;
    const { frameId, timestampUs: timestamp } = frame;
    return { type, frameId, y, width, height, keyframe, timestamp, payload };
  });
}

/** Out of the frame header, SOF0 (ITU-T T.81, B.2.2). */
function jpegSize(jpeg: Uint8Array): { width: number; height: number } {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset);
  let at = 2;
  while (view.getUint16(at) !== 0xffc0) at += 2 + view.getUint16(at + 2);
  return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** The figures of the quick viewers, for the log. */
function figuresOf(reports: ViewerReport[]): { frames: number; latencyMs: number } {
  return {
    frames: median(reports.map(({ frames }) => frames)),
    latencyMs: median(reports.flatMap(({ latenciesMs }) => latenciesMs)),
  };
}

/** So that there is enough to be slow with: the kernel's buffers alone hold megabytes. */
const MODES: [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg", jpegQuality: 80 }],
  ["H.264", { outputMode: "h264", h264Crf: 1, h264PaintOverCrf: 1 }],
];
const QUICK_COUNT = 43;
const SLOW_COUNT = 5;
/** Slow viewers whose stripes are decoded: all of them would take long. */
const DECODED_COUNT = 2;
const BUDGET_BYTES = 1 << 20;

describe.each(MODES)("%s", (name, mode) => {
  test("slow viewers cost the quick ones nothing, and see current pictures", async () => {
    await using scene = await Scene.start(SIZE);
    const settings = { display: scene.display, targetFps: 20, ...mode };
    // On a machine with more to do than it can, quick viewers may be late, too.
    const options = { budgetBytes: BUDGET_BYTES, lagMs: 10_000, adapt: false, stallMs: 2000 };
    await using served = serve(settings, options);
    await using crowd = new Crowd();
    await crowd.join(served.url, ...Array(QUICK_COUNT).fill(QUICK));
    await scene.painter.prepare("video", 1);
    await crowd.report();
    await scene.painter.run(3);
    const alone = figuresOf(await crowd.report());

    const rssBytes = process.memoryUsage.rss();
    await crowd.join(served.url, ...Array(SLOW_COUNT).fill(SLOW), DEAF, DEAF);
    expect(served.screen.viewerCount).toBe(50);
    let bufferedMax = 0;
    const painting = { isOver: false };
    const watched = waitFor(
      "the painting",
      () => {
        const { viewers } = served.screen.stats();
        const buffered = viewers.map(({ bufferedBytes }) => bufferedBytes);
        bufferedMax = Math.max(bufferedMax, ...buffered);
        return painting.isOver;
      },
      100_000,
    );
    const isEnough = () => {
      const { viewers, closed } = served.screen.stats();
      const slow = viewers.slice(QUICK_COUNT, QUICK_COUNT + SLOW_COUNT);
      return closed.tooSlow === 2 && slow.every(({ framesHeld }) => framesHeld > 0);
    };
    while (!isEnough()) await scene.painter.run(2);
    painting.isOver = true;
    await watched;
    const grownBytes = process.memoryUsage.rss() - rssBytes;
    const reports = await crowd.report();
    const together = figuresOf(reports.slice(0, QUICK_COUNT));
    console.log(
      `${name}: a quick viewer alone ${alone.latencyMs.toFixed(1)} ms; beside slow ones ` +
        `${together.latencyMs.toFixed(1)} ms; at most ${(bufferedMax / 1e6).toFixed(2)} MB waited for one`,
    );

    // Nothing was held back from a quick one, whatever the others did.
    const { viewers } = served.screen.stats();
    for (const viewer of viewers.slice(0, QUICK_COUNT)) {
      expect(viewer).toMatchObject({ framesHeld: 0, behind: false });
    }
    for (const viewer of viewers.slice(QUICK_COUNT)) expect(viewer.framesHeld).toBeGreaterThan(0);
    for (const { strays } of reports) expect(strays).toBe(0);
    // One frame may be on its way beyond the budget, and one is being made.
    expect(bufferedMax).toBeLessThan(2 * BUDGET_BYTES);
    expect(grownBytes).toBeLessThan(7 * 2 * BUDGET_BYTES + 64e6);

    // The slow ones read on, to what is on the screen now.
    const slow = Array.from({ length: SLOW_COUNT }, (_, index) => QUICK_COUNT + index);
    for (const index of slow) await crowd.setRate(index, UNLIMITED);
    const seen = slow.map((index) => reports[index]?.seen ?? []);
    await waitFor("the slow viewers' last frames", async () => {
      const later = await crowd.report();
      for (const [at, index] of slow.entries()) seen[at]?.push(...(later[index]?.seen ?? []));
      const { viewers } = served.screen.stats();
      // All that was sent has been read; what waits in the kernel the server does not see.
      const isRead = seen.every(
        (frames, at) => frames.length === viewers[QUICK_COUNT + at]?.frames,
      );
      return isRead && !viewers.some(({ behind }) => behind);
    });
    const truth = await scene.painter.grab();
    for (const frames of seen.slice(0, DECODED_COUNT)) {
      const ids = frames.map(({ frameId }) => frameId);
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
      const shown = await showStripes(frames.flatMap(recorded), SIZE.width, SIZE.height);
      expectAlike(truth, shown, { mean: 3, psnr: 34 }, "a slow viewer at rest");
    }
  }, 120_000);
});

test("each picture that a slow viewer gets is whole, and no older than the one before", async () => {
  await using scene = await Scene.start(SIZE);
  const settings = { display: scene.display, usePaintOverQuality: false };
  await using served = serve(settings, { budgetBytes: 1 << 16, lagMs: 100 });
  await using crowd = new Crowd();
  await scene.fill(0);
  await crowd.join(served.url, { ...SLOW, bytesPerSecond: 60_000 });
  // The grey tells the time.
  for (let level = 1; level <= 50; level++) {
    await scene.fill(level * LEVEL_STEP * 0x010101);
    await Bun.sleep(30);
  }
  await crowd.setRate(0, UNLIMITED);
  const seen: FrameSeen[] = [];
  await waitFor("the last picture", async () => {
    const [report] = await crowd.report();
    seen.push(...(report?.seen ?? []));
    const [viewer] = served.screen.stats().viewers;
    return viewer?.behind === false && seen.length === viewer.frames;
  });
  const [viewer] = served.screen.stats().viewers;
  console.log(`the slow viewer saw ${seen.length} pictures; ${viewer?.framesHeld} were left out`);
  expect(viewer?.framesHeld).toBeGreaterThan(0);
  const levels = await levelsOf(seen);
  // Every row of a picture is of one time.
  for (const rows of levels) expect(new Set(rows).size).toBe(1);
  const times = levels.map(([level = -1]) => level);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBe(50);
}, 60_000);

const LEVEL_STEP = 5;

/** What each frame's stripes show, as it was painted. */
async function levelsOf(frames: FrameSeen[]): Promise<number[][]> {
  const stripes = frames.map(recorded);
  const byHeight = Map.groupBy(stripes.flat(), ({ height }) => height);
  const levels = new Map<RecordedStripe, number>();
  for (const group of byHeight.values()) {
    const pictures = await decodeJpegs(group.map(({ payload }) => payload));
    for (const [index, { rgb }] of pictures.entries()) {
      levels.set(group[index] as RecordedStripe, Math.round((rgb[0] ?? 0) / LEVEL_STEP));
    }
  }
  return stripes.map((rows) => rows.map((stripe) => levels.get(stripe) ?? -1));
}

test("viewers that vanish leave nothing", async () => {
  const display = "synthetic://320x240@30";
  const before = memoryUsage();
  {
    await using served = serve({ display, outputMode: "jpeg" }, { idleMs: 0 });
    await using crowd = new Crowd();
    for (let round = 0; round < 5; round++) {
      const first = await crowd.join(served.url, ...Array(20).fill(QUICK));
      await waitFor("frames", async () =>
        (await crowd.report()).slice(first).every((r) => r.frames > 0),
      );
      for (let index = first; index < first + 20; index++) await crowd.vanish(index);
      await waitFor("them to be missed", () => served.screen.viewerCount === 0);
      await waitFor("the capture to end", () => memoryUsage().captureCount === before.captureCount);
    }
  }
  await waitFor("everything to be released", () => memoryUsage().lentCount === 0);
});
