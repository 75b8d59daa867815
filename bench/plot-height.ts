// SPDX-License-Identifier: MPL-2.0
// Curves of cost against the height of stripes: a column a codec, a row a figure.
import type { CurvePoint } from "./limits.ts";
import { colourOf, svgBar, svgDocument, svgLine, svgRule, svgText } from "./svg.ts";

const WIDTH_PX = 400;
const HEIGHT_PX = 180;
const LEFT_PX = 48;
const HEAD_PX = 44;
const FOOT_PX = 34;
const TICK_COUNT = 4;
const LABELLED_HEIGHTS = [16, 32, 64, 128, 272, 544, 1088];

interface Curve {
  name: string;
  /** Stripe height and figure. */
  points: [number, number][];
}

interface Chart {
  title: string;
  curves: Curve[];
}

/** 1, 2 or 5 times a power of ten: the smallest that divides the axis into few steps. */
function stepOf(max: number): number {
  const rough = max / TICK_COUNT;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

/** Where a chart's values lie on the page. */
class Scale {
  readonly left: number;
  readonly bottom: number;
  readonly max: number;
  readonly #low: number;
  readonly #high: number;

  constructor({ curves }: Chart, left: number, top: number) {
    const points = curves.flatMap((curve) => curve.points);
    this.left = left + LEFT_PX;
    this.bottom = top + HEAD_PX + HEIGHT_PX;
    this.max = Math.max(...points.map(([, value]) => value));
    this.#low = Math.min(...points.map(([height]) => height));
    this.#high = Math.max(...points.map(([height]) => height));
  }

  x(height: number): number {
    const share = Math.log2(height / this.#low) / Math.log2(this.#high / this.#low);
    return this.left + share * (WIDTH_PX - LEFT_PX);
  }

  y(value: number): number {
    return this.bottom - (value / this.max) * HEIGHT_PX;
  }
}

function axesPart(scale: Scale): string[] {
  const parts: string[] = [];
  const step = stepOf(scale.max);
  for (let tick = 0; tick <= scale.max; tick += step) {
    const y = scale.y(tick);
    const text = String(Math.round(tick * 1000) / 1000);
    parts.push(svgRule(scale.left, y, scale.left + WIDTH_PX - LEFT_PX, y));
    parts.push(svgText(scale.left - 6, y + 4, text, { anchor: "end", kind: "small" }));
  }
  const names = LABELLED_HEIGHTS.map((height) =>
    svgText(scale.x(height), scale.bottom + 16, String(height), {
      anchor: "middle",
      kind: "small",
    }),
  );
  return [...parts, ...names];
}

function curvePart({ name, points }: Curve, scale: Scale, colour: string, keyX: number): string {
  const keyY = scale.bottom - HEIGHT_PX - HEAD_PX + 24;
  return [
    svgLine(
      points.map(([height, value]) => [scale.x(height), scale.y(value)]),
      colour,
    ),
    svgBar(keyX, keyY, 12, 4, colour),
    svgText(keyX + 16, keyY + 6, name, { kind: "small" }),
  ].join("");
}

function chartPart(chart: Chart, left: number, top: number): string {
  const scale = new Scale(chart, left, top);
  const keyStep = chart.curves.length > 3 ? 48 : 68;
  return [
    svgText(left, top + 14, chart.title, { kind: "title" }),
    ...axesPart(scale),
    ...chart.curves.map((curve, index) =>
      curvePart(curve, scale, colourOf(index), scale.left + index * keyStep),
    ),
  ].join("\n");
}

function byWorkload(points: CurvePoint[], value: (point: CurvePoint) => number): Curve[] {
  return [...Map.groupBy(points, ({ workload }) => workload)].map(([name, group]) => ({
    name,
    points: group.map((point) => [point.stripeHeight, value(point)]),
  }));
}

function byThreads(points: CurvePoint[], workload: string): Curve[] {
  const group = points.filter((point) => point.workload === workload);
  return [2, 4, 8, 16, 32].map((threads) => ({
    name: threads === 32 ? "32 threads" : String(threads),
    points: group.map(({ stripeHeight, frameMs }) => [stripeHeight, frameMs[threads] as number]),
  }));
}

function chartsOf(name: string, points: CurvePoint[]): Chart[] {
  return [
    { title: `${name}: CPU, ms a frame`, curves: byWorkload(points, (point) => point.cpuMs) },
    { title: `${name}: kB a frame`, curves: byWorkload(points, ({ bytes }) => bytes / 1000) },
    { title: `${name}: video, ms to the last stripe`, curves: byThreads(points, "video") },
    { title: `${name}: scroll, ms to the last stripe`, curves: byThreads(points, "scroll") },
  ];
}

export function heightPlot(points: CurvePoint[]): string {
  const columns = [
    chartsOf(
      "JPEG",
      points.filter(({ codec }) => codec === "jpeg"),
    ),
    chartsOf(
      "H.264",
      points.filter(({ codec }) => codec === "h264"),
    ),
  ];
  const rowHeight = HEAD_PX + HEIGHT_PX + FOOT_PX;
  const parts = columns.flatMap((charts, column) =>
    charts.map((chart, row) =>
      chartPart(chart, 10 + column * (WIDTH_PX + 36), 8 + row * rowHeight),
    ),
  );
  const label = "Cost against the height of stripes in rows";
  return svgDocument(2 * WIDTH_PX + 76, 8 + 4 * rowHeight, label, parts);
}
