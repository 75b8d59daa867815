// SPDX-License-Identifier: MPL-2.0
// The main figures as bars: a panel a workload, a bar a tool, and a scale of its own each.
import type { RunResult } from "./report.ts";
import { colourOf, svgBar, svgDocument, svgRule, svgText } from "./svg.ts";

const COLUMN_COUNT = 2;
const PANEL_WIDTH_PX = 440;
const NAME_WIDTH_PX = 105;
const FIGURE_WIDTH_PX = 80;
const ROW_PX = 18;
const HEAD_PX = 30;
const GAP_PX = 22;

interface Bar {
  name: string;
  value: number;
  /** Drawn as a thin continuation of the bar. */
  further?: number;
  text: string;
  colour: string;
}

interface Panel {
  title: string;
  bars: Bar[];
}

function panelPart({ title, bars }: Panel, left: number, top: number): string {
  const room = PANEL_WIDTH_PX - NAME_WIDTH_PX - FIGURE_WIDTH_PX;
  const scale = room / Math.max(...bars.map((bar) => Math.max(bar.value, bar.further ?? 0)), 1e-9);
  const zero = left + NAME_WIDTH_PX;
  const rows = bars.map((bar, index) => {
    const y = top + HEAD_PX + index * ROW_PX;
    const length = bar.value * scale;
    const end = zero + Math.max(length, (bar.further ?? 0) * scale);
    const thin =
      bar.further === undefined
        ? ""
        : svgBar(zero + length, y + 5, bar.further * scale - length, 3, bar.colour);
    return [
      svgText(zero - 8, y + 11, bar.name, { anchor: "end" }),
      svgBar(zero, y, length, 13, bar.colour),
      thin,
      svgText(end + 6, y + 11, bar.text, { kind: "small" }),
    ].join("");
  });
  const bottom = top + HEAD_PX + bars.length * ROW_PX;
  const axis = svgRule(zero, top + HEAD_PX - 4, zero, bottom);
  return [svgText(left, top + 14, title, { kind: "title" }), axis, ...rows].join("\n");
}

function panelsDocument(label: string, panels: Panel[]): string {
  const heights: number[] = [];
  const parts: string[] = [];
  let top = 28;
  for (let index = 0; index < panels.length; index += COLUMN_COUNT) {
    const row = panels.slice(index, index + COLUMN_COUNT);
    for (const [column, panel] of row.entries()) {
      parts.push(panelPart(panel, 10 + column * (PANEL_WIDTH_PX + GAP_PX), top));
    }
    heights.push(HEAD_PX + GAP_PX + Math.max(...row.map(({ bars }) => bars.length)) * ROW_PX);
    top += heights.at(-1) as number;
  }
  const width = 20 + COLUMN_COUNT * (PANEL_WIDTH_PX + GAP_PX) - GAP_PX;
  return svgDocument(width, top, label, [svgText(10, 18, label, { kind: "title" }), ...parts]);
}

/** Colours by tool, ours in colour, the others in grey. */
function coloursOf(results: RunResult[]): Map<string, string> {
  const names = [...new Set(results.map(({ tool }) => tool))];
  const isOther = (name: string): boolean => /^(peer|ffmpeg) /.test(name);
  const own = names.filter((name) => !isOther(name));
  const other = names.filter(isOther);
  return new Map([
    ...own.map((name, index): [string, string] => [name, colourOf(index)]),
    ...other.map((name, index): [string, string] => [name, colourOf(index, "other")]),
  ]);
}

function panelsOf(
  results: RunResult[],
  bar: (result: RunResult) => Pick<Bar, "value" | "further" | "text"> | undefined,
): Panel[] {
  const colours = coloursOf(results);
  const groups = Map.groupBy(results, ({ workload }) => workload);
  const panels = [...groups].map(([title, rows]) => ({
    title,
    bars: rows.flatMap((row): Bar[] => {
      const figures = bar(row);
      const colour = colours.get(row.tool) as string;
      return figures === undefined ? [] : [{ name: row.tool, colour, ...figures }];
    }),
  }));
  return panels.filter(({ bars }) => bars.length > 0);
}

export function cpuPlot(results: RunResult[]): string {
  const panels = panelsOf(results, ({ cpuCores }) => ({
    value: cpuCores,
    text: cpuCores.toFixed(cpuCores < 0.01 ? 4 : 3),
  }));
  return panelsDocument("CPU of the capturing process, in cores", panels);
}

export function latencyPlot(results: RunResult[]): string {
  const panels = panelsOf(results, ({ lastP50, lastP95 }) =>
    Number.isNaN(lastP50) || Number.isNaN(lastP95)
      ? undefined
      : {
          value: lastP50,
          further: lastP95,
          text: `${lastP50.toFixed(1)} / ${lastP95.toFixed(1)}`,
        },
  );
  return panelsDocument(
    "From painting to the callback that completes the update, ms: p50 / p95",
    panels,
  );
}
