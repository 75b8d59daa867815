// SPDX-License-Identifier: MPL-2.0
// Captures in workers: each has the module, the pool and the registry for itself.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootPath, runCommand } from "../support/process.ts";
import { MOVING } from "./synthetic.ts";

const index = JSON.stringify(join(rootPath, "src/index.ts"));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-realm-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a main program in a process of its own, beside a worker program it may start. */
function runRealms(name: string, main: string, worker: string) {
  const path = join(folder, `${name}.ts`);
  const workerPath = join(folder, `${name}-worker.ts`);
  const prelude = `import { memoryUsage, runningCaptures, ScreenCapture } from ${index};
    const make = (outputMode) => new ScreenCapture({ display: "${MOVING}", outputMode });\n`;
  writeFileSync(path, `${prelude}const workerPath = ${JSON.stringify(workerPath)};\n${main}`);
  writeFileSync(workerPath, `${prelude}${worker}`);
  return runCommand([process.execPath, path], { timeoutMs: 20_000 });
}

describe("captures in workers", () => {
  test("run beside each other and beside the main thread's", async () => {
    const child = await runRealms(
      "beside",
      `const ended = Promise.withResolvers();
      let reports = 0;
      for (let index = 0; index < 4; index++) {
        new Worker(workerPath).onmessage = ({ data }) => {
          console.log(data);
          if (++reports === 4) ended.resolve();
        };
      }
      let seen = 0;
      for await (using stripe of make("jpeg")) {
        if (++seen === 50) break;
      }
      await ended.promise;
      console.log("main", seen, runningCaptures().length, memoryUsage().captureCount);`,
      `const stripes = [];
      const capture = make("h264");
      for await (using stripe of capture) {
        stripes.push(stripe.codec);
        if (runningCaptures().length !== 1) throw new Error("the registry is shared");
        if (stripes.length === 30) break;
      }
      postMessage("worker " + stripes.length);`,
    );
    expect(child).toMatchObject({ exitCode: 0, signal: null });
    expect(child.stdout.trim().split("\n").toSorted()).toEqual([
      "main 50 0 0",
      ...Array(4).fill("worker 30"),
    ]);
  }, 30_000);

  test("end with a worker that ends by itself", async () => {
    const child = await runRealms(
      "exit",
      `const worker = new Worker(workerPath);
      worker.addEventListener("close", () => console.log(JSON.stringify(memoryUsage())));`,
      `let seen = 0;
      await make("jpeg").start(() => {
        if (++seen === 10) process.exit(0);
      });`,
    );
    expect(child).toMatchObject({ exitCode: 0, signal: null });
    expect(JSON.parse(child.stdout)).toMatchObject({
      captureCount: 0,
      threadCount: 0,
      lentCount: 0,
    });
  }, 30_000);

  test("that is terminated: nothing crashes, and its stripes are freed", async () => {
    const child = await runRealms(
      "terminate",
      `const worker = new Worker(workerPath);
      const closed = Promise.withResolvers();
      worker.addEventListener("close", closed.resolve);
      worker.onmessage = () => worker.terminate();
      await closed.promise;
      console.log("lent", memoryUsage().lentCount);
      let seen = 0;
      for await (using stripe of make("jpeg")) {
        if (++seen === 20) break;
      }
      console.log("main", seen);
      process.exit(0);`,
      `const kept = [];
      await make("jpeg").start((stripe) => {
        kept.push(stripe);
        if (kept.length === 20) postMessage("enough");
      });`,
    );
    expect(child).toMatchObject({ exitCode: 0, signal: null, stdout: "lent 0\nmain 20\n" });
  }, 30_000);
});
