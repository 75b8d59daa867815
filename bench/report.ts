// SPDX-License-Identifier: MPL-2.0
import { cpus } from "node:os";
import type { WorkloadName } from "../test/support/painter.ts";

/** One run of one tool under one workload. */
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
  /** In ms; NaN where the tool is not asked for stripes or the workload has no updates. */
  firstP50: number;
  firstP95: number;
  lastP50: number;
  lastP95: number;
  /** Updates that were seen in a stripe, of those painted. */
  shownShare: number;
  residentMegabytes: number;
  nativeMegabytes: number;
  switchesPerSecond: number;
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

/** Medians of the repetitions, in the order in which the pairs were first run. */
export function medians(results: RunResult[]): RunResult[] {
  const groups = Map.groupBy(results, ({ workload, tool }) => `${workload} ${tool}`);
  return [...groups.values()].map((group) => {
    const middle = { ...(group[0] as RunResult) };
    for (const key of Object.keys(middle) as (keyof RunResult)[]) {
      if (key === "workload" || key === "tool") continue;
      middle[key] = median(group.map((result) => result[key]));
    }
    return middle;
  });
}

function figure(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(digits);
}

const columns: [title: string, text: (result: RunResult) => string][] = [
  ["workload", (r) => r.workload],
  ["tool", (r) => r.tool],
  ["CPU", (r) => figure(r.cpuCores, 4)],
  ["X server CPU", (r) => figure(r.serverCpuCores, 3)],
  ["frames/s", (r) => figure(r.framesPerSecond, 1)],
  ["stripes/s", (r) => figure(r.stripesPerSecond, 1)],
  ["kB/s", (r) => figure(r.kilobytesPerSecond, 1)],
  ["first p50", (r) => figure(r.firstP50, 2)],
  ["p95", (r) => figure(r.firstP95, 2)],
  ["last p50", (r) => figure(r.lastP50, 2)],
  ["p95", (r) => figure(r.lastP95, 2)],
  ["shown", (r) => (Number.isNaN(r.shownShare) ? "" : `${figure(r.shownShare * 100, 0)} %`)],
  ["RSS MB", (r) => figure(r.residentMegabytes, 0)],
  ["native MB", (r) => figure(r.nativeMegabytes, 1)],
  ["switches/s", (r) => figure(r.switchesPerSecond, 0)],
];

/** A Markdown table, padded so that it can be read as it is. */
export function tableOf(results: RunResult[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...results.map((result) => columns.map(([, text]) => text(result))),
  ];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)));
  const line = (row: string[]) =>
    `| ${row.map((text, i) => (i < 2 ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(rows[0] as string[]), rule, ...rows.slice(1).map(line)].join("\n");
}

export interface RunFacts {
  screen: string;
  seconds: number;
  repeat: number;
  date: string;
  commit: string;
  /** Version of the Python package that was compared with. */
  peer?: string;
}

/** docs/benchmarks.md, whole. */
export function documentOf(results: RunResult[], facts: RunFacts): string {
  const cpu = `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? "unknown"}`;
  return `# Benchmarks

Written by \`bun run bench --write\`; do not edit by hand.

Xvfb ${facts.screen}, ${facts.seconds} s a run, medians of ${facts.repeat} interleaved repetitions, each in a fresh process.
${facts.date}, commit ${facts.commit}, Bun ${Bun.version}, ${cpu}. Where machines are shared, only ratios within one run mean much.

- **CPU**: cores busy in the capturing process, all its threads; **X server CPU**: that of Xvfb, the painter's drawing included.
- **first**, **last**: milliseconds from the painter's XSync to the callback with the first, and the last, stripe that shows the update. Every update carries a number as a block code, which is read back from the decoded stripes. **shown**: updates that were seen in a stripe, of those painted.
- **RSS**: without the benchmark's own copy of the stripes. **native**: stripe buffers held at the end.
- ffmpeg: \`-f x11grab -framerate 60\`, libx264 ultrafast, zerolatency, CRF 25, as a whole process.${facts.peer === undefined ? "" : `\n- peer: the Python package pixelflux ${facts.peer}, on the CPU, with the same qualities.`}

Workloads: idle; caret, once a second; typing, 400×20 px 10 times a second; scroll, 1200×800 px of text by a line 30 times a second; drag, a 600×400 px window in a circle 60 times a second; video, all pixels 60 times a second; slide, another picture every 2 s.

${tableOf(results)}
`;
}
