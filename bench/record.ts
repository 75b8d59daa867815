// SPDX-License-Identifier: MPL-2.0
// bun run bench:record: what recording costs, beside ffmpeg -f x11grab at equal quality. See --help.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare } from "../test/support/canvas.ts";
import { durationOf, picturesOf } from "../test/support/movie.ts";
import { Painter, type WorkloadName } from "../test/support/painter.ts";
import { requireTool } from "../test/support/process.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { buildAll } from "./build.ts";
import { numbersOf, readOptions, sizeOf } from "./options.ts";
import { quantile } from "./report.ts";
import { figure, markdownTable } from "./tables.ts";
import { cpuNsOf } from "./tools.ts";

const help = `bun run bench:record [options]

Records the same workload to an MP4 file with pixelflux-ffi/record and with ffmpeg's x11grab and
libx264 at several values of its CRF, one after the other in each round. CPU is the recording
process's alone, in cores; kB/s those of the whole file. PSNR, of RGB, is that of the last update's first picture and of the
last picture. The row of ffmpeg to compare with is the one marked =: the one with the highest CRF
that is nowhere more than half a dB worse.

  --seconds N       length of one run (default 5)
  --repeat N        repetitions, interleaved; medians are shown (default 3)
  --workloads LIST  (default idle,typing,scroll,video)
  --presets LIST    of libx264 (default ultrafast,veryfast)
  --crfs LIST       of libx264 (default 18,21,25,28)
  --size WxH        of the screen (default 1280x720)
  --fps N           (default 30)
  --help`;

interface Figures {
  readonly cpuCores: number;
  readonly bytesPerSecond: number;
  readonly inMotionDb: number;
  readonly atRestDb: number;
}

interface Tool {
  readonly name: string;
  readonly crf: number;
  readonly command: (path: string) => string[];
  /** How it is ended. */
  readonly end: "SIGINT" | "input";
}

interface Row extends Figures {
  readonly workload: string;
  readonly tool: Tool;
}

const options = readOptions(help, {
  seconds: "5",
  repeat: "3",
  workloads: "idle,typing,scroll,video",
  presets: "ultrafast,veryfast",
  crfs: "18,21,25,28",
  size: "1280x720",
  fps: "30",
});

/** Long enough for every tool's last picture, ours being refined after half a second. */
const REST_MS = 1500;
/** Of the last update, that its pictures are looked for in. */
const TAIL_SECONDS = REST_MS / 1000 + 0.3;
const EQUAL_DB = 0.5;
const PSNR_DB_MAX = 100;

const seconds = Number(options.seconds);
const [width = 1280, height = 720] = sizeOf(options.size);

function toolsFor(display: string): Tool[] {
  const child = join(import.meta.dir, "record-child.ts");
  const own = (path: string) => [process.execPath, child, display, path, options.fps];
  const ffmpeg = (preset: string, crf: number) => (path: string) => [
    ...[requireTool("ffmpeg", "ffmpeg"), "-v", "error", "-nostdin", "-y"],
    ...["-f", "x11grab", "-draw_mouse", "0", "-framerate", options.fps],
    ...["-video_size", options.size, "-i", display],
    ...["-c:v", "libx264", "-preset", preset, "-crf", String(crf), "-pix_fmt", "yuv420p"],
    ...["-movflags", "frag_keyframe+empty_moov", path],
  ];
  const crfs = numbersOf(options.crfs);
  const peers = options.presets.split(",").flatMap((preset) =>
    crfs.map((crf): Tool => {
      const name = `ffmpeg ${preset}, CRF ${crf}`;
      return { name, crf, command: ffmpeg(preset, crf), end: "SIGINT" };
    }),
  );
  return [{ name: "pixelflux-ffi/record", crf: 0, command: own, end: "input" }, ...peers];
}

