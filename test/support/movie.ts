// SPDX-License-Identifier: MPL-2.0
// What ffmpeg and ffprobe read out of a recorded file.
import { Canvas } from "./canvas.ts";
import { requireTool, runCommand } from "./process.ts";

/** A picture as the container tells it, times in µs. */
export interface MoviePicture {
  timeUs: number;
  isKeyframe: boolean;
}

export interface MovieFacts {
  width: number;
  height: number;
  profile: string;
  pix_fmt: string;
  color_range: string;
  color_space: string;
  time_base: string;
  /** In s. */
  duration: string;
}

async function probe(path: string, what: string[]): Promise<Record<string, unknown>> {
  const ffprobe = requireTool("ffprobe", "ffmpeg");
  const command = [ffprobe, "-v", "error", "-of", "json", ...what, path];
  const { exitCode, stdout, stderr } = await runCommand(command);
  if (exitCode !== 0) throw new Error(`ffprobe cannot read ${path}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Every picture of a file that its container tells of, in the file's order. */
export async function packetsOf(path: string): Promise<MoviePicture[]> {
  // Or ffmpeg's parser would put keyframes right that the container has wrong.
  const asWritten = ["-fflags", "noparse"];
  const { packets } = await probe(path, [
    ...asWritten,
    "-show_entries",
    "packet=pts,duration,flags",
  ]);
  return (packets as { pts: number; flags: string }[]).map(({ pts, flags }) => ({
    timeUs: pts,
    isKeyframe: flags.startsWith("K"),
  }));
}

export async function factsOf(path: string): Promise<MovieFacts> {
  const { streams } = await probe(path, ["-show_streams"]);
  return (streams as MovieFacts[])[0] as MovieFacts;
}

/** The length of a file in s, by its fragments. */
export async function durationOf(path: string): Promise<number> {
  const { format } = await probe(path, ["-show_format"]);
  return Number((format as { duration: string }).duration);
}

/* As in decode.ts: the colours are those that the stream says of itself. */
const toRgb = "scale=flags=bicubic+accurate_rnd+full_chroma_int:out_range=full,format=rgb24";

export interface PlayOptions {
  /** From there on; default the beginning. Not for streams without a container. */
  fromSeconds?: number;
}

/** Decodes a file's pictures, each once; throws where ffmpeg complains. */
export async function picturesOf(path: string, options: PlayOptions = {}): Promise<Canvas[]> {
  const { width, height } = await factsOf(path);
  const { fromSeconds } = options;
  const seek = fromSeconds === undefined ? [] : ["-ss", String(fromSeconds)];
  const child = Bun.spawn(
    [
      ...[requireTool("ffmpeg", "ffmpeg"), "-v", "error", "-nostdin", "-threads", "1"],
      ...[...seek, "-i", path, "-fps_mode", "passthrough"],
      ...["-vf", toRgb, "-f", "rawvideo", "-bsf:v", "setts=ts=N", "pipe:1"],
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const [bytes, words] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0 || words !== "") {
    throw new Error(`ffmpeg cannot play ${path}: ${words}`);
  }
  const pictureBytes = width * height * 3;
  return Array.from({ length: bytes.length / pictureBytes }, (_, index) => {
    const start = index * pictureBytes;
    return new Canvas(width, height, bytes.slice(start, start + pictureBytes));
  });
}

/** The last picture of a file. */
export async function lastPictureOf(path: string, options: PlayOptions = {}): Promise<Canvas> {
  const last = (await picturesOf(path, options)).at(-1);
  if (last === undefined) throw new Error(`${path} has no pictures`);
  return last;
}
