// SPDX-License-Identifier: MPL-2.0
// The example as a CI job runs it: a real browser on a virtual display, filmed.
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Canvas } from "../support/canvas.ts";
import { factsOf, lastPictureOf, packetsOf } from "../support/movie.ts";
import { rootPath, runCommand } from "../support/process.ts";

const main = join(rootPath, "examples/ci-recording/main.ts");

/** How much of a picture has about this colour. */
function shareOf({ rgb }: Canvas, colour: readonly [number, number, number]): number {
  let count = 0;
  for (let at = 0; at < rgb.length; at += 3) {
    if (colour.every((value, index) => Math.abs((rgb[at + index] ?? 0) - value) < 12)) count += 1;
  }
  return count / (rgb.length / 3);
}

/** Where a run's films go. */
class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "pf-ci-recording-"));

  run(...args: string[]) {
    const command = [process.execPath, main, ...args];
    return runCommand(command, { cwd: this.path, timeoutMs: 60_000 });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

test("a run that fails leaves a film of what was to be seen", async () => {
  using folder = new Folder();
  const { exitCode, stdout, stderr } = await folder.run("--fail");
  expect(stderr).toBe("ci-recording: 3 tasks expected, 2 are there\n");
  expect(stdout).toMatch(/^film: run\.mp4, [\d.]+ s\n$/);
  expect(exitCode).toBe(1);
  expect(readdirSync(folder.path)).toEqual(["run.mp4"]);
  const film = join(folder.path, "run.mp4");
  expect(await factsOf(film)).toMatchObject({ width: 1280, height: 720 });
  // The keys that are pressed one by one, at least.
  expect((await packetsOf(film)).length).toBeGreaterThan(10);
  const last = await lastPictureOf(film);
  expect(shareOf(last, [20, 120, 60])).toBeGreaterThan(0.5);
});

test("a run that passes leaves none", async () => {
  using folder = new Folder();
  const passed = await folder.run();
  expect(passed).toMatchObject({ exitCode: 0, stdout: "passed\n", stderr: "" });
  expect(readdirSync(folder.path)).toEqual([]);
});

test.each([
  [["--keep", "sometimes"], /--keep: "failure" or "always" expected, received "sometimes"/],
  [["--nonsense"], /--nonsense/],
])("it refuses %p", async (args, words) => {
  using folder = new Folder();
  const { exitCode, stderr } = await folder.run(...args);
  expect(stderr).toMatch(words);
  expect(exitCode).toBe(2);
  expect(existsSync(join(folder.path, "run.mp4"))).toBe(false);
});
