// SPDX-License-Identifier: MPL-2.0
// bun run bench:fanout: what each viewer costs the server. See --help.
import { join } from "node:path";
import { Crowd, QUICK } from "../test/support/crowd.ts";
import { Painter, type WorkloadName } from "../test/support/painter.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { buildAll } from "./build.ts";
import { Measured } from "./measured.ts";
import { numbersOf, readOptions, sizeOf } from "./options.ts";
import { quantile } from "./report.ts";
import { figure, markdownTable } from "./tables.ts";

const help = `bun run bench:fanout [options]

A capture that always runs, and viewers on 127.0.0.1 that read and acknowledge everything, in a
process of their own. CPU is the server's, in cores; a viewer's is what the server takes beyond
what it takes without viewers, divided by their number.

  --seconds N       length of one run (default 4)
  --repeat N        repetitions, interleaved; medians are shown (default 3)
  --viewers LIST    (default 1,10,100,300)
  --workloads LIST  (default typing,video)
  --modes LIST      of h264,jpeg (default: both)
  --size WxH        of the screen (default 1280x720)
  --fps N           targetFps (default 30)
  --help`;

interface Case {
  readonly workload: WorkloadName;
  readonly mode: "h264" | "jpeg";
  readonly viewers: number;
}

interface Figures {
  readonly cpuCores: number;
  readonly residentBytes: number;
  /** Of one viewer, in a second. */
  readonly framesPerSecond: number;
  readonly sentBytesPerSecond: number;
  readonly latencyMs: number;
  readonly latencyP95Ms: number;
  readonly heldPerSecond: number;
}

const options = readOptions(help, {
  seconds: "4",
  repeat: "3",
  viewers: "1,10,100,300",
  workloads: "typing,video",
  modes: "h264,jpeg",
  size: "1280x720",
  fps: "30",
});
const seconds = Number(options.seconds);
const [width = 1280, height = 720] = sizeOf(options.size);

async function measure(
  { workload, mode, viewers }: Case,
  painter: Painter,
  display: string,
  libraryPath: string,
): Promise<Figures> {
  await painter.prepare(workload, 1);
  const settings = { display, outputMode: mode, targetFps: Number(options.fps) };
  await using server = await Measured.start({ kind: "server", settings }, libraryPath);
  await using crowd = new Crowd();
  await crowd.join(server.url, ...Array(viewers).fill(QUICK));
  await painter.run(1); // everybody has a picture, and buffers have grown
  await crowd.report();
  const before = await server.read();
  await painter.run(seconds);
  const after = await server.read();
  const reports = await crowd.report();
  const latencies = reports.flatMap(({ latenciesMs }) => latenciesMs);
  const frames = reports.reduce((sum, report) => sum + report.frames, 0);
  return {
    cpuCores: (after.cpuUs - before.cpuUs) / 1e6 / seconds,
    residentBytes: after.residentBytes,
    framesPerSecond: frames / Math.max(1, viewers) / seconds,
    sentBytesPerSecond: (after.sentBytes - before.sentBytes) / Math.max(1, viewers) / seconds,
    latencyMs: quantile(latencies, 0.5),
    latencyP95Ms: quantile(latencies, 0.95),
    heldPerSecond: (after.held - before.held) / Math.max(1, viewers) / seconds,
  };
}

function medianOf(runs: Figures[], of: (figures: Figures) => number): number {
  return quantile(runs.map(of), 0.5);
}

const counts = [0, ...numbersOf(options.viewers)];
const cases: Case[] = options.workloads
  .split(",")
  .flatMap((workload) =>
    options.modes
      .split(",")
      .flatMap((mode) => counts.map((viewers) => ({ workload, mode, viewers }) as Case)),
  );
const built = await buildAll();
const libraryPath = join(built, "lib", "libpixelflux.so");
Object.assign(process.env, { PF_PAINTER: join(built, "bin", "pf-painter") });
await using xvfb = await Xvfb.start({ width, height });
await using painter = await Painter.start(xvfb.display);
const runs = cases.map((): Figures[] => []);
for (let round = 0; round < Number(options.repeat); round++) {
  for (const [index, one] of cases.entries()) {
    console.error(`round ${round + 1}: ${one.workload}, ${one.mode}, ${one.viewers} viewers`);
    runs[index]?.push(await measure(one, painter, xvfb.display, libraryPath));
  }
}

/** What it takes without viewers. */
function baseOf({ workload, mode }: Case): Figures[] {
  const index = cases.findIndex(
    (c) => c.workload === workload && c.mode === mode && c.viewers === 0,
  );
  return runs[index] ?? [];
}

interface Row {
  readonly one: Case;
  readonly runs: Figures[];
  readonly base: Figures[];
}

const rows: Row[] = cases.map((one, index) => ({
  one,
  runs: runs[index] ?? [],
  base: baseOf(one),
}));
const beyond = (row: Row, of: (figures: Figures) => number): number =>
  row.one.viewers === 0
    ? Number.NaN
    : (medianOf(row.runs, of) - medianOf(row.base, of)) / row.one.viewers;
const seen = (row: Row, of: (figures: Figures) => number): number =>
  row.one.viewers === 0 ? Number.NaN : medianOf(row.runs, of);

console.log(
  markdownTable<Row>(
    [
      ["workload", ({ one }) => `${one.workload}, ${one.mode === "h264" ? "H.264" : "JPEG"}`],
      ["viewers", ({ one }) => String(one.viewers)],
      [
        "CPU",
        (row) =>
          figure(
            medianOf(row.runs, (f) => f.cpuCores),
            3,
          ),
      ],
      ["a viewer, % of a core", (row) => figure(beyond(row, (f) => f.cpuCores) * 100, 3)],
      ["RSS MB", (row) => figure(medianOf(row.runs, (f) => f.residentBytes) / 1e6, 0)],
      ["a viewer, kB", (row) => figure(beyond(row, (f) => f.residentBytes) / 1e3, 0)],
      [
        "frames/s",
        (row) =>
          figure(
            seen(row, (f) => f.framesPerSecond),
            1,
          ),
      ],
      [
        "held/s",
        (row) =>
          figure(
            seen(row, (f) => f.heldPerSecond),
            1,
          ),
      ],
      ["kB/s", (row) => figure(seen(row, (f) => f.sentBytesPerSecond) / 1e3, 1)],
      [
        "p50 ms",
        (row) =>
          figure(
            seen(row, (f) => f.latencyMs),
            1,
          ),
      ],
      [
        "p95 ms",
        (row) =>
          figure(
            seen(row, (f) => f.latencyP95Ms),
            1,
          ),
      ],
    ],
    rows,
  ),
);
process.exit(0);
