// SPDX-License-Identifier: MPL-2.0
import { dlopen, ptr } from "bun:ffi";

/** Linux, clock_gettime(2). */
const CLOCK_MONOTONIC = 1;

const libc = dlopen("libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  setenv: { args: ["ptr", "ptr", "i32"], returns: "i32" },
}).symbols;

/** struct timespec: seconds and nanoseconds. */
const timespec = new BigInt64Array(2);
const timespecAddress = ptr(timespec);

/**
 * Reads the clock of `Stripe.timestamp`, in µs. Bun's own clocks count from the
 * start of the process, so they cannot be compared with it.
 */
export function monotonicUs(): number {
  libc.clock_gettime(CLOCK_MONOTONIC, timespecAddress);
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1e6 + Number(nanoseconds) / 1e3;
}

/**
 * Sets a variable for native code in this process too. Assigning to
 * `process.env` reaches only JavaScript and new processes, and the X libraries
 * read `XAUTHORITY` by getenv(3).
 */
export function setEnvironment(name: string, value: string): void {
  process.env[name] = value;
  libc.setenv(ptr(Buffer.from(`${name}\0`)), ptr(Buffer.from(`${value}\0`)), 1);
}
