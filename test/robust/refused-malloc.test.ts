// SPDX-License-Identifier: MPL-2.0
// Memory that is refused to the libraries: libxcb, libjpeg, x264. What is refused to our own code is
// in native/test (session_survive_refusals), each request in turn.
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireTool, rootPath, runCommand } from "../support/process.ts";
import { seedOfRun } from "../support/random.ts";
import { Scene } from "../support/scene.ts";
import type { RefusedReport } from "./refused-malloc-child.ts";

/** Refusals tried in each of three modes. */
const REFUSAL_COUNT = 40;
const seed = seedOfRun();

async function buildShim(folder: string): Promise<string> {
  const shim = join(folder, "refuse_malloc.so");
  const source = join(rootPath, "native", "test", "refuse_malloc.c");
  const flags = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror"];
  const command = [requireTool("clang", "clang"), ...flags, "-shared", "-fPIC", source, "-o", shim];
  expect(await runCommand(command)).toMatchObject({ exitCode: 0, stderr: "" });
  return shim;
}

test(`a request for memory that is refused, whoever's it is, is told (PF_SEED=${seed})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "pf-refused-"));
  try {
    const shim = await buildShim(folder);
    await using scene = await Scene.start();
    const child = join(import.meta.dir, "refused-malloc-child.ts");
    const words = [shim, scene.display, seed, REFUSAL_COUNT].map(String);
    const command = [process.execPath, child, ...words];
    const env = { LD_PRELOAD: shim };
    const result = await runCommand(command, { env, timeoutMs: 100_000 });
    expect(result).toMatchObject({ exitCode: 0, signal: null });
    const report: RefusedReport = JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "");
    console.log(`refused memory: ${JSON.stringify(report)}`);
    for (const requests of report.requests) expect(requests).toBeGreaterThan(50);
    const { clean = 0, ...told } = report.endings;
    // Some can be done without, such as shared memory.
    expect(clean).toBeLessThan((3 * REFUSAL_COUNT) / 2);
    const codes = ["ERR_OUT_OF_MEMORY", "ERR_NO_RESOURCE", "ERR_ENCODER"];
    // libxcb does not say why.
    const ofDisplay = ["ERR_DISPLAY_OPEN", "ERR_DISPLAY_LOST", "ERR_DISPLAY_UNSUPPORTED"];
    for (const code of Object.keys(told)) expect([...codes, ...ofDisplay]).toContain(code);
    expect(report.descriptorsLeft).toBeLessThanOrEqual(0);
    expect(report.memory).toEqual({
      captureCount: 0,
      threadCount: 0,
      lentCount: 0,
      bufferBytes: 0,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 110_000);
