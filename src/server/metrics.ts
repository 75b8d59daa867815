// SPDX-License-Identifier: MPL-2.0
/** Statistics in Prometheus's text format, version 0.0.4. Pure. */
import type { FanoutStats } from "./fanout.ts";

type Labels = Readonly<Record<string, string | number>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number | undefined;
}

/** One line a sample, behind each metric's `# HELP` and `# TYPE`. Metrics without a sample are left out. */
export function prometheusText({ viewers, channels, refused, closed }: FanoutStats): string {
  const ofChannels = (value: (channel: FanoutStats["channels"][number]) => number): Sample[] =>
    channels.map((channel) => ({ labels: { codec: channel.codec }, value: value(channel) }));
  const ofViewers = (
    value: (viewer: FanoutStats["viewers"][number]) => number | undefined,
  ): Sample[] =>
    viewers.map((viewer) => ({
      labels: { viewer: viewer.id, codec: viewer.codec },
      value: value(viewer),
    }));
  const byReason = (counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));
  return [
    metric(
      "viewers",
      "gauge",
      "Viewers that are connected.",
      ofChannels((c) => c.viewers),
    ),
    metric(
      "running",
      "gauge",
      "1 while the source is captured.",
      ofChannels((c) => +c.running),
    ),
    metric(
      "frames_total",
      "counter",
      "Frames from the source.",
      ofChannels((c) => c.frames),
    ),
    metric(
      "stripes_total",
      "counter",
      "Stripes from the source.",
      ofChannels((c) => c.stripes),
    ),
    metric(
      "bytes_total",
      "counter",
      "Bytes from the source.",
      ofChannels((c) => c.bytes),
    ),
    metric(
      ...(["keyframe_requests_total", "counter", "Complete pictures asked for."] as const),
      ofChannels((c) => c.keyframeRequests),
    ),
    metric(
      "pace_step",
      "gauge",
      "Steps down for slow viewers, 0 to 4.",
      ofChannels((c) => c.paceStep),
    ),
    metric("refused_total", "counter", "Requests turned away.", byReason(refused)),
    metric("closed_total", "counter", "Viewers closed by the server.", byReason(closed)),
    metric(
      "viewer_sent_bytes_total",
      "counter",
      "Handed to a viewer's socket.",
      ofViewers((v) => v.sentBytes),
    ),
    metric(
      "viewer_buffered_bytes",
      "gauge",
      "Waiting in a viewer's socket.",
      ofViewers((v) => v.bufferedBytes),
    ),
    metric(
      "viewer_frames_total",
      "counter",
      "Frames sent to a viewer.",
      ofViewers((v) => v.frames),
    ),
    metric(
      "viewer_frames_held_total",
      "counter",
      "Frames held back from a viewer.",
      ofViewers((v) => v.framesHeld),
    ),
    metric(
      ...([
        "viewer_keyframe_requests_total",
        "counter",
        "Complete pictures asked for on a viewer's behalf.",
      ] as const),
      ofViewers((v) => v.keyframeRequests),
    ),
    metric(
      ...([
        "viewer_cursor_messages_total",
        "counter",
        "Of the pointer, sent to a viewer.",
      ] as const),
      ofViewers((v) => v.cursorMessages),
    ),
    metric(
      ...([
        "viewer_latency_seconds",
        "gauge",
        "From a frame's grab to its acknowledgement.",
      ] as const),
      ofViewers((v) => v.latencyMs && v.latencyMs / 1000),
    ),
    metric(
      "viewer_paused",
      "gauge",
      "1 while a viewer is paused.",
      ofViewers((v) => +v.paused),
    ),
    metric(
      "viewer_behind",
      "gauge",
      "1 while a viewer's picture is not complete.",
      ofViewers((v) => +v.behind),
    ),
  ].join("");
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
