// SPDX-License-Identifier: MPL-2.0
// bun run bench:screenshot: how long one picture takes, here and elsewhere. See --help.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ScreenCapture, ScreenshotFormat } from "../src/index.ts";
import { Painter, type PatternName } from "../test/support/painter.ts";
import { Xvfb } from "../test/support/xvfb.ts";
import { buildAll } from "./build.ts";
import { readOptions, sizeOf } from "./options.ts";
import { quantile } from "./report.ts";
import { figure, markdownTable } from "./tables.ts";

const help = `bun run bench:screenshot [options]

Time from asking for a picture of the screen until its file is in memory (scrot: on disk), one
tool after the other in each round. Before each, a small rectangle is painted. Tools that are not
installed are left out. "running": screenshot() of a capture that runs; "stopped": of one that is
started for it. The other tools are started for each picture, as scripts do.

  --rounds N        pictures of each tool (default 50)
  --patterns LIST   of text,photo,gradient,bars (default text,photo)
  --formats LIST    of jpeg,png,raw (default: all)
  --size WxH        of the screen (default 1920x1080)
  --help`;

const options = readOptions(help, {
  rounds: "50",
  patterns: "text,photo",
  formats: "jpeg,png,raw",
  size: "1920x1080",
});
const rounds = Number(options.rounds);
const [width = 1920, height = 1080] = sizeOf(options.size);
const folder = mkdtempSync(join(tmpdir(), "pf-bench-"));

/** Something that takes pictures. */
interface Tool {
  readonly name: string;
  readonly formats: readonly ScreenshotFormat[];
  /** Bytes of the picture. */
  take(format: ScreenshotFormat): Promise<number>;
}

interface Row {
  readonly pattern: string;
  readonly format: ScreenshotFormat;
  readonly tool: string;
  readonly times: number[];
  readonly sizeBytes: number;
}

async function outputBytes(command: string[]): Promise<number> {
  const env = { ...process.env, DISPLAY: server.display };
  const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [bytes, words] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${words}`);
  return bytes.length;
}

function ownTool(name: string, capture: ScreenCapture): Tool {
  return {
    name: `screenshot(), ${name}`,
    formats: ["jpeg", "png", "raw"],
    async take(format) {
      using shot = await capture.screenshot({ format });
      return shot.data.length;
    },
  };
}

const FFMPEG_OUTPUT = {
  jpeg: ["-q:v", "3", "-c:v", "mjpeg", "-f", "image2pipe"],
  png: ["-c:v", "png", "-f", "image2pipe"],
  raw: ["-pix_fmt", "rgba", "-f", "rawvideo"],
};

const OTHERS: readonly (Tool & { readonly program: string })[] = [
  {
    ...{
      program: "ffmpeg",
      name: "ffmpeg -f x11grab -frames:v 1",
      formats: ["jpeg", "png", "raw"],
    },
    take: (format) =>
      outputBytes([
        ...["ffmpeg", "-v", "error", "-f", "x11grab", "-draw_mouse", "0"],
        ...["-video_size", `${width}x${height}`, "-i", server.display, "-frames:v", "1"],
        ...[...FFMPEG_OUTPUT[format], "pipe:1"],
      ]),
  },
  {
    ...{ program: "import", name: "import -window root", formats: ["jpeg", "png", "raw"] },
    take: (format) =>
      outputBytes([
        ...["import", "-window", "root", "-quality", format === "jpeg" ? "90" : "11"],
        format === "raw" ? "rgba:-" : `${format}:-`,
      ]),
  },
  {
    ...{ program: "scrot", name: "scrot", formats: ["jpeg", "png"] },
    async take(format) {
      const path = join(folder, `shot.${format === "jpeg" ? "jpg" : format}`);
      await outputBytes(["scrot", "--overwrite", "--quality", "90", path]);
      return Bun.file(path).size;
    },
  },
];

async function measure(pattern: PatternName, format: ScreenshotFormat): Promise<Row[]> {
  await painter.pattern(pattern, 1);
  const able = tools.filter(({ formats }) => formats.includes(format));
  const rows = able.map(({ name }) => ({ pattern, format, tool: name, times: [] as number[] }));
  const sizes = new Map<string, number>();
  // The first round warms up caches and buffers.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, tool] of able.entries()) {
      await painter.fill({ x: 8 * (round % 100), y: 8, width: 16, height: 16 }, round * 0x010203);
      const beginMs = performance.now();
      sizes.set(tool.name, await tool.take(format));
      if (round > 0) rows[index]?.times.push(performance.now() - beginMs);
    }
  }
  return rows.map((row) => ({ ...row, sizeBytes: sizes.get(row.tool) ?? Number.NaN }));
}

const prefix = await buildAll();
Object.assign(process.env, {
  PIXELFLUX_FFI_LIBRARY: join(prefix, "lib", "libpixelflux.so"),
  PF_PAINTER: join(prefix, "bin", "pf-painter"),
});
const { ScreenCapture: Capture } = await import("../src/index.ts");
await using server = await Xvfb.start({ width, height });
await using painter = await Painter.start(server.display);
await using running = new Capture({ display: server.display });
await running.start((stripe) => stripe.release());
const tools: Tool[] = [
  ownTool("running", running),
  ownTool("stopped", new Capture({ display: server.display })),
  ...OTHERS.filter(({ program }) => Bun.which(program) !== null),
];

const rows: Row[] = [];
for (const pattern of options.patterns.split(",") as PatternName[]) {
  for (const format of options.formats.split(",") as ScreenshotFormat[]) {
    rows.push(...(await measure(pattern, format)));
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(`${rounds} pictures each of ${width}×${height} px, in ms\n`);
console.log(
  markdownTable(
    [
      ["tool", ({ tool }: Row) => tool],
      ["picture", ({ pattern }) => pattern],
      ["format", ({ format }) => format],
      ["p50", ({ times }) => figure(quantile(times, 0.5), 1)],
      ["p99", ({ times }) => figure(quantile(times, 0.99), 1)],
      ["kB", ({ sizeBytes }) => figure(sizeBytes / 1000, 0)],
    ],
    rows,
  ),
);
