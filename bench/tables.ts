// SPDX-License-Identifier: MPL-2.0
// The figures as Markdown tables, padded so that they can be read as they are.
import { type CodecLimit, type RunResult, timesTheCodec } from "./report.ts";

type Column<T> = [title: string, text: (row: T) => string];

/** Text to the left in the first column, figures to the right in the others. */
export function markdownTable<T>(columns: Column<T>[], rows: T[]): string {
  const lines = [columns.map(([title]) => title)].concat(
    rows.map((row) => columns.map(([, text]) => text(row))),
  );
  const widths = columns.map((_, i) =>
    Math.max(3, ...lines.map((line) => (line[i] as string).length)),
  );
  const pad = (text: string, i: number): string =>
    i === 0 ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number);
  const rule = widths.map((width, i) =>
    i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [head, ...body] = lines.map((line) => `| ${line.map(pad).join(" | ")} |`);
  return [head, `| ${rule.join(" | ")} |`, ...body].join("\n");
}

/** Nothing where there is no figure. */
export function figure(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(digits);
}

function percent(share: number): string {
  return Number.isNaN(share) ? "" : `${figure(share * 100, 0)} %`;
}

export function costTable(results: RunResult[], limits: CodecLimit[]): string {
  const columns: Column<RunResult>[] = [
    ["tool", (r) => r.tool],
    ["CPU", (r) => figure(r.cpuCores, 4)],
    ["X server CPU", (r) => figure(r.serverCpuCores, 3)],
    ["frames/s", (r) => figure(r.framesPerSecond, 1)],
    ["stripes/s", (r) => figure(r.stripesPerSecond, 1)],
    ["kB/s", (r) => figure(r.kilobytesPerSecond, 1)],
    ["RSS MB", (r) => figure(r.residentMegabytes, 0)],
    ["native MB", (r) => figure(r.nativeMegabytes, 1)],
    ["switches/s", (r) => figure(r.switchesPerSecond, 0)],
  ];
  const times = (r: RunResult): string => figure(timesTheCodec(r, limits), 2);
  if (results.some((r) => times(r) !== "")) columns.splice(2, 0, ["× codec alone", times]);
  return markdownTable(columns, results);
}

export function pictureTable(results: RunResult[]): string {
  return markdownTable<RunResult>(
    [
      ["tool", (r) => r.tool],
      ["first p50", (r) => figure(r.firstP50, 2)],
      ["p95", (r) => figure(r.firstP95, 2)],
      ["p99", (r) => figure(r.firstP99, 2)],
      ["last p50", (r) => figure(r.lastP50, 2)],
      ["p95", (r) => figure(r.lastP95, 2)],
      ["p99", (r) => figure(r.lastP99, 2)],
      ["shown", (r) => percent(r.shownShare)],
      ["PSNR", (r) => figure(r.psnr, 1)],
      ["SSIM", (r) => figure(r.ssim, 4)],
      ["PSNR at rest", (r) => figure(r.restPsnr, 1)],
      ["SSIM at rest", (r) => figure(r.restSsim, 4)],
    ],
    results,
  );
}

export function limitTable(limits: CodecLimit[]): string {
  return markdownTable<CodecLimit>(
    [
      ["mode", (l) => l.mode],
      ["threads", (l) => String(l.threads)],
      ["stripes", (l) => String(l.stripes)],
      ["ms/frame", (l) => figure(l.wallMs, 2)],
      ["CPU ms/frame", (l) => figure(l.cpuMs, 2)],
      ["kB/frame", (l) => figure(l.bytes / 1000, 1)],
    ],
    limits,
  );
}

/** Everything, a workload after the other, under headings of the given level. */
export function workloadSections(
  results: RunResult[],
  limits: CodecLimit[],
  headings: string,
): string {
  const sections = Map.groupBy(results, ({ workload }) => workload)
    .entries()
    .map(([workload, rows]) => {
      const pictures = rows.some((r) => !Number.isNaN(r.firstP50))
        ? `\n\n${pictureTable(rows)}`
        : "";
      return `${headings} ${workload}\n\n${costTable(rows, limits)}${pictures}`;
    });
  return [...sections].join("\n\n");
}
