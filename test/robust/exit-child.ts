// SPDX-License-Identifier: MPL-2.0
// Runs random sequences and ends the process by process.exit(7) in the midst of them.
// Argument: the seed, which says where.
import { random } from "../support/random.ts";
import { Findings, runSequences } from "./sequence.ts";

const EXIT_CODE = 7;
const SEQUENCE_COUNT = 60;

const seed = Number(process.argv[2]);
const next = random(seed);
const findings = new Findings();

/** Ends the process when it has been called so often. */
function exitAfter(count: number): () => void {
  let left = count;
  return () => {
    if (left-- === 0) process.exit(EXIT_CODE);
  };
}

switch (next(4)) {
  case 0:
    findings.onOperation = exitAfter(next(60));
    break;
  case 1:
    findings.onStripe = exitAfter(next(60));
    break;
  case 2:
    setTimeout(() => process.exit(EXIT_CODE), next(250));
    break;
  default: {
    const worker = new Worker(new URL("sequence-worker.ts", import.meta.url).href);
    worker.postMessage({ seed: seed + 10_000, count: SEQUENCE_COUNT });
    worker.onmessage = () => setTimeout(() => process.exit(EXIT_CODE), next(150));
  }
}
await runSequences(findings, seed, SEQUENCE_COUNT);
process.exit(findings.faults.length === 0 ? EXIT_CODE : 8);
