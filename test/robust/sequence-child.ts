// SPDX-License-Identifier: MPL-2.0
// Random sequences on the main thread, in workers that end, and in workers that are terminated.
// Arguments: seed, sequences of the main thread, workers, sequences of each, workers to terminate.
import { random } from "../support/random.ts";
import { settledHoldings } from "./holdings.ts";
import { Findings, type FindingsReport, runSequences, stopAll } from "./sequence.ts";

const words = process.argv.slice(2).map(Number);
const [seed = 0, mainCount = 0, workerCount = 0, workerSequences = 0, terminatedCount = 0] = words;
const workerPath = new URL("sequence-worker.ts", import.meta.url).href;

async function terminate(worker: Worker): Promise<void> {
  const closed = new Promise((resolve) => worker.addEventListener("close", resolve));
  worker.terminate();
  await closed;
}

/** A worker that runs its sequences to their end. */
async function inWorker(workerSeed: number, count: number): Promise<FindingsReport> {
  const worker = new Worker(workerPath);
  const report = await new Promise<FindingsReport>((resolve, reject) => {
    worker.onmessage = ({ data }) => data !== "begun" && resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`in a worker: ${message}`));
    worker.postMessage({ seed: workerSeed, count });
  });
  await terminate(worker);
  return report;
}

/** Workers one after the other, each terminated in the middle of its sequences. */
async function inTerminatedWorkers(firstSeed: number, count: number): Promise<void> {
  const next = random(firstSeed);
  for (let index = 0; index < count; index++) {
    const worker = new Worker(workerPath);
    const begun = new Promise((resolve) => {
      worker.onmessage = resolve;
    });
    worker.postMessage({ seed: firstSeed + index * 1000, count: 1000 });
    await begun;
    await Bun.sleep(next(150));
    await terminate(worker);
  }
}

/** All of them at the same time, `share` of what was asked for. */
async function runShare(share: number, firstSeed: number): Promise<FindingsReport[]> {
  const part = (count: number) => Math.ceil(count * share);
  const findings = new Findings();
  const seeds = Array.from({ length: workerCount }, (_, index) => firstSeed + (index + 1) * 10_000);
  const [reports] = await Promise.all([
    Promise.all(seeds.map((workerSeed) => inWorker(workerSeed, part(workerSequences)))),
    inTerminatedWorkers(firstSeed + 500_000, part(terminatedCount)),
    runSequences(findings, firstSeed, mainCount && part(mainCount)),
  ]);
  await stopAll();
  return [findings.report(), ...reports];
}

process.on("unhandledRejection", (error) => {
  console.error(error);
  process.exit(9);
});
const warmUp = await runShare(0.2, seed + 1_000_000);
const before = await settledHoldings();
const reports = await runShare(1, seed);
const after = await settledHoldings();
console.log(JSON.stringify({ before, after, warmUp, reports }));
