// SPDX-License-Identifier: MPL-2.0
// Captures that are left to the garbage collector, each case in a process of its own.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { rootPath, runSnippet } from "../support/process.ts";

const holdings = JSON.stringify(join(rootPath, "test/robust/holdings.ts"));

const prelude = `
  import { memoryUsage, runningCaptures, ScreenCapture } from "pixelflux-ffi";
  import { collectUntil } from ${holdings};
  const MOVING = "synthetic://320x200@60", STILL = "synthetic://320x200@0";
  const make = (display) => new ScreenCapture({ display, usePaintOverQuality: false });
  const count = () => memoryUsage().captureCount;`;

/** Runs the program, which has to end by itself: a capture that is left keeps a process alive. */
async function outputOf(program: string): Promise<string> {
  const child = await runSnippet(prelude + program, { timeoutMs: 30_000 });
  expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  return child.stdout.trim();
}

describe("a capture without a callback stops by itself", () => {
  test("when its iterator is dropped half way, the object kept or not", async () => {
    const output = await outputOf(`
      const kept = [];
      const read = []; // until all of them run
      const stopped = [];
      async function drop(display, keeps) {
        const capture = make(display);
        capture.on("stop", () => stopped.push(display));
        if (keeps) kept.push(capture);
        const iterator = capture[Symbol.asyncIterator]();
        (await iterator.next()).value.release();
        read.push(iterator);
      }
      for (const display of [MOVING, STILL]) {
        for (const keeps of [true, false]) await drop(display, keeps);
      }
      console.log("before", count(), runningCaptures().length);
      read.length = 0;
      await collectUntil(() => count() === 0);
      console.log("after", count(), runningCaptures().length, stopped.length);
      console.log("kept", kept.map((capture) => capture.running).join());
      // What was kept works again.
      for await (using stripe of kept[0]) break;
      console.log("again", kept[0].stats().stripesDelivered);`);
    expect(output.split("\n")).toEqual([
      "before 4 4",
      "after 0 0 4",
      "kept false,false",
      "again 1",
    ]);
  }, 40_000);

  test("when it was started and nobody ever read", async () => {
    const output = await outputOf(`
      const started = []; // until all of them run
      async function start() {
        const capture = make(MOVING);
        started.push(capture);
        await capture.start();
      }
      for (let index = 0; index < 5; index++) await start();
      console.log("before", count());
      started.length = 0;
      await collectUntil(() => count() === 0);
      console.log("after", count());`);
    expect(output.split("\n")).toEqual(["before 5", "after 0"]);
  }, 40_000);

  test("and a process that has dropped its last one ends", async () => {
    const output = await outputOf(`
      const iterator = make(MOVING)[Symbol.asyncIterator]();
      (await iterator.next()).value.release();
      const timer = setInterval(() => Bun.gc(true), 20);
      timer.unref();
      console.log("dropped");`);
    expect(output).toBe("dropped");
  }, 40_000);
});

describe("what is in use is not collected", () => {
  test("a callback goes on, a loop goes on, a loop on a still screen goes on waiting", async () => {
    const output = await outputOf(`
      const seen = { callback: 0, loop: 0, still: 0, stillRows: 0 };
      await make(MOVING).start((stripe) => { seen.callback++; stripe.release(); });
      (async () => { for await (using stripe of make(MOVING)) seen.loop++; })();
      (async () => {
        for await (using stripe of make(STILL)) {
          seen.still++;
          seen.stillRows += stripe.height;
        }
      })();
      // The whole of the still screen, which is all that comes of it.
      await collectUntil(() => seen.stillRows >= 200);
      const { callback, loop, still } = seen;
      const endMs = performance.now() + 700;
      await collectUntil(() => performance.now() > endMs && seen.callback > callback && seen.loop > loop);
      console.log(count(), seen.callback > callback, seen.loop > loop, seen.still === still);
      // The waiting loop is woken by a stripe as ever.
      const captures = runningCaptures();
      for (const capture of captures) capture.requestKeyframe();
      await collectUntil(() => seen.still > still);
      console.log(captures.length, seen.still > still);
      await Promise.all(captures.map((capture) => capture.stop()));
      console.log(count());`);
    expect(output.split("\n")).toEqual(["3 true true true", "3 true", "0"]);
  }, 40_000);
});
