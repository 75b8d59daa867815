// SPDX-License-Identifier: MPL-2.0
// How near to the truth a picture came: PSNR and SSIM of the luma, measured by ffmpeg's filters.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { probeH264 } from "../test/support/decode.ts";
import type { Painter } from "../test/support/painter.ts";
import { requireTool, runCommand } from "../test/support/process.ts";
import type { Playback, Sample } from "./analysis.ts";
import type { Recording } from "./recording.ts";

/** Of pictures that are equal. */
const PSNR_DB_MAX = 100;

export interface Quality {
  /** In dB. */
  psnr: number;
  /** 0...1 */
  ssim: number;
}

/** The matrix by which a client turns the stream's luma and chroma into RGB. */
async function matrixOf(recording: Recording): Promise<"bt709" | "bt601"> {
  const first = recording.arrivals.find(({ type }) => type === "h264");
  if (first === undefined) return "bt601"; // JFIF
  const { offset, size } = first;
  const facts = await probeH264(recording.bytes.subarray(offset, offset + size));
  return facts.color_space === "bt709" ? "bt709" : "bt601";
}

function figureOf(words: string, pattern: RegExp): number {
  const text = pattern.exec(words)?.[1];
  if (text === undefined) throw new Error(`ffmpeg tells no ${pattern.source}: ${words}`);
  return text === "inf" ? Number.POSITIVE_INFINITY : Number(text);
}

/** Compares what was shown with what the screen shows now. */
async function compareWithScreen(
  painter: Painter,
  { update, shown }: Sample,
  matrix: string,
  folder: string,
): Promise<Quality> {
  const [truthPath, shownPath] = [join(folder, "truth.raw"), join(folder, "shown.raw")];
  const { x, y, width, height } = update.area;
  await painter.command(`grab ${truthPath} ${x} ${y} ${width} ${height}`);
  writeFileSync(shownPath, shown.bytes);
  const raw = (format: string, path: string): string[] => [
    ...["-f", "rawvideo", "-pix_fmt", format, "-s", `${width}x${height}`, "-i", path],
  ];
  const graph =
    `[1]scale=out_color_matrix=${matrix}:out_range=full,format=gray,split[c][d];` +
    "[0]split[a][b];[a][c]psnr[p];[b][d]ssim[s]";
  const result = await runCommand([
    ...[requireTool("ffmpeg", "ffmpeg"), "-nostdin", "-hide_banner"],
    ...[...raw("gray", shownPath), ...raw("bgr0", truthPath)],
    ...["-filter_complex", graph, "-map", "[p]", "-map", "[s]", "-f", "null", "-"],
  ]);
  if (result.exitCode !== 0) throw new Error(`ffmpeg cannot compare: ${result.stderr}`);
  return {
    psnr: Math.min(PSNR_DB_MAX, figureOf(result.stderr, /PSNR y:(\S+)/)),
    ssim: figureOf(result.stderr, /SSIM Y:(\S+)/),
  };
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of one run; NaN where nothing was sampled. */
export interface RunQuality {
  /** Means over the sampled updates. */
  inMotion: Quality;
  atRest: Quality;
}

/** Paints the sampled updates again and compares. The painter's workload must have ended. */
export async function qualityOf(
  painter: Painter,
  recording: Recording,
  playback: Playback,
  folder: string,
): Promise<RunQuality> {
  const matrix = await matrixOf(recording);
  const compare = (sample: Sample) => compareWithScreen(painter, sample, matrix, folder);
  const none = { psnr: Number.NaN, ssim: Number.NaN };
  // First, while the screen still shows the last update.
  const atRest = playback.atRest === undefined ? none : await compare(playback.atRest);
  const figures: Quality[] = [];
  for (const sample of playback.inMotion) {
    await painter.frame(sample.update.counter);
    figures.push(await compare(sample));
  }
  const inMotion = {
    psnr: mean(figures.map(({ psnr }) => psnr)),
    ssim: mean(figures.map(({ ssim }) => ssim)),
  };
  return { inMotion, atRest };
}
