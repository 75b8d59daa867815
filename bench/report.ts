// SPDX-License-Identifier: MPL-2.0
// The figures of a run, and what is made of several.
import type { WorkloadName } from "../test/support/painter.ts";

/** One run of one tool under one workload. What a tool or workload has not is NaN. */
export interface RunResult {
  workload: WorkloadName;
  tool: string;
  seconds: number;
  updates: number;
  /** In cores: 1 is one core busy all the time. */
  cpuCores: number;
  serverCpuCores: number;
  framesPerSecond: number;
  stripesPerSecond: number;
  kilobytesPerSecond: number;
  residentMegabytes: number;
  nativeMegabytes: number;
  switchesPerSecond: number;
  /** In ms. */
  firstP50: number;
  firstP95: number;
  firstP99: number;
  lastP50: number;
  lastP95: number;
  lastP99: number;
  /** Updates that were seen in a stripe, of those painted. */
  shownShare: number;
  /** Of the sampled updates as first shown, means: in dB, and 0...1. */
  psnr: number;
  ssim: number;
  /** Of the last update when everything has come to rest. */
  restPsnr: number;
  restSsim: number;
}

/** What a codec alone takes for a frame of the workload video. */
export interface CodecLimit {
  mode: "jpeg" | "h264" | "fullframe";
  threads: number;
  stripes: number;
  wallMs: number;
  cpuMs: number;
  bytes: number;
}

export interface RunFacts {
  screen: string;
  seconds: number;
  repeat: number;
  fps: number;
  date: string;
  commit: string;
  /** The options of this run, as given. */
  command: string;
  /** Versions of what took part, by name. */
  versions: Record<string, string>;
}

export function quantile(values: number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

/** The middle of the figures; those that are not there do not count. */
function median(values: number[]): number {
  const there = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const high = there[there.length >> 1];
  const low = there[(there.length - 1) >> 1];
  return high === undefined || low === undefined ? Number.NaN : (low + high) / 2;
}

/** One object with the middle of every figure; what is no number is that of the first. */
function middleOf<T extends object>(group: T[]): T {
  const entries = Object.entries(group[0] as T).map(([key, value]) => [
    key,
    typeof value === "number" ? median(group.map((one) => one[key as keyof T] as number)) : value,
  ]);
  return Object.fromEntries(entries) as T;
}

/** Medians of the repetitions, in the order in which the pairs were first run. */
export function medians(results: RunResult[]): RunResult[] {
  const groups = Map.groupBy(results, ({ workload, tool }) => `${workload} ${tool}`);
  return [...groups.values()].map(middleOf);
}

export function mediansOfLimits(limits: CodecLimit[]): CodecLimit[] {
  const groups = Map.groupBy(limits, ({ mode, threads }) => `${mode} ${threads}`);
  return [...groups.values()].map(middleOf);
}

/** The limit of a mode, on as many threads as cost least; undefined where none was measured. */
function limitOf(tool: string, limits: CodecLimit[]): CodecLimit | undefined {
  const mode = tool === "jpeg-tight" ? "jpeg" : tool;
  const own = limits.filter((limit) => limit.mode === mode);
  return own.sort((a, b) => a.cpuMs - b.cpuMs)[0];
}

/** Our CPU for the workload video, in multiples of what the codec alone takes for the frames. */
export function timesTheCodec(result: RunResult, limits: CodecLimit[]): number {
  const limit = result.workload === "video" ? limitOf(result.tool, limits) : undefined;
  if (limit === undefined) return Number.NaN;
  return result.cpuCores / ((limit.cpuMs / 1000) * result.framesPerSecond);
}
