// SPDX-License-Identifier: MPL-2.0
// bun run bench: what capturing costs, beside other tools. See --help.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { CaptureSettings } from "../src/index.ts";
import { Painter, type WorkloadName } from "../test/support/painter.ts";
import { rootPath } from "../test/support/process.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { playBack } from "./analysis.ts";
import { buildAll } from "./build.ts";
import { documentOf } from "./document.ts";
import { ffmpegTool } from "./ffmpeg-tool.ts";
import { measureLimits } from "./limits.ts";
import { readOptions, sizeOf } from "./options.ts";
import { cpuPlot, latencyPlot } from "./plots.ts";
import { qualityOf } from "./quality.ts";
import type { ProcessFigures, Recording } from "./recording.ts";
import {
  type CodecLimit,
  medians,
  mediansOfLimits,
  quantile,
  type RunFacts,
  type RunResult,
} from "./report.ts";
import { workloadSections } from "./tables.ts";
import { cpuNsOf, ownTool, peerTool, type Tool } from "./tools.ts";

const help = `bun run bench [options]

  --seconds N        length of one run (default 8)
  --repeat N         repetitions of each pair; medians are shown (default 3)
  --workloads LIST   of idle,caret,typing,pauses,scroll,drag,video,slide (default: all)
  --modes LIST       of jpeg,jpeg-tight,h264,refine,fullframe and variants jpeg-plain,
                     h264-plain (default: the first five)
  --size WxH         of the screen (default 1920x1080)
  --fps N            targetFps (default 60)
  --no-ffmpeg        leave out the comparison with ffmpeg -f x11grab
  --no-limits        leave out the codecs alone
  --peer PYTHON      compare with the Python package pixelflux 2.x of this interpreter
  --library PATH     measure this libpixelflux.so instead of building one
  --painter PATH     use this pf-painter instead of building one
  --codec-bench PATH use this pf-codec-bench instead of building one
  --json PATH        where the figures go (default bench/results/<time>.json)
  --write            write docs/benchmarks.md and its plots
  --help`;

const options = readOptions(help, {
  seconds: "8",
  repeat: "3",
  workloads: "idle,caret,typing,pauses,scroll,drag,video,slide",
  modes: "jpeg,jpeg-tight,h264,refine,fullframe",
  size: "1920x1080",
  fps: "60",
  "no-ffmpeg": false,
  "no-limits": false,
  peer: undefined,
  library: undefined,
  painter: undefined,
  "codec-bench": undefined,
  json: undefined,
  write: false,
});

const modeSettings: Record<string, CaptureSettings> = {
  jpeg: { outputMode: "jpeg" },
  "jpeg-tight": { outputMode: "jpeg", stripeHeader: "extended" },
  h264: { outputMode: "h264" },
  fullframe: { outputMode: "h264", h264FullFrame: true },
  refine: { outputMode: "h264", h264PaintOver: "refine" },
  "jpeg-plain": { outputMode: "jpeg", usePaintOverQuality: false },
  "h264-plain": { outputMode: "h264", usePaintOverQuality: false },
};

/** Frames of a measurement of the codecs alone: less than a second each. */
const LIMIT_FRAMES = 120;

function fail(words: string): never {
  console.error(words);
  process.exit(1);
}

function positive(name: "seconds" | "repeat" | "fps"): number {
  const value = Number(options[name]);
  if (!(value > 0)) fail(`--${name} must be a number above 0, not ${options[name]}`);
  return value;
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
  if (!options["no-ffmpeg"]) {
    const shared = { ffmpeg, size: options.size, fps: positive("fps") };
    tools.push(ffmpegTool("x264", shared), ffmpegTool("mjpeg", shared));
  }
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
    residentMegabytes: figures.residentBytes / 1e6,
    nativeMegabytes: figures.nativeBytes / 1e6,
    switchesPerSecond: figures.switches / seconds,
    ...{ firstP50: Number.NaN, firstP95: Number.NaN, firstP99: Number.NaN },
    ...{ lastP50: Number.NaN, lastP95: Number.NaN, lastP99: Number.NaN },
    shownShare: Number.NaN,
    ...{ psnr: Number.NaN, ssim: Number.NaN, restPsnr: Number.NaN, restSsim: Number.NaN },
  };
}

async function addPictures(
  result: RunResult,
  painter: Painter,
  recording: Recording,
  folder: string,
): Promise<void> {
  const updates = await painter.updates();
  if (updates.length === 0) return;
  const playback = await playBack(recording, updates, painter);
  const { first, last } = playback.latencies;
  result.shownShare = first.length / updates.length;
  if (first.length === 0) {
    console.error(`${result.tool} showed none of ${updates.length} updates: it has no latencies`);
    return;
  }
  result.firstP50 = quantile(first, 0.5);
  result.firstP95 = quantile(first, 0.95);
  result.firstP99 = quantile(first, 0.99);
  result.lastP50 = quantile(last, 0.5);
  result.lastP95 = quantile(last, 0.95);
  result.lastP99 = quantile(last, 0.99);
  const { inMotion, atRest } = await qualityOf(painter, recording, playback, folder);
  Object.assign(result, inMotion, { restPsnr: atRest.psnr, restSsim: atRest.ssim });
}

