// SPDX-License-Identifier: MPL-2.0
// The benchmark runs, and reads back the codes of the updates it painted.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
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

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pf-bench-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function measure(...options: string[]): Promise<Figures> {
  const json = join(folder, "figures.json");
  const result = await runCommand(
    [
      ...[process.execPath, join(rootPath, "bench", "run.ts"), "--json", json],
      ...["--library", libraryPath, "--painter", painterPath],
      ...["--codec-bench", join(dirname(painterPath), "pf-codec-bench")],
      ...["--seconds", "1", "--repeat", "1", "--size", "640x480", ...options],
    ],
    { timeoutMs: 110_000 },
  );
  expect(result).toMatchObject({ exitCode: 0, signal: null });
  return JSON.parse(readFileSync(json, "utf8")) as Figures;
}

function check(medians: readonly RunResult[], tools: readonly string[]): void {
  expect(medians.map(({ tool }) => tool)).toEqual([...tools]);
  for (const figures of medians) {
    expect(figures.cpuCores).toBeGreaterThan(0);
    expect(figures.kilobytesPerSecond).toBeGreaterThan(0);
    // Codes that are read back: most updates of a machine that is busy, else all.
    expect(figures.shownShare).toBeWithin(0.2, 1.01);
    expect(figures.lastP50).toBeGreaterThanOrEqual(figures.firstP50);
    expect(figures.firstP99).toBeGreaterThanOrEqual(figures.firstP50);
    // A picture compared with another one comes nowhere near.
    expect(figures.psnr).toBeWithin(25, 101);
    expect(figures.ssim).toBeWithin(0.8, 1.01);
  }
}

describe("bench/run.ts measures", () => {
  test("small changes, by stripes", async () => {
    const { medians } = await measure(
      ...["--workloads", "typing", "--modes", "jpeg-tight,h264", "--no-ffmpeg"],
    );
    check(medians, ["jpeg-tight", "h264"]);
  }, 120_000);

  test("moving pictures, the codecs alone, and ffmpeg", async () => {
    const { medians, limits } = await measure("--workloads", "video", "--modes", "fullframe");
    check(medians, ["fullframe", "ffmpeg x264", "ffmpeg mjpeg"]);
    expect(limits.map(({ mode, threads }) => `${mode} ${threads}`)).toEqual(
      ["jpeg", "h264", "fullframe"].flatMap((mode) => [`${mode} 1`, `${mode} 2`]),
    );
  }, 120_000);
});
