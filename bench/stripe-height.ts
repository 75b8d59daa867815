// SPDX-License-Identifier: MPL-2.0
// bun bench/stripe-height.ts: what the height of stripes costs. See --help.
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { rootPath } from "../test/support/process.ts";
import { buildAll } from "./build.ts";
import { type CurvePoint, measureCurves } from "./limits.ts";
import { readOptions } from "./options.ts";
import { heightPlot } from "./plot-height.ts";
import { figure, markdownTable } from "./tables.ts";

const help = `bun bench/stripe-height.ts [options]

  --frames N          frames of each measurement (default 32)
  --size WxH          of the frames (default 1920x1080)
  --codec-bench PATH  use this pf-codec-bench instead of building one
  --json PATH         where the figures go (default: nowhere)
  --write             write docs/stripe-height.md and its plot`;

const options = readOptions(help, {
  frames: "32",
  size: "1920x1080",
  "codec-bench": undefined,
  json: undefined,
  write: false,
});

/* What "auto" chooses for 1080 rows: native/src/damage/layout.c. */
const AUTO_ROWS = { jpeg: 64, h264: 144 };

type Codec = CurvePoint["codec"];
type Workload = CurvePoint["workload"];

class Curves {
  constructor(readonly points: CurvePoint[]) {}

  at(codec: Codec, workload: Workload, stripeHeight: number): CurvePoint {
    const found = this.points.find(
      (point) =>
        point.codec === codec && point.workload === workload && point.stripeHeight === stripeHeight,
    );
    if (found === undefined) throw new Error(`${codec} ${workload} ${stripeHeight} is missing`);
    return found;
  }

  heights(): number[] {
    return [...new Set(this.points.map(({ stripeHeight }) => stripeHeight))];
  }

  /** By how much more or less, in words: "+12 %". */
  change(
    codec: Codec,
    workload: Workload,
    heights: [from: number, to: number],
    value: (point: CurvePoint) => number,
  ): string {
    const [from, to] = heights.map((height) => value(this.at(codec, workload, height)));
    const percent = Math.round(((to as number) / (from as number) - 1) * 100);
    return `${percent < 0 ? "−" : "+"}${Math.abs(percent)} %`;
  }

  ms(codec: Codec, workload: Workload, height: number, threads: number): string {
    return figure(this.at(codec, workload, height).frameMs[threads] as number, 2);
  }
}

function tableOf(curves: Curves, codec: Codec): string {
  const point = (workload: Workload, height: number) => curves.at(codec, workload, height);
  const workloads: Workload[] = ["video", "scroll", "typing"];
  const costs = workloads.flatMap((workload): [string, (height: number) => string][] => [
    [`${workload} ms`, (height) => figure(point(workload, height).cpuMs, 2)],
    ["kB", (height) => figure(point(workload, height).bytes / 1000, 1)],
  ]);
  const frames = [2, 4, 8, 16, 32].map((threads): [string, (height: number) => string] => [
    threads === 2 ? "video on 2" : String(threads),
    (height) => curves.ms(codec, "video", height, threads),
  ]);
  const name: [string, (height: number) => string] = [
    "rows",
    (height) => `${height}${height === AUTO_ROWS[codec] ? " (auto)" : ""}`,
  ];
  return markdownTable([name, ...costs, ...frames], curves.heights());
}

