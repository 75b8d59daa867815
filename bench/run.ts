// SPDX-License-Identifier: MPL-2.0
// bun run bench: what capturing costs, beside other tools. See --help.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { CaptureSettings } from "../src/index.ts";
import { Painter, type WorkloadName } from "../test/support/painter.ts";
import { rootPath } from "../test/support/process.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { latenciesOf } from "./codes.ts";
import { type ProcessFigures, readRecording } from "./recording.ts";
import { documentOf, medians, quantile, type RunFacts, type RunResult, tableOf } from "./report.ts";
import { cpuNsOf, ffmpegTool, ownTool, peerTool, type Tool } from "./tools.ts";

const help = `bun run bench [options]

  --seconds N        length of one run (default 8)
  --repeat N         repetitions of each pair; medians are shown (default 3)
  --workloads LIST   of idle,caret,typing,scroll,drag,video,slide (default: all but slide)
  --modes LIST       of jpeg,h264,fullframe and variants refine,jpeg-plain,h264-plain
                     (default jpeg,h264,fullframe)
  --size WxH         of the screen (default 1920x1080)
  --fps N            targetFps (default 60)
  --no-ffmpeg        leave out the comparison with ffmpeg -f x11grab
  --peer PYTHON      compare with the Python package pixelflux 2.x of this interpreter
  --library PATH     measure this libpixelflux.so instead of building one
  --painter PATH     use this pf-painter instead of building one
  --json PATH        where the figures go (default bench/results/<time>.json)
  --write            write docs/benchmarks.md
  --help`;

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    repeat: { type: "string", default: "3" },
    workloads: { type: "string", default: "idle,caret,typing,scroll,drag,video" },
    modes: { type: "string", default: "jpeg,h264,fullframe" },
    size: { type: "string", default: "1920x1080" },
    fps: { type: "string", default: "60" },
    "no-ffmpeg": { type: "boolean", default: false },
    peer: { type: "string" },
    library: { type: "string" },
    painter: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const modeSettings: Record<string, CaptureSettings> = {
  jpeg: { outputMode: "jpeg" },
  h264: { outputMode: "h264" },
  fullframe: { outputMode: "h264", h264FullFrame: true },
  refine: { outputMode: "h264", h264PaintOver: "refine" },
  "jpeg-plain": { outputMode: "jpeg", usePaintOverQuality: false },
  "h264-plain": { outputMode: "h264", usePaintOverQuality: false },
};

function fail(words: string): never {
  console.error(words);
  process.exit(1);
}

function positive(name: "seconds" | "repeat" | "fps"): number {
  const value = Number(options[name]);
  if (!(value > 0)) fail(`--${name} must be a number above 0, not ${options[name]}`);
  return value;
}

/** Builds library and painter with optimization, apart from the checkout's own build. */
async function build(): Promise<string> {
  const prefix = join(rootPath, "bench", "results", "build");
  const zig = Bun.which("zig") ?? join(rootPath, ".tools", "bin", "zig");
  if (!existsSync(zig))
    fail("zig is missing: run scripts/bootstrap, or give --library and --painter");
  const command = [zig, "build", "-Doptimize=fast", "--prefix", prefix];
  const child = Bun.spawn(command, { cwd: rootPath, stdout: "inherit", stderr: "inherit" });
  if ((await child.exited) !== 0) fail(`failed: ${command.join(" ")}`);
  return prefix;
}

async function toolsToMeasure(libraryPath: string): Promise<Tool[]> {
  const tools = options.modes.split(",").map((mode) => {
    const settings = modeSettings[mode];
    if (settings === undefined) fail(`--modes: there is no ${mode}\n\n${help}`);
    return ownTool(mode, { targetFps: positive("fps"), ...settings }, libraryPath);
  });
  if (options.peer !== undefined) {
    for (const mode of ["jpeg", "h264", "fullframe"]) {
      tools.push(peerTool(`peer ${mode}`, options.peer, mode, options.size));
    }
  }
  const ffmpeg = Bun.which("ffmpeg");
  if (ffmpeg === null) fail("ffmpeg is missing; it also decodes the stripes for the latencies");
  if (!options["no-ffmpeg"]) tools.push(ffmpegTool(ffmpeg, options.size));
  return tools;
}

