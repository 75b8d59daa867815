// SPDX-License-Identifier: MPL-2.0
// A thousand random sequences of what users do, each child in a process of its own: no crash, no
// hang, no untyped error, nothing left.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runCommand } from "../support/process.ts";
import { seedOfRun } from "../support/random.ts";
import { type Holdings, NOTHING } from "./holdings.ts";
import type { FindingsReport } from "./sequence.ts";

interface Outcome {
  before: Holdings;
  after: Holdings;
  warmUp: FindingsReport[];
  reports: FindingsReport[];
}

const program = join(import.meta.dir, "sequence-child.ts");

/** Runs the program and checks what holds whatever it was told to do. */
async function runProgram(seed: number, ...numbers: number[]): Promise<Outcome> {
  const words = [seed, ...numbers].map(String);
  const child = await runCommand([process.execPath, program, ...words], { timeoutMs: 60_000 });
  expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  const outcome: Outcome = JSON.parse(child.stdout);
  const all = [...outcome.warmUp, ...outcome.reports];
  expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  expect(outcome.after.memory).toEqual(NOTHING);
  expect(outcome.after.nativeThreads).toBe(0);
  return outcome;
}

function expectSame({ before, after }: Outcome): void {
  // Idle poll workers are kept, and Bun's own pools come and go by a few; a leak of one thing in
  // ten sequences would be fifty and more.
  expect(after.threads).toBeLessThanOrEqual(before.threads + 8);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 16);
}

function sum(outcomes: Outcome[], field: "sequences" | "operations" | "stripes"): number {
  return outcomes
    .flatMap(({ reports }) => reports)
    .reduce((total, report) => total + report[field], 0);
}

describe("random sequences", () => {
  test("on the main thread and in workers leave nothing behind", async () => {
    const seed = seedOfRun();
    console.log(`random sequences: PF_SEED=${seed}`);
    const outcomes = await Promise.all([
      runProgram(seed, 500, 0, 0, 0),
      runProgram(seed + 10_000, 200, 2, 150, 8),
    ]);
    for (const outcome of outcomes) expectSame(outcome);
    expect(sum(outcomes, "sequences")).toBe(1000);
    const [operations, stripes] = [sum(outcomes, "operations"), sum(outcomes, "stripes")];
    console.log(`random sequences: ${operations} operations, ${stripes} stripes`);
    expect(stripes).toBeGreaterThan(1000);
  }, 90_000);
});