function recommendation(curves: Curves): string {
  const change = curves.change.bind(curves);
  const cpu = (point: CurvePoint): number => point.cpuMs;
  const bytes = (point: CurvePoint): number => point.bytes;
  return `**JPEG: 64 rows, on any number of cores.** Against stripes of 272 rows video costs ${change("jpeg", "video", [272, 64], cpu)} of CPU and ${change("jpeg", "video", [272, 64], bytes)} of bytes, and a line of typing ${change("jpeg", "typing", [272, 64], cpu)} and ${change("jpeg", "typing", [272, 64], bytes)}. Stripes of 32 rows would spare typing another ${change("jpeg", "typing", [64, 32], cpu)}, but cost video ${change("jpeg", "video", [64, 32], bytes)} of bytes and everybody behind the encoder twice the stripes to hand over, send and decode; where small changes count, \`stripeHeader: "extended"\` cuts columns as well as rows. On 8 threads a frame of video takes ${curves.ms("jpeg", "video", 64, 8)} ms, on 16 ${curves.ms("jpeg", "video", 64, 16)}: nothing that more stripes would be felt in.

**H.264: at most 8 stripes of at least 64 rows, on any number of cores.** Motion is lost at each edge: against 4 stripes (272 rows) 8 cost scroll ${change("h264", "scroll", [272, 144], bytes)} of bytes and video ${change("h264", "video", [272, 144], bytes)}, 17 stripes (64 rows) ${change("h264", "scroll", [272, 64], bytes)} and ${change("h264", "video", [272, 64], bytes)}. In return a line of typing costs ${change("h264", "typing", [272, 144], cpu)} of CPU and latency with 8, and a frame of video on 8 threads takes ${curves.ms("h264", "video", 144, 8)} ms instead of ${curves.ms("h264", "video", 272, 8)}. On 2 threads it takes ${curves.ms("h264", "video", 144, 2)} instead of ${curves.ms("h264", "video", 272, 2)}, so there 4 stripes are as quick, and the better choice where bytes count more than small changes do: \`stripeHeight: 272\`. Beyond 8 threads only more stripes would be quicker, from ${curves.ms("h264", "video", 144, 32)} ms to ${curves.ms("h264", "video", 64, 32)} on 32, at ${change("h264", "video", [144, 64], bytes)} of bytes and twice the decoders.`;
}

function documentOf(curves: Curves, frames: number, size: string): string {
  return `# Height of stripes

Written by \`bun bench/stripe-height.ts --write\`; do not edit by hand.

What a frame of ${size} costs when it is cut into stripes of so many rows: the library's own encoders on frames in memory (\`pf-codec-bench curves\`), each stripe by one thread and timed by that thread's CPU clock, ${frames} frames a measurement; ${cpus()[0]?.model.trim() ?? "unknown"}. JPEG at quality 75; H.264 at QP 28 in motion, 25 for typing.

- **ms**: CPU of all the stripes that a frame has to encode. **kB**: of these.
- **video on 2, 4, … 32**: ms until a frame's last stripe is encoded on so many threads. The stripes' times are handed, in order, to whichever thread is free first, as the library's pool does; waking a thread, which takes about 0.05 ms, and threads slowing each other down are not in it.
- video changes all pixels; scroll moves 1200×800 px of text by 16 rows; typing changes 400×20 px. Scroll and typing are means over 8 places, so that they begin anywhere within a stripe.

![Cost against the height of stripes](stripe-height.svg)

## JPEG

${tableOf(curves, "jpeg")}

## H.264

${tableOf(curves, "h264")}

## What \`stripeHeight: "auto"\` should be

${recommendation(curves)}
`;
}

const frames = Number(options.frames);
if (!(Number.isInteger(frames) && frames > 0)) {
  console.error(`--frames must be a whole number above 0, not ${options.frames}`);
  process.exit(1);
}
const program = resolve(options["codec-bench"] ?? join(await buildAll(), "bin", "pf-codec-bench"));
const curves = new Curves(await measureCurves(program, options.size, frames));
if (options.json !== undefined) {
  await Bun.write(options.json, JSON.stringify(curves.points, null, 1));
}
const text = documentOf(curves, frames, options.size.replace("x", "×"));
console.log(text);
if (options.write) {
  const docs = join(rootPath, "docs");
  await Bun.write(join(docs, "stripe-height.md"), text);
  await Bun.write(join(docs, "stripe-height.svg"), heightPlot(curves.points));
}
