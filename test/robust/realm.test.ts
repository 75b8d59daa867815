// SPDX-License-Identifier: MPL-2.0
// A worker that is terminated says nothing any more; what it captured has to end all the same.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootPath, runCommand } from "../support/process.ts";
import { type Holdings, NOTHING } from "./holdings.ts";

const pathOf = (name: string) => JSON.stringify(join(rootPath, name));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-robust-realm-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a worker, terminates it when it says so, and counts; again and again. */
const mainProgram = (workerPath: string) => `
  import { settledHoldings } from ${pathOf("test/robust/holdings.ts")};
  async function terminateOne() {
    const worker = new Worker(${JSON.stringify(workerPath)});
    const closed = new Promise((resolve) => worker.addEventListener("close", resolve));
    await new Promise((resolve) => worker.addEventListener("message", resolve));
    worker.terminate();
    await closed;
  }
  for (let index = 0; index < 4; index++) await terminateOne();
  const before = await settledHoldings();
  for (let index = 0; index < 12; index++) await terminateOne();
  console.log(JSON.stringify({ before, after: await settledHoldings() }));`;

const preludeOfWorker = `
  import { FrameSource, ScreenCapture } from ${pathOf("src/index.ts")};
  const make = (display, outputMode) => new ScreenCapture({ display, outputMode });`;

const CASES: [what: string, program: string][] = [
  [
    "hands stripes to callbacks",
    `let seen = 0;
    for (const outputMode of ["jpeg", "h264"]) {
      await make("synthetic://320x200@200", outputMode).start((stripe) => {
        stripe.release();
        if (++seen === 20) postMessage("now");
      });
    }`,
  ],
  [
    "keeps its stripes and blocks",
    `const kept = [];
    await make("synthetic://320x200@200", "h264").start((stripe) => {
      if (kept.push(stripe) < 20) return;
      postMessage("now");
      for (;;);
    });`,
  ],
  [
    "has an iterator that nobody reads",
    `const iterator = make("synthetic://320x200@200", "jpeg")[Symbol.asyncIterator]();
    await iterator.next();
    postMessage("now");`,
  ],
  [
    "waits for the stripe of a still screen",
    `for await (const stripe of make("synthetic://320x200@0", "jpeg")) postMessage("now");`,
  ],
  [
    "takes screenshots",
    `const capture = make("synthetic://320x200@200", "jpeg");
    await capture.start();
    let seen = 0;
    const loop = async (format) => {
      for (;;) {
        await capture.screenshot({ format });
        if (++seen === 12) postMessage("now");
      }
    };
    for (const format of ["png", "jpeg", "raw", "raw", "raw"]) void loop(format);`,
  ],
  [
    "waits for changes and for rest",
    `const captures = ["synthetic://320x200@0", "synthetic://320x200@200"].map((display) => make(display, "jpeg"));
    for (const capture of captures) {
      await capture.start();
      capture.waitForChange();
      capture.waitForStable({ quietMs: 60_000 });
      capture.changeToken();
    }
    await captures[1].waitForChange();
    postMessage("now");`,
  ],
  [
    "taps frames",
    `const capture = make("synthetic://320x200@200", "jpeg");
    await capture.start();
    const kept = [];
    for await (const frame of capture.tapFrames()) if (kept.push(frame) === 12) postMessage("now");`,
  ],
  [
    "is still starting",
    `make("synthetic://1920x1080@60", "h264").start(() => {}); postMessage("now");`,
  ],
  [
    "pushes frames, and waits until they are taken",
    `const source = new FrameSource();
    const sizes = [{ width: 64, height: 64 }, { width: 320, height: 200 }];
    for (const outputMode of ["jpeg", "h264"]) {
      void new ScreenCapture({ source, outputMode }).start((stripe) => stripe.release());
    }
    new FrameSource({ width: 500, height: 500 });
    new ScreenCapture({ source: new FrameSource() }).start();
    for (let index = 0; ; index++) {
      const { width, height } = sizes[index % 2];
      source.push(new Uint8Array(width * height * 4).fill(index), { width, height });
      await source.taken();
      if (index === 20) postMessage("now");
    }`,
  ],
  [
    "waits for a frame to be taken that nobody reads",
    `const source = new FrameSource({ width: 64, height: 64 });
    const capture = new ScreenCapture({ source, queueFrames: 1 });
    await capture.start();
    source.push(new Uint8Array(64 * 64 * 4).fill(9), { width: 64, height: 64 });
    setTimeout(() => postMessage("now"), 20);
    await source.taken();
    capture.stop();`,
  ],
  [
    "is stopping",
    `const capture = make("synthetic://320x200@200", "h264");
    await capture.start((stripe) => stripe.release());
    capture.stop();
    postMessage("now");`,
  ],
];

describe("worker.terminate()", () => {
  test.each(CASES)(
    "of one that %s leaves nothing behind",
    async (what, program) => {
      const name = what.replaceAll(" ", "-");
      const [mainPath, workerPath] = [`${name}.ts`, `${name}-worker.ts`].map((file) =>
        join(folder, file),
      );
      if (!mainPath || !workerPath) throw new Error("no paths");
      writeFileSync(workerPath, preludeOfWorker + program);
      writeFileSync(mainPath, mainProgram(workerPath));
      const child = await runCommand([process.execPath, mainPath], { timeoutMs: 90_000 });
      expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
      const { before, after }: { before: Holdings; after: Holdings } = JSON.parse(child.stdout);
      expect(after.memory).toEqual(NOTHING);
      expect(after.nativeThreads).toBe(0);
      // Bun's own pools come and go by a few; a thread or a descriptor leaked by each would be 12.
      expect(after.threads).toBeLessThanOrEqual(before.threads + 4);
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4);
    },
    100_000,
  );
});
