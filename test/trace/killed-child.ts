// SPDX-License-Identifier: MPL-2.0
// Records a trace until it is killed: display and path are its arguments.
import { ScreenCapture } from "../../src/index.ts";
import { recordTrace } from "../../src/trace/index.ts";

const [display = "", path = ""] = process.argv.slice(2);
const capture = new ScreenCapture({ display });
await capture.start((stripe) => stripe.release());
const recording = await recordTrace(capture, path);
setInterval(() => console.log(recording.stats().frames), 20);
