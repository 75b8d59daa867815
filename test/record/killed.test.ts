// SPDX-License-Identifier: MPL-2.0
// A recording whose process is killed plays to its end, less what had not been written.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { expectAlike } from "../support/canvas.ts";
import { durationOf, lastPictureOf, packetsOf, picturesOf } from "../support/movie.ts";
import { Painter } from "../support/painter.ts";
import { rootPath, runCommand, waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import { Xvfb } from "../support/xvfb.ts";
import { Folder } from "./folder.ts";

const FRAGMENT_MS = 300;
/** A fragment, the time it takes to write one, and that of a machine with other work. */
const LOST_MS_MAX = FRAGMENT_MS + 700;

interface Child extends AsyncDisposable {
  frames: number;
  durationMs: number;
  kill(): Promise<void>;
}

/** A child that records, and what it has told last. */
function startChild(display: string, path: string): Child {
  const program = join(import.meta.dir, "killed-child.ts");
  const command = [process.execPath, program, display, path, String(FRAGMENT_MS)];
  const process_ = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const kill = async () => {
    process_.kill("SIGKILL");
    await process_.exited;
  };
  const child: Child = { frames: 0, durationMs: 0, kill, [Symbol.asyncDispose]: kill };
  void listen(process_.stdout, child);
  return child;
}

async function listen(stdout: ReadableStream<Uint8Array>, child: Child): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stdout) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    const [frames = 0, durationMs = 0] = lines.at(-1)?.split(" ").map(Number) ?? [];
    if (lines.length > 0) Object.assign(child, { frames, durationMs });
  }
}

test("as soon as it has begun", async () => {
  using folder = new Folder();
  const path = folder.file("killed.mp4");
  const [index, recordIndex] = ["index.ts", "record/index.ts"].map((name) =>
    JSON.stringify(join(rootPath, "src", name)),
  );
  const { signal } = await runCommand([
    ...[process.execPath, "-e"],
    `import { ScreenCapture } from ${index};
    import { record } from ${recordIndex};
    await record(new ScreenCapture({ display: "synthetic://320x240@30" }), ${JSON.stringify(path)});
    process.kill(process.pid, "SIGKILL");`,
  ]);
  expect(signal).toBe("SIGKILL");
  expect((await picturesOf(path)).length).toBeGreaterThan(0);
});

test("in the middle of a moving picture", async () => {
  const seed = seedOfRun();
  const pick = random(seed);
  using folder = new Folder();
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.prepare("video", 1);
  for (let round = 0; round < 3; round++) {
    const path = folder.file(`killed-${round}.mp4`);
    await using child = startChild(server.display, path);
    const untilMs = 1200 + pick(900);
    const painting = painter.run(6);
    await waitFor("the recording to go on", () => child.durationMs > untilMs, 30_000);
    const { durationMs } = child;
    await child.kill();
    expect(await durationOf(path), `seed ${seed}`).toBeGreaterThan(
      (durationMs - LOST_MS_MAX) / 1000,
    );
    const pictures = await picturesOf(path);
    expect(pictures.length).toBe((await packetsOf(path)).length);
    expect(pictures.length).toBeGreaterThan(3);
    await painting;
  }
}, 120_000);

test("in front of a still picture", async () => {
  using folder = new Folder();
  const path = folder.file("killed.mp4");
  await using server = await Xvfb.start();
  await using painter = await Painter.start(server.display);
  await painter.pattern("photo", 5);
  await using child = startChild(server.display, path);
  await waitFor("the picture's refinement", () => child.frames >= 2, 30_000);
  const { frames, durationMs: stillMs } = child;
  await waitFor("some stillness", () => child.durationMs > stillMs + 1500, 30_000);
  const { durationMs } = child;
  expect(child.frames).toBe(frames);
  await child.kill();
  expect(await durationOf(path)).toBeGreaterThan((durationMs - LOST_MS_MAX) / 1000);
  expect((await packetsOf(path)).length).toBe(frames);
  expectAlike(await painter.grab(), await lastPictureOf(path), { mean: 1.8, max: 100, psnr: 35 });
});
