// SPDX-License-Identifier: MPL-2.0
/** `bench`: what a capture of this screen costs on this machine. */
import {
  type CaptureSettings,
  type Codec,
  capabilities,
  type LatencySummary,
  ScreenCapture,
} from "../index.ts";
import { defineCommand } from "./command.ts";
import { Ending } from "./ending.ts";
import { flagOption, secondsOption } from "./option.ts";
import { columns, tell, writeJson, writeResult } from "./output.ts";

const DEFAULT_SECONDS = 5;
const PROGRESS_INTERVAL_MS = 1000;

/** The figures of one codec. */
interface BenchRun {
  readonly codec: Codec;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly frames: number;
  readonly stripes: number;
  readonly bytes: number;
  /** Processor time of this process; 100 is one processor, wholly. */
  readonly cpuPercent: number;
  /** From the change, as far as it is known, to this process's JavaScript. */
  readonly latency: LatencySummary;
}

export const bench = defineCommand({
  name: "bench",
  summary: "Measures what capturing a screen costs here.",
  notes: `Captures in each codec there is, or in that of --codec, one after the other, and throws the
stripes away. The processor time is this process's, where 100 % is one processor. Latency is
from the change, as far as it is known, to JavaScript. A screen that stands still shows nothing
but that it costs nothing: try --display synthetic://1920x1080@60.
`,
  options: {
    seconds: secondsOption(`how long in each codec; default ${DEFAULT_SECONDS}`),
    json: flagOption("one JSON object: the display, and the figures of each codec"),
  },
  settings: { includes: (name) => name !== "reconnect" },
  async run({ values, settings }) {
    const { seconds = DEFAULT_SECONDS } = values;
    const codecs =
      settings.outputMode === undefined ? capabilities().codecs : [settings.outputMode];
    const { display } = new ScreenCapture(settings).settings;
    const runs: BenchRun[] = [];
    for (const codec of codecs) {
      const run = await measure(codec, seconds, settings);
      if (typeof run === "number") return run;
      runs.push(run);
    }
    if (values.json) await writeJson({ display, runs });
    else await writeResult(table(runs));
    return 0;
  },
});

/** @returns the exit code where a signal has ended it. */
async function measure(
  codec: Codec,
  seconds: number,
  settings: CaptureSettings,
): Promise<BenchRun | number> {
  await using capture = new ScreenCapture({ ...settings, outputMode: codec });
  await capture.start((stripe) => stripe.release());
  using ending = new Ending();
  ending.endAfter(seconds);
  capture.on("error", (error) => ending.fail(error));
  const [startMs, cpu] = [performance.now(), process.cpuUsage()];
  using _ = progress(codec, seconds);
  const code = await ending.code;
  if (code !== 0) return code;
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const { frames, stripes, bytes, latency } = capture.stats();
  return {
    ...{ codec, width: capture.width, height: capture.height },
    seconds: Math.round(elapsedMs) / 1000,
    ...{ frames, stripes, bytes },
    cpuPercent: Math.round((user + system) / elapsedMs) / 10,
    latency: latency.total,
  };
}

/** Says how far it is, once a second. */
function progress(codec: Codec, seconds: number): Disposable {
  let passed = 0;
  const ticker = setInterval(() => {
    passed += 1;
    tell(`bench: ${codec}, ${passed} of ${seconds} s`);
  }, PROGRESS_INTERVAL_MS);
  return { [Symbol.dispose]: () => clearInterval(ticker) };
}

function table(runs: readonly BenchRun[]): string {
  const rates = ["frames/s", "stripes/s", "kB/s"];
  const head = ["codec", "size", ...rates, "CPU %", "p50 ms", "p95 ms", "p99 ms", "max ms"];
  return columns([head, ...runs.map(row)]);
}

function row({ codec, width, height, seconds, latency, ...run }: BenchRun): string[] {
  const { p50Ms, p95Ms, p99Ms, maxMs } = latency;
  const rates = [run.frames / seconds, run.stripes / seconds, run.bytes / 1000 / seconds];
  const figures = [...rates, run.cpuPercent, p50Ms, p95Ms, p99Ms, maxMs];
  return [codec, `${width}x${height}`, ...figures.map((value) => value.toFixed(1))];
}