async function runOnce(
  server: Xvfb,
  painter: Painter,
  workload: WorkloadName,
  tool: Tool,
  folder: string,
): Promise<RunResult> {
  await painter.prepare(workload, 1);
  const running = await tool.start(server.display, join(folder, "recording"));
  const serverBefore = cpuNsOf(server.pid);
  await running.begin();
  const updates = await painter.run(positive("seconds"));
  const serverCpuNs = cpuNsOf(server.pid) - serverBefore;
  const { figures, recording } = await running.end();
  const result = resultOf({ workload, tool: tool.name, updates }, figures, serverCpuNs);
  if (updates > 0) await addPictures(result, painter, recording(), folder);
  return result;
}

interface Measurements {
  results: RunResult[];
  limits: CodecLimit[];
}

async function measure(
  tools: Tool[],
  codecBench: string | undefined,
  folder: string,
): Promise<Measurements> {
  const [width = 0, height = 0] = sizeOf(options.size);
  await using server = await Xvfb.start({ width, height });
  await using painter = await Painter.start(server.display);
  const results: RunResult[] = [];
  const limits: CodecLimit[] = [];
  for (let repetition = 0; repetition < positive("repeat"); repetition++) {
    for (const workload of options.workloads.split(",") as WorkloadName[]) {
      for (const tool of tools) {
        const result = await runOnce(server, painter, workload, tool, folder);
        results.push(result);
        const cpu = result.cpuCores.toFixed(4);
        console.error(`${repetition + 1}: ${workload}, ${tool.name}: ${cpu} cores`);
      }
      if (workload === "video" && codecBench !== undefined) {
        limits.push(...(await measureLimits(codecBench, options.size, LIMIT_FRAMES)));
      }
    }
  }
  return { results, limits };
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

async function versions(): Promise<Record<string, string>> {
  const ffmpeg = await Bun.$`ffmpeg -version`.quiet();
  return {
    Bun: Bun.version,
    ffmpeg: /version (\S+)/.exec(ffmpeg.stdout.toString())?.[1] ?? "unknown",
    ...(options.peer !== undefined && { peer: await peerVersion(options.peer) }),
  };
}

async function factsOfRun(): Promise<RunFacts> {
  return {
    screen: `${options.size}x24`,
    seconds: positive("seconds"),
    repeat: positive("repeat"),
    fps: positive("fps"),
    date: new Date().toISOString().slice(0, 10),
    commit: await commit(),
    command: ["bun run bench", ...shownArguments()].join(" "),
    versions: await versions(),
  };
}

/** Paths are of this machine only. */
function shownArguments(): string[] {
  return process.argv.slice(2).map((word) => (word.startsWith("/") ? basename(word) : word));
}

async function writeDocuments(measured: Measurements, facts: RunFacts): Promise<void> {
  const docs = join(rootPath, "docs");
  const { results, limits } = measured;
  await Bun.write(join(docs, "benchmarks.md"), documentOf(results, limits, facts));
  await Bun.write(join(docs, "benchmark-cpu.svg"), cpuPlot(results));
  await Bun.write(join(docs, "benchmark-latency.svg"), latencyPlot(results));
}

const needsBuild =
  options.library === undefined ||
  options.painter === undefined ||
  (options["codec-bench"] === undefined && !options["no-limits"]);
const prefix = needsBuild ? await buildAll() : "";
const painterPath = resolve(options.painter ?? join(prefix, "bin", "pf-painter"));
Object.assign(process.env, { PF_PAINTER: painterPath });
const libraryPath = resolve(options.library ?? join(prefix, "lib", "libpixelflux.so"));
const tools = await toolsToMeasure(libraryPath);
const codecBench = options["no-limits"]
  ? undefined
  : resolve(options["codec-bench"] ?? join(prefix, "bin", "pf-codec-bench"));
const folder = mkdtempSync(join(tmpdir(), "pf-bench-"));
try {
  const measured = await measure(tools, codecBench, folder);
  const facts = await factsOfRun();
  const middle = {
    results: medians(measured.results),
    limits: mediansOfLimits(measured.limits),
  };
  console.log(workloadSections(middle.results, middle.limits, "#"));
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const path = options.json ?? join(rootPath, "bench", "results", `${time}.json`);
  const figures = { facts, medians: middle.results, limits: middle.limits, runs: measured };
  await Bun.write(path, JSON.stringify(figures, null, 1));
  console.error(`wrote ${path}`);
  if (options.write) await writeDocuments(middle, facts);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
