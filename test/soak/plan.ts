// SPDX-License-Identifier: MPL-2.0
// What happens in a round of the soak: drawn from a seed, so that a run can be repeated.
import type { CaptureSettings } from "../../src/index.ts";
import type { WorkloadName } from "../support/painter.ts";
import type { Command, ReaderStyle } from "./messages.ts";

export const SCREEN = { width: 800, height: 600 } as const;

export interface Reading {
  name: string;
  settings: CaptureSettings;
  style: ReaderStyle;
}

/** What {@link changeOf} may change, as it is at first. */
const BEFORE_CHANGES: CaptureSettings = {
  ...{ h264FullFrame: false, h264FullColor: false, jpegFullColor: false, stripeHeight: "auto" },
  ...{ targetFps: 60, h264PaintOver: "idr", h264Crf: 25, jpegQuality: 75 },
  ...{ damageBlockThreshold: 10, damageBlockDuration: 30, paintOverTriggerFrames: 15 },
};

/**
 * Read from the beginning to the end of the soak. Their settings change, too, and are as they are
 * here whenever a sample is taken: what a capture holds depends on them.
 */
export const RESIDENTS: readonly Reading[] = [
  {
    name: "resident H.264",
    settings: { ...BEFORE_CHANGES, outputMode: "h264" },
    style: "callback",
  },
  {
    name: "resident JPEG",
    settings: { ...BEFORE_CHANGES, outputMode: "jpeg", stripeHeader: "extended" },
    style: "iterate",
  },
];

const MODES: readonly [name: string, settings: CaptureSettings][] = [
  ["JPEG", { outputMode: "jpeg" }],
  ["JPEG extended", { outputMode: "jpeg", stripeHeader: "extended" }],
  ["JPEG 4:4:4", { outputMode: "jpeg", jpegFullColor: true }],
  ["H.264 stripes", { outputMode: "h264" }],
  ["H.264 extended", { outputMode: "h264", stripeHeader: "extended" }],
  ["H.264 4:4:4, refined", { outputMode: "h264", h264FullColor: true, h264PaintOver: "refine" }],
  ["H.264 full frame", { outputMode: "h264", h264FullFrame: true }],
];

/** One round runs all modes side by side, the next ones run one each. */
export const ROUNDS_A_CYCLE = MODES.length + 1;

const WORKLOADS: readonly WorkloadName[] = ["video", "scroll", "typing", "drag", "slide", "caret"];

/** Something to be done while the painter paints. */
export interface Operation {
  afterMs: number;
  command: Command;
}

export interface Round {
  workload: WorkloadName;
  seed: number;
  paintSeconds: number;
  readings: Reading[];
  operations: Operation[];
}

type Next = (limit: number) => number;

function styleOf(next: Next): ReaderStyle {
  return next(2) === 0 ? "callback" : "iterate";
}

/** Qualities stay high enough to compare, and rest comes soon enough to wait for. */
function changeOf(next: Next): CaptureSettings {
  const flag = next(2) === 1;
  const changes: CaptureSettings[] = [
    { outputMode: flag ? "jpeg" : "h264" },
    { h264FullFrame: flag },
    { h264FullColor: flag },
    { jpegFullColor: flag },
    { stripeHeight: flag ? "auto" : 64 * (1 + next(4)) },
    { targetFps: 20 + next(40) },
    { h264PaintOver: flag ? "idr" : "refine" },
    { h264Crf: 15 + next(10), jpegQuality: 80 + next(10) },
    { damageBlockThreshold: next(12), damageBlockDuration: 1 + next(20) },
    { paintOverTriggerFrames: 1 + next(15) },
  ];
  return changes[next(changes.length)] as CaptureSettings;
}

function commandOf(next: Next, names: readonly string[]): Command {
  const name = names[next(names.length)] as string;
  switch (next(6)) {
    case 0:
      return { kind: "keyframe", name };
    case 1: {
      const [, settings] = MODES[next(MODES.length)] as (typeof MODES)[number];
      return { kind: "visit", settings, style: styleOf(next), count: 1 + next(12) };
    }
    default:
      return { kind: "update", name, change: changeOf(next) };
  }
}

export function planRound(index: number, next: Next): Round {
  const turn = index % ROUNDS_A_CYCLE;
  const modes = turn === 0 ? MODES : MODES.slice(turn - 1, turn);
  const readings = modes.map(([name, settings]) => ({ name, settings, style: styleOf(next) }));
  const names = [...RESIDENTS, ...readings].map(({ name }) => name);
  const paintSeconds = 2 + next(2);
  const operations = Array.from({ length: 6 + next(10) }, () => ({
    afterMs: next(paintSeconds * 150),
    command: commandOf(next, names),
  }));
  const workload = WORKLOADS[next(WORKLOADS.length)] as WorkloadName;
  return { workload, seed: next(1000), paintSeconds, readings, operations };
}
