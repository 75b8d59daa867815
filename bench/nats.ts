// SPDX-License-Identifier: MPL-2.0
// bun run bench:nats: what gateways cost, and the latency they add. See --help.
import { join } from "node:path";
import { NatsCluster } from "../test/nats/cluster.ts";
import { Crowd, QUICK } from "../test/support/crowd.ts";
import { Painter, type WorkloadName } from "../test/support/painter.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { buildAll } from "./build.ts";
import { Measured } from "./measured.ts";
import { numbersOf, readOptions, sizeOf } from "./options.ts";
import { quantile } from "./report.ts";
import { figure, markdownTable } from "./tables.ts";

const help = `bun run bench:nats [options]

One capture, one nats-server, gateways, and viewers that are spread over them, all on this machine.
0 gateways: the viewers are the capture's own process's. CPU in cores.

  --seconds N       length of one run (default 4)
  --repeat N        repetitions, interleaved; medians are shown (default 3)
  --viewers N       in all (default 200)
  --gateways LIST   (default 0,1,2,4)
  --workload NAME   (default typing)
  --mode MODE       h264 or jpeg (default h264)
  --size WxH        of the screen (default 1280x720)
  --fps N           targetFps (default 30)
  --help`;

const options = readOptions(help, {
  seconds: "4",
  repeat: "3",
  viewers: "200",
  gateways: "0,1,2,4",
  workload: "typing",
  mode: "h264",
  size: "1280x720",
  fps: "30",
});
const seconds = Number(options.seconds);
const viewerCount = Number(options.viewers);
const mode = options.mode === "jpeg" ? "jpeg" : "h264";
const [width = 1280, height = 720] = sizeOf(options.size);

interface Figures {
  /** Of the process that captures, and of all gateways together. */
  readonly captureCores: number;
  readonly gatewayCores: number;
  /** Of one viewer, in a second. */
  readonly framesPerSecond: number;
  readonly heldPerSecond: number;
  readonly latencyMs: number;
  readonly latencyP95Ms: number;
}

const built = await buildAll();
const libraryPath = join(built, "lib", "libpixelflux.so");
Object.assign(process.env, { PF_PAINTER: join(built, "bin", "pf-painter") });
await using xvfb = await Xvfb.start({ width, height });
await using painter = await Painter.start(xvfb.display);
await using cluster = await NatsCluster.start({ count: 1 });

async function measure(gatewayCount: number): Promise<Figures> {
  await painter.prepare(options.workload as WorkloadName, 1);
  const settings = {
    display: xvfb.display,
    outputMode: mode,
    targetFps: Number(options.fps),
  } as const;
  const nats = cluster.url(0);
  const kind = gatewayCount === 0 ? "server" : "publisher";
  await using capture = await Measured.start({ kind, settings, nats }, libraryPath);
  await using stack = new AsyncDisposableStack();
  const gateways: Measured[] = [];
  for (let index = 0; index < gatewayCount; index++) {
    const gateway = await Measured.start({ kind: "gateway", codec: mode, nats }, libraryPath);
    gateways.push(stack.use(gateway));
  }
  await using crowd = new Crowd();
  const doors = gatewayCount === 0 ? [capture] : gateways;
  for (const door of doors) {
    await crowd.join(door.url, ...Array(Math.round(viewerCount / doors.length)).fill(QUICK));
  }
  await painter.run(1); // everybody has a picture, and buffers have grown
  await crowd.report();
  const read = () => Promise.all([capture, ...gateways].map((process) => process.read()));
  const before = await read();
  await painter.run(seconds);
  const after = await read();
  const reports = await crowd.report();
  const cores = (index: number) =>
    ((after[index]?.cpuUs ?? 0) - (before[index]?.cpuUs ?? 0)) / 1e6 / seconds;
  const held = after.reduce((sum, { held }, index) => sum + held - (before[index]?.held ?? 0), 0);
  const latencies = reports.flatMap(({ latenciesMs }) => latenciesMs);
  const frames = reports.reduce((sum, report) => sum + report.frames, 0);
  return {
    captureCores: cores(0),
    gatewayCores: gateways.reduce((sum, _, index) => sum + cores(index + 1), 0),
    framesPerSecond: frames / viewerCount / seconds,
    heldPerSecond: held / viewerCount / seconds,
    latencyMs: quantile(latencies, 0.5),
    latencyP95Ms: quantile(latencies, 0.95),
  };
}

const counts = numbersOf(options.gateways);
const runs = counts.map((): Figures[] => []);
for (let round = 0; round < Number(options.repeat); round++) {
  for (const [index, count] of counts.entries()) {
    console.error(`round ${round + 1}: ${count} gateways`);
    runs[index]?.push(await measure(count));
  }
}

interface Row {
  readonly gateways: number;
  readonly median: (of: (figures: Figures) => number) => number;
}

const rows: Row[] = counts.map((gateways, index) => ({
  gateways,
  median: (of) => quantile((runs[index] ?? []).map(of), 0.5),
}));
const direct = rows.find(({ gateways }) => gateways === 0);
const added = (row: Row): number =>
  row.gateways === 0 || direct === undefined
    ? Number.NaN
    : row.median((f) => f.latencyMs) - direct.median((f) => f.latencyMs);
const aViewer = (row: Row): number =>
  (row.gateways === 0 ? Number.NaN : row.median((f) => f.gatewayCores)) / viewerCount;

console.log(`${options.workload}, ${mode}, ${viewerCount} viewers in all`);
console.log(
  markdownTable<Row>(
    [
      ["gateways", ({ gateways }) => String(gateways)],
      [
        "CPU of the capture",
        (row) =>
          figure(
            row.median((f) => f.captureCores),
            3,
          ),
      ],
      [
        "of all gateways",
        (row) =>
          figure(
            row.median((f) => f.gatewayCores),
            3,
          ),
      ],
      ["a viewer, % of a core", (row) => figure(aViewer(row) * 100, 3)],
      [
        "frames/s",
        (row) =>
          figure(
            row.median((f) => f.framesPerSecond),
            1,
          ),
      ],
      [
        "held/s",
        (row) =>
          figure(
            row.median((f) => f.heldPerSecond),
            1,
          ),
      ],
      [
        "p50 ms",
        (row) =>
          figure(
            row.median((f) => f.latencyMs),
            1,
          ),
      ],
      [
        "p95 ms",
        (row) =>
          figure(
            row.median((f) => f.latencyP95Ms),
            1,
          ),
      ],
      ["added, p50 ms", (row) => figure(added(row), 1)],
    ],
    rows,
  ),
);
process.exit(0);
