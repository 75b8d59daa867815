// SPDX-License-Identifier: MPL-2.0
// The picture's memory is for this user alone, leaves no trace, and is not needed to work.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Painter } from "../support/painter.ts";
import { memoryFiles, systemVSegments } from "../support/proc.ts";
import { runSnippet, waitFor } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { Xvfb } from "../support/xvfb.ts";

async function expectWorks(display: string): Promise<void> {
  await using painter = await Painter.start(display);
  await painter.pattern("photo", 1);
  await using recorder = await Recorder.start({ display });
  await recorder.showsAtRest(await painter.grab(), { psnr: 34 }, "first picture");
  await painter.pattern("photo", 2, { x: 100, y: 100, width: 300, height: 200 });
  await recorder.showsAtRest(await painter.grab(), { psnr: 34 }, "second picture");
}

describe("shared memory", () => {
  test("no System V segment, and a memory file nobody else can open", async () => {
    await using server = await Xvfb.start({ width: 1280, height: 720 });
    {
      await using recorder = await Recorder.start({ display: server.display });
      await recorder.quiet(100);
      expect(systemVSegments()).toEqual([]);
      const files = memoryFiles();
      // Proof that MIT-SHM is in use at all.
      expect(files.length).toBeGreaterThan(0);
      // Root may follow a mapping and see its mode; for others a file without a descriptor is out
      // of reach. What is reachable has to be closed to all other users.
      for (const file of files) {
        if (file.mode === undefined) expect(file.path).toContain("/map_files/");
        else expect(file.mode).toBe(0o600);
      }
    }
    await waitFor("the memory file to go", () => memoryFiles().length === 0);
    expect(systemVSegments()).toEqual([]);
  });

  test("nothing is left behind by a killed process", async () => {
    await using server = await Xvfb.start();
    const segments = () => readFileSync("/proc/sysvipc/shm", "utf8").trim().split("\n").length;
    const before = segments();
    const result = await runSnippet(`
      import { ScreenCapture } from "pixelflux-ffi";
      await new ScreenCapture({ display: "${server.display}" }).start(() => {});
      process.kill(process.pid, "SIGKILL");`);
    expect(result.signal).toBe("SIGKILL");
    expect(segments()).toBe(before);
  });
});

describe("a server without", () => {
  test.each(["MIT-SHM", "DAMAGE", "XFIXES", "RANDR"])("%s still works", async (extension) => {
    await using server = await Xvfb.start({ args: ["-extension", extension] });
    await expectWorks(server.display);
  });

  test("MIT-SHM and DAMAGE still works", async () => {
    const args = ["-extension", "MIT-SHM", "-extension", "DAMAGE"];
    await using server = await Xvfb.start({ args });
    await expectWorks(server.display);
  });

  test("MIT-SHM has no memory file", async () => {
    await using server = await Xvfb.start({ args: ["-extension", "MIT-SHM"] });
    await using recorder = await Recorder.start({ display: server.display });
    await recorder.quiet(100);
    expect(memoryFiles()).toEqual([]);
    expect(systemVSegments()).toEqual([]);
  });
});
