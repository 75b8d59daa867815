// SPDX-License-Identifier: MPL-2.0
import { dlopen, ptr } from "bun:ffi";

const CLOCK_MONOTONIC = 1; // linux/time.h
const libc = dlopen("libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
});
const timespec = new BigInt64Array(2);
const timespecPointer = ptr(timespec);

function readClock(): number {
  libc.symbols.clock_gettime(CLOCK_MONOTONIC, timespecPointer);
  return Number(timespec[0]) * 1e9 + Number(timespec[1]);
}

/* Bun.nanoseconds counts by the same clock from the start of the process and costs less; the
 * closest of many pairs of readings tells where that start was. */
function startOfProcess(): number {
  let best = { width: Number.POSITIVE_INFINITY, start: 0 };
  for (let i = 0; i < 200; i++) {
    const before = Bun.nanoseconds();
    const now = readClock();
    const after = Bun.nanoseconds();
    if (after - before < best.width) {
      best = { width: after - before, start: now - (before + after) / 2 };
    }
  }
  return best.start;
}

const startNs = startOfProcess();

/** CLOCK_MONOTONIC in nanoseconds, as pf-painter and the stripes' timestamps count. */
export function monotonicNs(): number {
  return startNs + Bun.nanoseconds();
}
