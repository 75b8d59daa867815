// SPDX-License-Identifier: MPL-2.0
/** Statistics in Prometheus's text format, version 0.0.4. Pure. */
import type { FanoutStats } from "./fanout.ts";

type Labels = Readonly<Record<string, string | number>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number | undefined;
}

type Channel = FanoutStats["channels"][number];
type Viewer = FanoutStats["viewers"][number];

/** A metric's name, its type, its help, and its value for one of those that it tells of. */
type Metric<T> = readonly [
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: (of: T) => number | undefined,
];

const CHANNEL_METRICS: readonly Metric<Channel>[] = [
  ["viewers", "gauge", "Viewers that are connected.", (c) => c.viewers],
  ["running", "gauge", "1 while the source is captured.", (c) => +c.running],
  ["frames_total", "counter", "Frames from the source.", (c) => c.frames],
  ["stripes_total", "counter", "Stripes from the source.", (c) => c.stripes],
  ["bytes_total", "counter", "Bytes from the source.", (c) => c.bytes],
  ["keyframe_requests_total", "counter", "Complete pictures asked for.", (c) => c.keyframeRequests],
  ["pace_step", "gauge", "Steps down for slow viewers, 0 to 4.", (c) => c.paceStep],
];

const VIEWER_METRICS: readonly Metric<Viewer>[] = [
  ["viewer_sent_bytes_total", "counter", "Handed to a viewer's socket.", (v) => v.sentBytes],
  ["viewer_buffered_bytes", "gauge", "Waiting in a viewer's socket.", (v) => v.bufferedBytes],
  ["viewer_frames_total", "counter", "Frames sent to a viewer.", (v) => v.frames],
  ["viewer_frames_held_total", "counter", "Frames held back from a viewer.", (v) => v.framesHeld],
  [
    "viewer_keyframe_requests_total",
    "counter",
    "Complete pictures asked for on a viewer's behalf.",
    (v) => v.keyframeRequests,
  ],
  [
    "viewer_cursor_messages_total",
    "counter",
    "Of the pointer, sent to a viewer.",
    (v) => v.cursorMessages,
  ],
  [
    "viewer_latency_seconds",
    "gauge",
    "From a frame's grab to its acknowledgement.",
    (v) => v.latencyMs && v.latencyMs / 1000,
  ],
  ["viewer_paused", "gauge", "1 while a viewer is paused.", (v) => +v.paused],
  ["viewer_behind", "gauge", "1 while a viewer's picture is not complete.", (v) => +v.behind],
];

/** One line a sample, behind each metric's `# HELP` and `# TYPE`. Metrics without a sample are left out. */
export function prometheusText({ viewers, channels, refused, closed }: FanoutStats): string {
  return [
    ...metrics(CHANNEL_METRICS, channels, ({ codec }) => ({ codec })),
    metric("refused_total", "counter", "Requests turned away.", byReason(refused)),
    metric("closed_total", "counter", "Viewers closed by the server.", byReason(closed)),
    ...metrics(VIEWER_METRICS, viewers, ({ id, codec }) => ({ viewer: id, codec })),
  ].join("");
}

function metrics<T>(
  table: readonly Metric<T>[],
  all: readonly T[],
  labelsOf: (of: T) => Labels,
): string[] {
  return table.map(([name, type, help, value]) =>
    metric(
      name,
      type,
      help,
      all.map((of) => ({ labels: labelsOf(of), value: value(of) })),
    ),
  );
}

function byReason(counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));
}

function metric(name: string, type: "counter" | "gauge", help: string, samples: Sample[]): string {
  const lines = samples
    .filter(({ value }) => value !== undefined)
    .map(({ labels, value }) => `pixelflux_${name}{${labelText(labels)}} ${value}\n`);
  if (lines.length === 0) return "";
  return `# HELP pixelflux_${name} ${help}\n# TYPE pixelflux_${name} ${type}\n${lines.join("")}`;
}

/** No value needs escaping: they are numbers, codecs and reasons of ours. */
function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
}
