// SPDX-License-Identifier: MPL-2.0
// pf-codec-bench: the core's encoders on frames in memory.
import { runCommand } from "../test/support/process.ts";
import type { CodecLimit } from "./report.ts";

const TIMEOUT_MS = 600_000;

/** Cost of one frame against the height of its stripes. */
export interface CurvePoint {
  codec: "jpeg" | "h264";
  workload: "video" | "scroll" | "typing";
  /** In px. */
  stripeHeight: number;
  /** Of a frame, in all its stripes. */
  cpuMs: number;
  bytes: number;
  /** The frame's first stripe. */
  firstMs: number;
  /** The frame by number of threads. */
  frameMs: Record<string, number>;
}

async function run(
  program: string,
  what: string,
  size: string,
  frames: number,
): Promise<unknown[]> {
  const command = [program, what, size, String(frames)];
  const result = await runCommand(command, { timeoutMs: TIMEOUT_MS });
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr}`);
  return result.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

export async function measureLimits(
  program: string,
  size: string,
  frames: number,
): Promise<CodecLimit[]> {
  return (await run(program, "limits", size, frames)) as CodecLimit[];
}

export async function measureCurves(
  program: string,
  size: string,
  frames: number,
): Promise<CurvePoint[]> {
  return (await run(program, "curves", size, frames)) as CurvePoint[];
}
