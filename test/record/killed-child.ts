// SPDX-License-Identifier: MPL-2.0
// Records until it is killed: display, path and fragmentMs are its arguments.
import { ScreenCapture } from "../../src/index.ts";
import { record } from "../../src/record/index.ts";

const [display = "", path = "", fragmentMs = ""] = process.argv.slice(2);
const recording = await record(new ScreenCapture({ display }), path, {
  fragmentMs: Number(fragmentMs),
});
// One line a picture, and one for each 50 ms: how long the recording is.
setInterval(() => {
  const { frames, durationMs } = recording.stats();
  console.log(frames, durationMs);
}, 50);
