// SPDX-License-Identifier: MPL-2.0
// Runs cases of settings-matrix.test.ts, given as JSON in the last argument, one after the other.
// Says "begin" before each and "pass" or "fail" after it, so that a crash has a name.
import type { CaptureSettings } from "../../src/index.ts";
import { type Canvas, compare, type Difference, expectAlike, type Tolerance } from "./canvas.ts";
import { expectCover } from "./decode.ts";
import type { Area, Painter, PatternName } from "./painter.ts";
import type { Recorder } from "./recorder.ts";
import { region, Scene } from "./scene.ts";

export interface MatrixCase {
  name: string;
  settings: CaptureSettings;
}

export interface MatrixJob {
  screen: { width: number; height: number };
  area: Area;
  pattern: PatternName;
  /** How near the whole picture has to be. */
  tolerance: Tolerance;
  cases: MatrixCase[];
}

/** Mean difference of an outermost row or column. One that was left out, or shown from another
 * place, is off by 60 and more: white stands against mid-tones there. */
const EDGE_MEAN_MAX = 12;

function edgesOf({ x, y, width, height }: Area): Area[] {
  return [
    { x, y, width, height: 1 },
    { x, y: y + height - 1, width, height: 1 },
    { x, y, width: 1, height },
    { x: x + width - 1, y, width: 1, height },
  ];
}

async function paint(painter: Painter, job: MatrixJob): Promise<Canvas> {
  await painter.pattern(job.pattern, 3, job.area);
  for (const edge of edgesOf(job.area)) await painter.fill(edge, 0xffffff);
  return await painter.grab(job.area);
}

function expectEdges(expected: Canvas, shown: Canvas): void {
  const { width, height } = expected;
  for (const { x, y, width: w, height: h } of edgesOf({ x: 0, y: 0, width, height })) {
    const { mean } = compare(expected.crop(x, y, w, h), shown.crop(x, y, w, h));
    if (mean > EDGE_MEAN_MAX) throw new Error(`the edge ${w}×${h}+${x}+${y} is off by ${mean}`);
  }
}

async function check(recorder: Recorder, expected: Canvas, job: MatrixJob): Promise<Difference> {
  await recorder.quiet(recorder.capture.settings.usePaintOverQuality ? 300 : 100);
  const first = recorder.stripes.filter((stripe) => stripe.frameId === 0);
  expectCover(first, job.area.width, job.area.height);
  if (!first.every((stripe) => stripe.keyframe)) throw new Error("the first frame is no keyframe");
  const shown = await recorder.show();
  expectEdges(expected, shown);
  return expectAlike(expected, shown, job.tolerance);
}

async function runJob(job: MatrixJob): Promise<void> {
  await using scene = await Scene.start(job.screen);
  const expected = await paint(scene.painter, job);
  for (const { name, settings } of job.cases) {
    console.log(`begin ${name}`);
    try {
      await using recorder = await scene.record({ ...settings, ...region(job.area) });
      const { psnr, max } = await check(recorder, expected, job);
      console.log(`pass ${name}: ${psnr.toFixed(1)} dB, at most ${max} off`);
    } catch (error) {
      const code = (error as { code?: string }).code;
      console.log(`fail ${name}: ${code === undefined ? "" : `${code} `}${error}`);
    }
  }
}

if (import.meta.main) await runJob(JSON.parse(process.argv.at(-1) as string) as MatrixJob);
