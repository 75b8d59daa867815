// SPDX-License-Identifier: MPL-2.0
// Records until its input ends: display, path and frames a second are its arguments.
import { ScreenCapture } from "../src/index.ts";
import { record } from "../src/record/index.ts";

const [display = "", path = "", fps = ""] = process.argv.slice(2);
const recording = await record(new ScreenCapture({ display }), path, { fps: Number(fps) });
for await (const _ of Bun.stdin.stream()) {
  // Nothing is said; the end counts.
}
await recording.stop();
process.exit(0);
