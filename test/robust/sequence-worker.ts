// SPDX-License-Identifier: MPL-2.0
// A worker that runs random sequences and says what happened.
import { Findings, runSequences, stopAll } from "./sequence.ts";

declare const self: Worker;

self.onmessage = async ({ data: { seed, count } }: MessageEvent) => {
  const findings = new Findings();
  postMessage("begun");
  await runSequences(findings, seed, count);
  await stopAll();
  postMessage(findings.report());
};
