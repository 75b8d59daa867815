// SPDX-License-Identifier: MPL-2.0
// The benchmark runs, and reads back the codes of the updates it painted.
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunResult } from "../../bench/report.ts";
import { rootPath, runCommand } from "../support/process.ts";

test("bench/run.ts measures, in each mode", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pf-bench-test-"));
  try {
    const json = join(folder, "figures.json");
    const result = await runCommand(
      [
        ...[process.execPath, join(rootPath, "bench", "run.ts"), "--json", json],
        ...["--library", join(rootPath, "zig-out", "lib", "libpixelflux.so")],
        ...["--painter", join(rootPath, "zig-out", "bin", "pf-painter")],
        ...["--seconds", "1", "--repeat", "1", "--size", "640x480"],
        ...["--workloads", "typing", "--modes", "jpeg,h264,fullframe"],
      ],
      { timeoutMs: 60_000 },
    );
    expect(result).toMatchObject({ exitCode: 0, signal: null });
    const { medians } = JSON.parse(readFileSync(json, "utf8")) as { medians: RunResult[] };
    expect(medians.length).toBe(4);
    for (const figures of medians) {
      expect(figures.cpuCores).toBeGreaterThan(0);
      expect(figures.kilobytesPerSecond).toBeGreaterThan(0);
      if (figures.tool.startsWith("ffmpeg")) continue;
      // Codes that are read back: most updates of a machine that is busy, else all.
      expect(figures.shownShare).toBeWithin(0.2, 1.01);
      expect(figures.lastP50).toBeGreaterThanOrEqual(figures.firstP50);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 90_000);