function resultOf(
  pair: { workload: WorkloadName; tool: string; updates: number },
  figures: ProcessFigures,
  serverCpuNs: number,
): RunResult {
  const seconds = figures.wallNs / 1e9;
  return {
    ...pair,
    seconds,
    cpuCores: figures.cpuNs / figures.wallNs,
    serverCpuCores: serverCpuNs / figures.wallNs,
    framesPerSecond: figures.frames / seconds,
    stripesPerSecond: figures.stripes / seconds,
    kilobytesPerSecond: figures.bytes / 1000 / seconds,
    ...{ firstP50: Number.NaN, firstP95: Number.NaN, lastP50: Number.NaN, lastP95: Number.NaN },
    shownShare: Number.NaN,
    residentMegabytes: figures.residentBytes / 1e6,
    nativeMegabytes: figures.nativeBytes / 1e6,
    switchesPerSecond: figures.switches / seconds,
  };
}

async function addLatencies(result: RunResult, painter: Painter, path: string): Promise<void> {
  const updates = await painter.updates();
  if (updates.length === 0) return;
  const { first, last } = await latenciesOf(readRecording(path), updates);
  if (first.length === 0)
    throw new Error(`no stripe of ${result.tool} shows the code of an update`);
  result.firstP50 = quantile(first, 0.5);
  result.firstP95 = quantile(first, 0.95);
  result.lastP50 = quantile(last, 0.5);
  result.lastP95 = quantile(last, 0.95);
  result.shownShare = first.length / updates.length;
}

async function runOnce(
  server: Xvfb,
  painter: Painter,
  workload: WorkloadName,
  tool: Tool,
  folder: string,
): Promise<RunResult> {
  const path = join(folder, "recording");
  await painter.prepare(workload, 1);
  const running = await tool.start(server.display, path);
  const serverBefore = cpuNsOf(server.pid);
  await running.begin();
  const updates = await painter.run(positive("seconds"));
  const serverCpuNs = cpuNsOf(server.pid) - serverBefore;
  const figures = await running.end();
  const result = resultOf({ workload, tool: tool.name, updates }, figures, serverCpuNs);
  if (tool.records) await addLatencies(result, painter, path);
  return result;
}

async function measure(tools: Tool[], folder: string): Promise<RunResult[]> {
  const [width = 0, height = 0] = options.size.split("x").map(Number);
  await using server = await Xvfb.start({ width, height });
  await using painter = await Painter.start(server.display);
  const results: RunResult[] = [];
  for (let repetition = 0; repetition < positive("repeat"); repetition++) {
    for (const workload of options.workloads.split(",") as WorkloadName[]) {
      for (const tool of tools) {
        const result = await runOnce(server, painter, workload, tool, folder);
        results.push(result);
        const cpu = result.cpuCores.toFixed(4);
        console.error(`${repetition + 1}: ${workload}, ${tool.name}: ${cpu} cores`);
      }
    }
  }
  return results;
}

async function commit(): Promise<string> {
  const result = await Bun.$`git -C ${rootPath} rev-parse --short HEAD`.nothrow().quiet();
  return result.exitCode === 0 ? result.stdout.toString().trim() : "none";
}

/** The peer's version, which its package tells. */
async function peerVersion(python: string): Promise<string> {
  const program = "from importlib.metadata import version; print(version('pixelflux'))";
  const result = await Bun.$`${python} -c ${program}`.nothrow().quiet();
  if (result.exitCode !== 0) fail(`--peer: ${python} has no package pixelflux`);
  return result.stdout.toString().trim();
}

if (options.help) {
  console.log(help);
  process.exit(0);
}
const needsBuild = options.library === undefined || options.painter === undefined;
const prefix = needsBuild ? await build() : "";
const painterPath = resolve(options.painter ?? join(prefix, "bin", "pf-painter"));
Object.assign(process.env, { PF_PAINTER: painterPath });
const tools = await toolsToMeasure(
  resolve(options.library ?? join(prefix, "lib", "libpixelflux.so")),
);
const folder = mkdtempSync(join(tmpdir(), "pf-bench-"));
try {
  const results = await measure(tools, folder);
  const facts: RunFacts = {
    screen: `${options.size}x24`,
    seconds: positive("seconds"),
    repeat: positive("repeat"),
    date: new Date().toISOString().slice(0, 10),
    commit: await commit(),
    ...(options.peer !== undefined && { peer: await peerVersion(options.peer) }),
  };
  const middle = medians(results);
  console.log(tableOf(middle));
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const path = options.json ?? join(rootPath, "bench", "results", `${time}.json`);
  await Bun.write(path, JSON.stringify({ facts, medians: middle, results }, null, 1));
  console.error(`wrote ${path}`);
  if (options.write)
    await Bun.write(join(rootPath, "docs", "benchmarks.md"), documentOf(middle, facts));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
