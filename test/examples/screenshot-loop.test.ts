// SPDX-License-Identifier: MPL-2.0
// The example as a user runs it, on a screen that changes when the test says so.
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualDisplay } from "../../src/display/index.ts";
import { compare } from "../support/canvas.ts";
import { decodePngs } from "../support/decode.ts";
import { Painter } from "../support/painter.ts";
import { rootPath, runCommand, waitFor } from "../support/process.ts";

const main = join(rootPath, "examples/screenshot-loop/main.ts");

test("each change is a screenshot, and a still screen is none", async () => {
  await using display = await VirtualDisplay.start({ width: 320, height: 240 });
  const env = { ...process.env, ...display.environment };
  await using painter = await Painter.start(display.name, { ...display.environment });
  const folder = mkdtempSync(join(tmpdir(), "pf-screenshot-loop-"));
  const files = () => readdirSync(folder).sort();
  const command = [process.execPath, main, "--folder", folder, "--count", "4", "--pause-ms", "0"];
  await using child = Bun.spawn(command, { env, stdout: "pipe", stderr: "pipe" });
  try {
    for (let count = 1; count <= 4; count++) {
      if (count > 1) await painter.fill({ x: 0, y: 0, width: 320, height: 240 }, count * 0x203040);
      await waitFor(`screenshot ${count}`, () => files().length === count);
    }
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stderr).text()).toBe("");
    const lines = (await new Response(child.stdout).text()).trim().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatch(/00004\.png \d+ bytes [\d.]+ ms$/);
    expect(files()).toEqual(["00001.png", "00002.png", "00003.png", "00004.png"]);
    const [last] = await decodePngs([readFileSync(join(folder, "00004.png"))]);
    if (!last) throw new Error("no picture");
    expect(compare(await painter.grab(), last).max).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("Ctrl-C and a display that goes end it", async () => {
  await using display = await VirtualDisplay.start({ width: 64, height: 64 });
  const env = { ...process.env, ...display.environment };
  const folder = mkdtempSync(join(tmpdir(), "pf-screenshot-loop-"));
  const start = () =>
    Bun.spawn([process.execPath, main, "--folder", folder], { env, stderr: "pipe" });
  const took = (count: number) =>
    waitFor("screenshots", () => readdirSync(folder).length === count);
  try {
    await using interrupted = start();
    await took(1);
    interrupted.kill("SIGINT");
    expect(await interrupted.exited).toBe(0);
    rmSync(join(folder, "00001.png"));
    await using orphaned = start();
    await took(1);
    await display.stop();
    expect(await orphaned.exited).toBe(1);
    expect(await new Response(orphaned.stderr).text()).toStartWith("screenshot-loop: ");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each([
  [["--format", "gif"], /--format: "png" or "jpeg" expected, received "gif"/],
  [["--count", "0"], /--count/],
  [["--pause-ms", "x"], /--pause-ms/],
  [["--nonsense"], /--nonsense/],
])("it refuses %p", async (args, words) => {
  const { exitCode, stderr } = await runCommand([process.execPath, main, ...args]);
  expect(stderr).toMatch(words);
  expect(exitCode).toBe(2);
});
