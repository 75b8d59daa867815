// SPDX-License-Identifier: MPL-2.0
// The end of a process, or of a module, at any point.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootPath, runCommand, waitFor } from "../support/process.ts";
import { seedOfRun } from "../support/random.ts";

/** What a process holds in one round of reloading. */
interface Counts {
  round: number;
  captures: number;
  native: number;
  poll: number;
  threads: number;
  descriptors: number;
}

const CHILD_COUNT = 40;
const AT_ONCE = 4;

describe("process.exit at a random point", () => {
  test(`${CHILD_COUNT} children end as they were told`, async () => {
    const seed = seedOfRun();
    console.log(`process.exit at a random point: PF_SEED=${seed}`);
    const program = join(import.meta.dir, "exit-child.ts");
    let started = 0;
    const runSome = async () => {
      while (started < CHILD_COUNT) {
        const childSeed = seed + started++;
        const command = [process.execPath, program, String(childSeed)];
        // A capture is given a second to end; generous for a busy machine.
        const child = await runCommand(command, { timeoutMs: 15_000 });
        expect({ childSeed, ...child }).toMatchObject({ childSeed, exitCode: 7, signal: null });
        expect(child.stderr).toBe("");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runSome));
  }, 120_000);
});

describe("bun --hot", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pixelflux-robust-hot-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const ROUNDS = 8;

  /** Stops the captures of the module before it, starts two, and says what the process holds. */
  const moduleOf = (round: number) => `
    import { runningCaptures, ScreenCapture } from ${JSON.stringify(join(rootPath, "src/index.ts"))};
    import { descriptors, threadsOf } from ${JSON.stringify(join(rootPath, "test/support/proc.ts"))};
    await Promise.all(runningCaptures().map((capture) => capture.stop()));
    for (const outputMode of ["jpeg", "h264"]) {
      const capture = new ScreenCapture({ display: "synthetic://320x200@60", outputMode });
      await capture.start((stripe) => stripe.release());
    }
    const names = threadsOf().map(({ name }) => name);
    console.log(JSON.stringify({
      round: ${round},
      captures: runningCaptures().length,
      native: names.filter((name) => name.startsWith("pf-")).length,
      poll: names.filter((name) => name.startsWith("pixelflux")).length,
      threads: names.length,
      descriptors: descriptors().length,
    }));
    if (${round} === ${ROUNDS}) process.exit(0);`;

  test("reloads with running captures add neither threads nor descriptors", async () => {
    const path = join(folder, "server.ts");
    writeFileSync(path, moduleOf(1));
    const child = Bun.spawn([process.execPath, "--hot", path], {
      stdout: "pipe",
      stderr: "inherit",
      timeout: 30_000,
      killSignal: "SIGKILL",
    });
    let output = "";
    const reading = child.stdout.pipeTo(
      new WritableStream({
        write(chunk) {
          output += Buffer.from(chunk).toString();
        },
      }),
    );
    for (let round = 1; round <= ROUNDS; round++) {
      if (round > 1) writeFileSync(path, moduleOf(round));
      await waitFor(`round ${round}`, () => output.includes(`"round":${round}`));
    }
    await reading;
    expect(await child.exited).toBe(0);
    const lines = output.trim().split("\n");
    const told = lines.map((line) => JSON.parse(line) as Counts);
    // A file that is written may be seen twice, empty and whole, and is then loaded twice.
    const [, second, ...others] = new Map(told.map((counts) => [counts.round, counts])).values();
    if (!second) throw new Error("no second round");
    expect(others).toHaveLength(ROUNDS - 2);
    for (const { round, threads, ...counts } of others) {
      const { captures, native, poll, descriptors } = second;
      expect(counts).toEqual({ captures, native, poll, descriptors });
      // Bun's own pools come and go by a few.
      expect(threads, `threads in round ${round}`).toBeLessThanOrEqual(second.threads + 5);
    }
    expect(second).toMatchObject({ captures: 2, poll: 2 });
  }, 60_000);
});
