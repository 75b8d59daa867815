// SPDX-License-Identifier: MPL-2.0
// docs/benchmarks.md, whole.
import { cpus } from "node:os";
import { ffmpegCodecs } from "./ffmpeg-tool.ts";
import type { CodecLimit, RunFacts, RunResult } from "./report.ts";
import { limitTable, workloadSections } from "./tables.ts";

function aboutTools(facts: RunFacts): string {
  const { peer } = facts.versions;
  const command = (codec: string[]): string => `\`${codec.join(" ")}\``;
  return [
    '- jpeg, h264, fullframe: this library, in Bun, with its defaults. jpeg-tight: JPEG with `stripeHeader: "extended"`, where a stripe is as wide as what changed, and moved pixels are told of instead of sent. refine: H.264 stripes with `h264PaintOver: "refine"`, where what comes to rest is refreshed by a difference.',
    `- ffmpeg: \`-f x11grab -draw_mouse 0 -framerate ${facts.fps}\` and ${command(ffmpegCodecs.x264)} or ${command(ffmpegCodecs.mjpeg)}, as a whole process; the time of an update is when its picture came out of the pipe.`,
    ...(peer === undefined
      ? []
      : [
          `- peer: the Python package pixelflux ${peer}, on the CPU, with the same qualities and rate; the time of an update is when its callback was called.`,
        ]),
  ].join("\n");
}

/** @param limits None where the codecs alone were not measured. */
export function documentOf(results: RunResult[], limits: CodecLimit[], facts: RunFacts): string {
  const cpu = `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? "unknown"}`;
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  return `# Benchmarks

Written by \`bun run bench --write\`; do not edit by hand. This run: \`${facts.command}\`

${facts.date}, commit ${facts.commit}, ${versions.join(", ")}; ${cpu}. Xvfb ${facts.screen}, ${facts.seconds} s a run, medians of ${facts.repeat} interleaved repetitions, each in a fresh process. Where machines are shared, only ratios within one run mean much.

![CPU by workload and tool](benchmark-cpu.svg)

![Latency by workload and tool](benchmark-latency.svg)

## How to read it

- **CPU**: cores busy in the capturing process, all its threads; **X server CPU**: that of Xvfb, the painter's drawing included.
- **first**, **last**: milliseconds from the painter's XSync to the callback with the first stripe that shows the update, and with the one that completes it. Every update carries its number as block codes, in every 64 rows of a large one (in scroll in the new line alone), which are read back off what a client would show. **shown**: updates of which something was seen, of those painted.
- **PSNR**, **SSIM**: luma, by ffmpeg's filters, of the area an update changed, against the same update painted again and read by GetImage: means of up to four updates a run as the frame with the update first showed them; **at rest**: the last update, when nothing more came.
- **RSS**: without the benchmark's own copy of the stripes. **native**: stripe buffers held at the end.
- **× codec alone**: the CPU in multiples of what the encoders alone take for as many frames (below).

Tools:

${aboutTools(facts)}

Workloads: idle; caret, once a second; typing, 400×20 px 10 times a second; pauses, the same 3.7 times a second, so that each change comes to rest; scroll, 1200×800 px of text by a line 30 times a second; drag, a 600×400 px window in a circle 60 times a second; video, all pixels 60 times a second; slide, another picture every 2 s.

${workloadSections(results, limits, "##")}
${limits.length === 0 ? "" : `\n${aboutLimits(limits)}\n`}`;
}

function aboutLimits(limits: CodecLimit[]): string {
  return `## The codecs alone

Conversion and encoding of the frames of video in memory, in the stripes the library chooses and by its own encoders, by \`pf-codec-bench limits\`: what capturing them cannot cost less than. How cost depends on the height of stripes: [stripe-height.md](stripe-height.md).

${limitTable(limits)}`;
}
