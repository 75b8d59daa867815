// SPDX-License-Identifier: MPL-2.0
// What the world may do to a capture. A server that is killed is in ../e2e/x-errors.test.ts and in
// reconnect.test.ts, one that lies in fuzz-x-server.test.ts, refused memory and threads in
// native/test (session_survive_refusals).
import { expect, test } from "bun:test";
import { join } from "node:path";
import { type CaptureSettings, memoryUsage } from "../../src/index.ts";
import { memoryFiles, nativeThreads } from "../support/proc.ts";
import { rootPath, runCommand, waitFor } from "../support/process.ts";
import { random, seedOfRun } from "../support/random.ts";
import type { Recorder } from "../support/recorder.ts";
import { Scene } from "../support/scene.ts";

test("every descriptor is refused in turn: a typed error, and nothing is left behind", async () => {
  await using scene = await Scene.start();
  const child = join(import.meta.dir, "descriptors-child.ts");
  const result = await runCommand([process.execPath, child, scene.display], { timeoutMs: 50_000 });
  expect(result).toMatchObject({ exitCode: 0, signal: null });
  const report = JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "");
  const refusals: string[] = report.outcomes.slice(1, -1);
  expect(report.outcomes[0]).toBe("started");
  expect(report.outcomes.at(-1)).toBe("started");
  expect(refusals.length).toBeGreaterThan(2);
  for (const code of refusals) expect(["ERR_NO_RESOURCE", "ERR_DISPLAY_OPEN"]).toContain(code);
  expect(report).toMatchObject({ leaked: 0, captureCount: 0, lentCount: 0 });
}, 60_000);

/** Has the server stand still for a while, with something to paint before it, and looks then. */
async function whileStopped({ server, painter }: Scene, seed: number, look: () => void) {
  process.kill(server.pid, "SIGSTOP");
  try {
    const painted = painter.pattern("photo", seed);
    await Bun.sleep(700);
    look();
    process.kill(server.pid, "SIGCONT");
    await painted;
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
}

test("a server that is stopped and continued is captured on, from its newest picture", async () => {
  await using scene = await Scene.start();
  for (const outputMode of ["jpeg", "h264"] as const) {
    await using recorder = await scene.record({ outputMode });
    for (let round = 0; round < 3; round++) {
      await recorder.quiet(); // a refresh at rest asks nothing of the server
      const count = recorder.stripes.length;
      await whileStopped(scene, round, () => expect(recorder.stripes.length).toBe(count));
      await waitFor("stripes", () => recorder.stripes.length > count);
    }
    await recorder.showsAtRest(await scene.painter.grab(), { psnr: 30 }, outputMode);
    expect(recorder.errors).toEqual([]);
  }
}, 60_000);

const MODES: CaptureSettings[] = [
  { outputMode: "jpeg" },
  { outputMode: "h264" },
  { outputMode: "h264", h264FullFrame: true },
];
const RESIZE_COUNT = 200;

/** Changes the screen's size at random and paints all of it, without waiting for any capture. */
async function resizeAtRandom({ painter }: Scene, seed: number): Promise<void> {
  const pick = random(seed);
  for (let round = 0; round < RESIZE_COUNT; round++) {
    const [width, height] = [1 + pick(400), 1 + pick(300)];
    await painter.screen(width, height);
    await painter.pattern("photo", round, { x: 0, y: 0, width, height });
  }
}

/** Ends with captures at rest that show a screen of a size that it did not have before. */
async function surviveResizes(scene: Scene, recorders: Recorder[], seed: number): Promise<void> {
  const sizes = recorders.map(() => new Set<string>());
  for (const [index, { capture }] of recorders.entries()) {
    capture.on("resize", ({ width, height }) => sizes[index]?.add(`${width}x${height}`));
  }
  await resizeAtRandom(scene, seed);
  const area = { x: 0, y: 0, width: 397, height: 293 };
  await scene.painter.screen(area.width, area.height);
  await scene.painter.pattern("photo", RESIZE_COUNT, area);
  const expected = await scene.painter.grab(area);
  for (const [index, recorder] of recorders.entries()) {
    await recorder.showsAtRest(expected, { mean: 2, psnr: 34 }, JSON.stringify(MODES[index]));
    expect(recorder.errors).toEqual([]);
    // Many follow each other faster than a capture looks.
    expect(sizes[index]?.size ?? 0).toBeGreaterThan(RESIZE_COUNT / 20);
  }
}

const seed = seedOfRun();

test(`a screen resized ${RESIZE_COUNT} times at random while it is encoded (PF_SEED=${seed})`, async () => {
  await using scene = await Scene.start({ width: 400, height: 300 });
  const recorders = await Promise.all(MODES.map((mode) => scene.record(mode)));
  await recorders[0]?.quiet();
  try {
    await surviveResizes(scene, recorders, seed);
    expect(memoryFiles().length).toBeLessThanOrEqual(MODES.length);
  } finally {
    await Promise.all(recorders.map(({ capture }) => capture.stop()));
  }
  expect(memoryUsage()).toMatchObject({ captureCount: 0, threadCount: 0, lentCount: 0 });
  await waitFor("the native threads to end", () => nativeThreads().length === 0);
}, 90_000);

test("nothing native reads the clock on the wall", async () => {
  const words = "CLOCK_REALTIME|gettimeofday|\\btime\\(NULL\\)|\\blocaltime|\\bgmtime";
  const command = ["grep", "-rnE", words, join(rootPath, "native", "src")];
  const result = await runCommand(command, { timeoutMs: 10_000 });
  expect(result).toMatchObject({ exitCode: 1, stdout: "" });
});
