// SPDX-License-Identifier: MPL-2.0
// The benchmark runs, and reads back the codes of the updates it painted.
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CodecLimit, RunResult } from "../../bench/report.ts";
import { rootPath, runCommand } from "../support/process.ts";

const { PIXELFLUX_FFI_LIBRARY, PF_PAINTER } = process.env;
const builtPath = join(rootPath, "zig-out");
const libraryPath = PIXELFLUX_FFI_LIBRARY ?? join(builtPath, "lib", "libpixelflux.so");
const painterPath = PF_PAINTER ?? join(builtPath, "bin", "pf-painter");

interface Figures {
  medians: RunResult[];
  limits: CodecLimit[];
}

test("bench/run.ts measures, in each mode", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pf-bench-test-"));
  try {
    const json = join(folder, "figures.json");
    const result = await runCommand(
      [
        ...[process.execPath, join(rootPath, "bench", "run.ts"), "--json", json],
        ...["--library", libraryPath, "--painter", painterPath],
        ...["--codec-bench", join(dirname(painterPath), "pf-codec-bench")],
        ...["--seconds", "1", "--repeat", "1", "--size", "640x480"],
        ...["--workloads", "typing,video", "--modes", "jpeg-tight,h264,fullframe"],
      ],
      { timeoutMs: 110_000 },
    );
    expect(result).toMatchObject({ exitCode: 0, signal: null });
    const { medians, limits } = JSON.parse(readFileSync(json, "utf8")) as Figures;
    expect(medians.length).toBe(2 * 5);
    expect(limits.map(({ mode, threads }) => `${mode} ${threads}`)).toEqual(
      ["jpeg", "h264", "fullframe"].flatMap((mode) => [`${mode} 1`, `${mode} 2`]),
    );
    for (const figures of medians) {
      expect(figures.cpuCores).toBeGreaterThan(0);
      expect(figures.kilobytesPerSecond).toBeGreaterThan(0);
      // Where the machine is too busy for it, ffmpeg may come to show none.
      if (figures.shownShare === 0 && figures.tool.startsWith("ffmpeg")) continue;
      expect(figures.shownShare).toBeWithin(0.001, 1.01);
      expect(figures.lastP50).toBeGreaterThanOrEqual(figures.firstP50);
      expect(figures.firstP99).toBeGreaterThanOrEqual(figures.firstP50);
      // A picture compared with another one comes nowhere near.
      expect(figures.psnr).toBeWithin(25, 101);
      expect(figures.ssim).toBeWithin(0.8, 1.01);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
