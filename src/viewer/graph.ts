// SPDX-License-Identifier: MPL-2.0

/** What is drawn of one second. */
export interface Sample {
  /** On the clock of `performance.now()`. */
  readonly atMs: number;
  /** `undefined` for a second in which nothing was shown. */
  readonly latencyMs: number | undefined;
  readonly bitsPerSecond: number;
}

/** How far back the graph reaches. */
export const GRAPH_MS = 60_000;

/** Samples come once a second; farther apart, there was none between them. */
const GAP_MS = 2500;

/** In CSS px, above each line for its scale. */
const LABEL_HEIGHT_PX = 13;

interface Lane {
  readonly top: number;
  readonly height: number;
  readonly colour: string;
  readonly unit: string;
  readonly value: (sample: Sample) => number | undefined;
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below a value. */
export function roundedUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5].find((factor) => factor * power >= value) ?? 10;
  return Number((step * power).toPrecision(1)); // 3 * 0.1 is not 0.3
}

/**
 * Draws latency above bitrate, the last minute from left to right, each up to
 * its own rounded maximum. The canvas has to be shown: its size is the style's.
 *
 * @param samples - The oldest first.
 */
export function drawGraph(
  canvas: HTMLCanvasElement,
  samples: readonly Sample[],
  nowMs: number,
): void {
  const context = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (context === null || width === 0) return;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  context.scale(devicePixelRatio, devicePixelRatio);
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name);
  context.font = `10px ${style.fontFamily}`;
  const half = height / 2;
  const shared = { height: half - 3, nowMs, width };
  const lanes: Lane[] = [
    { ...shared, top: 0, colour: colour("--accent"), unit: "ms", value: (s) => s.latencyMs },
    {
      ...{ ...shared, top: half + 3, colour: colour("--good"), unit: "Mbit/s" },
      value: (s) => s.bitsPerSecond / 1e6,
    },
  ];
  for (const lane of lanes) {
    drawScale(context, lane, width, colour("--quiet"), maximum(lane, samples));
    drawLine(context, lane, width, samples, nowMs);
  }
}

function maximum({ value }: Lane, samples: readonly Sample[]): number {
  return roundedUp(Math.max(0, ...samples.map((sample) => value(sample) ?? 0)));
}

function drawScale(
  context: CanvasRenderingContext2D,
  { top, height, unit }: Lane,
  width: number,
  colour: string,
  max: number,
): void {
  context.fillStyle = colour;
  context.textBaseline = "top";
  context.fillText(`${max} ${unit}`, 0, top);
  context.globalAlpha = 0.35;
  context.fillRect(0, top + LABEL_HEIGHT_PX, width, 0.5);
  context.fillRect(0, top + height - 0.5, width, 0.5);
  context.globalAlpha = 1;
}

function drawLine(
  context: CanvasRenderingContext2D,
  lane: Lane,
  width: number,
  samples: readonly Sample[],
  nowMs: number,
): void {
  const max = maximum(lane, samples);
  const bottom = lane.top + lane.height - 0.5;
  const room = lane.height - LABEL_HEIGHT_PX - 1.5;
  for (const run of runsOf(samples, lane.value)) {
    const points = run.map(({ sample, value }) => ({
      x: width * (1 - (nowMs - sample.atMs) / GRAPH_MS),
      y: bottom - (room * value) / max,
    }));
    drawRun(context, points, bottom, lane.colour);
  }
}

/** The stretches without a gap. */
function runsOf(samples: readonly Sample[], valueIn: Lane["value"]) {
  const runs: { sample: Sample; value: number }[][] = [];
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    const value = valueIn(sample);
    if (value === undefined) continue;
    if (sample.atMs - beforeMs > GAP_MS) runs.push([]);
    runs.at(-1)?.push({ sample, value });
    beforeMs = sample.atMs;
  }
  return runs;
}

function drawRun(
  context: CanvasRenderingContext2D,
  points: readonly { x: number; y: number }[],
  bottom: number,
  colour: string,
): void {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return;
  const line = new Path2D();
  // A single point would have no line: it becomes a short one.
  line.moveTo(points.length === 1 ? first.x - 2 : first.x, first.y);
  for (const { x, y } of points) line.lineTo(x, y);
  const area = new Path2D(line);
  area.lineTo(last.x, bottom);
  area.lineTo(first.x, bottom);
  context.globalAlpha = 0.18;
  context.fillStyle = colour;
  context.fill(area);
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.stroke(line);
}