async function measure(tool: Tool, painter: Painter, workload: WorkloadName): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "pf-bench-record-"));
  const path = join(folder, "record.mp4");
  await painter.prepare(workload, 1);
  const child = Bun.spawn(tool.command(path), { stdin: "pipe", stderr: "inherit" });
  await painter.run(1); // it has begun, and its buffers have grown
  const beforeNs = cpuNsOf(child.pid);
  await painter.run(seconds);
  const afterNs = cpuNsOf(child.pid);
  await Bun.sleep(REST_MS);
  if (tool.end === "SIGINT") child.kill("SIGINT");
  await child.stdin.end();
  await child.exited;
  const quality = await qualityOf(path, painter);
  const bytesPerSecond = statSync(path).size / (await durationOf(path));
  rmSync(folder, { recursive: true });
  return { cpuCores: (afterNs - beforeNs) / 1e9 / seconds, bytesPerSecond, ...quality };
}

/** Compares what was recorded last with the screen, which still shows it. */
async function qualityOf(path: string, painter: Painter) {
  const screen = await painter.grab();
  const fromSeconds = Math.max(0, (await durationOf(path)) - TAIL_SECONDS);
  const pictures = await picturesOf(path, { fromSeconds });
  const psnrs = pictures.map((picture) => Math.min(PSNR_DB_MAX, compare(screen, picture).psnr));
  const atRestDb = psnrs.at(-1) ?? Number.NaN;
  // Pictures of earlier updates are far off where much moves, and as good where little does.
  const inMotionDb = psnrs.find((psnr) => psnr > atRestDb * 0.75) ?? Number.NaN;
  return { inMotionDb, atRestDb };
}

function medianOf(runs: readonly Figures[]): Figures {
  const middle = (of: (figures: Figures) => number) => quantile(runs.map(of), 0.5);
  return {
    cpuCores: middle((f) => f.cpuCores),
    bytesPerSecond: middle((f) => f.bytesPerSecond),
    inMotionDb: middle((f) => f.inMotionDb),
    atRestDb: middle((f) => f.atRestDb),
  };
}

/** The cheapest in bytes of a preset that is as good as ours. */
function isEqual(row: Row, rows: readonly Row[]): boolean {
  const preset = row.tool.name.split(",")[0] ?? "";
  const [own, ...peers] = rows.filter(({ workload }) => workload === row.workload);
  if (own === undefined || row === own) return false;
  const equal = peers.filter(
    ({ tool, inMotionDb, atRestDb }) =>
      tool.name.startsWith(`${preset},`) &&
      inMotionDb > own.inMotionDb - EQUAL_DB &&
      atRestDb > own.atRestDb - EQUAL_DB,
  );
  return equal.toSorted((a, b) => b.tool.crf - a.tool.crf)[0] === row;
}

const built = await buildAll();
Object.assign(process.env, {
  PF_PAINTER: join(built, "bin", "pf-painter"),
  PIXELFLUX_FFI_LIBRARY: join(built, "lib", "libpixelflux.so"),
});
await using xvfb = await Xvfb.start({ width, height });
await using painter = await Painter.start(xvfb.display);
const tools = toolsFor(xvfb.display);
const cases = (options.workloads.split(",") as WorkloadName[]).flatMap((workload) =>
  tools.map((tool) => ({ workload, tool, runs: [] as Figures[] })),
);
for (let round = 0; round < Number(options.repeat); round++) {
  for (const { workload, tool, runs } of cases) {
    console.error(`round ${round + 1}: ${workload}, ${tool.name}`);
    runs.push(await measure(tool, painter, workload));
  }
}
const rows: Row[] = cases.map(({ workload, tool, runs }) => ({
  workload,
  tool,
  ...medianOf(runs),
}));
console.log(
  markdownTable<Row>(
    [
      ["workload, tool", ({ workload, tool }) => `${workload}, ${tool.name}`],
      ["", (row) => (isEqual(row, rows) ? "=" : "")],
      ["CPU", (row) => figure(row.cpuCores, 3)],
      ["kB/s", (row) => figure(row.bytesPerSecond / 1e3, 1)],
      ["in motion, dB", (row) => figure(row.inMotionDb, 1)],
      ["at rest, dB", (row) => figure(row.atRestDb, 1)],
    ],
    rows,
  ),
);
process.exit(0);
