// SPDX-License-Identifier: MPL-2.0
// bun test/robust/descriptors-child.ts <display>: starts a capture with no descriptor left in the
// process, then with one, with two, … until it starts; prints what became of each as JSON.
import { closeSync, openSync, readdirSync } from "node:fs";
import { memoryUsage, PixelfluxError, ScreenCapture } from "../../src/index.ts";

const [display = ":0"] = process.argv.slice(2);

/** The first use loads the library and starts the poll worker, which are Bun's own affair. */
async function attempt(): Promise<string> {
  const capture = new ScreenCapture({ display, outputMode: "h264" });
  try {
    await capture.start((stripe) => stripe.release());
    return "started";
  } catch (error) {
    return error instanceof PixelfluxError ? error.code : String(error);
  } finally {
    await capture.stop();
  }
}

function openCount(): number {
  return readdirSync("/proc/self/fd").length;
}

const outcomes = [await attempt()];
const before = openCount();
const { prlimit } = (await import("bun:ffi")).dlopen("libc.so.6", {
  prlimit: { args: ["i32", "i32", "buffer", "ptr"], returns: "i32" },
}).symbols;
const RLIMIT_NOFILE = 7; // asm-generic/resource.h
prlimit(0, RLIMIT_NOFILE, new BigUint64Array([256n, 4096n]), null);

const fillers: number[] = [];
try {
  for (;;) fillers.push(openSync("/dev/null", "r"));
} catch {
  // None is left.
}
for (let free = 0; outcomes.at(-1) !== "started" || free === 0; free++) {
  outcomes.push(await attempt());
  const filler = fillers.pop();
  if (filler === undefined) break;
  closeSync(filler);
}
for (const filler of fillers) closeSync(filler);
const { captureCount, lentCount } = memoryUsage();
console.log(JSON.stringify({ outcomes, leaked: openCount() - before, captureCount, lentCount }));
process.exit(0);
