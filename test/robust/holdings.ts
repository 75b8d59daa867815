// SPDX-License-Identifier: MPL-2.0
// What a process holds, before and after; for the programs of these tests, each in its own process.
import { type MemoryUsage, memoryUsage } from "../../src/index.ts";
import { descriptors, nativeThreads, threadsOf } from "../support/proc.ts";

/** What a process holds of the system's. */
export interface Holdings {
  readonly descriptors: number;
  /** All threads; Bun's own pools come and go by a few. */
  readonly threads: number;
  readonly nativeThreads: number;
  readonly memory: MemoryUsage;
}

/** What a process without a capture and without a stripe holds of the library's. */
export const NOTHING: MemoryUsage = {
  captureCount: 0,
  threadCount: 0,
  lentCount: 0,
  lentBytes: 0,
  bufferBytes: 0,
  frameSourceCount: 0,
};

const SETTLE_MS_MAX = 10_000;

function holdings(): Holdings {
  return {
    descriptors: descriptors().length,
    threads: threadsOf().length,
    nativeThreads: nativeThreads().length,
    memory: memoryUsage(),
  };
}

function isSettled({ memory, nativeThreads: threads }: Holdings): boolean {
  return memory.captureCount + memory.frameSourceCount + memory.bufferBytes + threads === 0;
}

/** Collects until the condition holds, or for 10 s; returns whether it does. */
export async function collectUntil(condition: () => boolean): Promise<boolean> {
  const endMs = performance.now() + SETTLE_MS_MAX;
  do {
    Bun.gc(true);
    await Bun.sleep(10);
    if (condition()) return true;
  } while (performance.now() < endMs);
  return false;
}

/** Collects until nothing of the library is left, or for 10 s; then counts. */
export async function settledHoldings(): Promise<Holdings> {
  await collectUntil(() => isSettled(holdings()));
  return holdings();
}
