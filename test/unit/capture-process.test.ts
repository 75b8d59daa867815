// SPDX-License-Identifier: MPL-2.0
// How a process with captures ends, and what it keeps alive; each case in a process of its own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootPath, runSnippet, waitFor } from "../support/process.ts";
import { MOVING } from "./synthetic.ts";

/** Starts a capture in the child; `onThird` runs in the callback of the third stripe. */
function program(onThird: string, rest = ""): string {
  return `
    import { memoryUsage, ScreenCapture } from "pixelflux-ffi";
    const show = () => console.log("left", memoryUsage().captureCount, memoryUsage().threadCount);
    const capture = new ScreenCapture({ display: "${MOVING}", outputMode: "h264" });
    let seen = 0;
    await capture.start((stripe) => {
      stripe.release();
      // Only now, to come after the library's own listener.
      if (++seen === 1) process.on("exit", show);
      if (seen === 3) { ${onThird} }
    });
    ${rest}`;
}

describe("a running capture", () => {
  test("keeps the process alive until it stops, and nothing does after", async () => {
    const child = await runSnippet(program("setTimeout(() => capture.stop(), 300)"), {
      timeoutMs: 10_000,
    });
    expect(child).toEqual({ exitCode: 0, signal: null, stdout: "left 0 0\n", stderr: "" });
  });

  test.each([
    ["process.exit in a callback", "process.exit(7)", 7],
    ["process.exit in a timer", "setTimeout(() => process.exit(7), 1)", 7],
    ["an uncaught error", 'setTimeout(() => { throw new Error("mine"); }, 1)', 1],
    ["an unhandled rejection", 'void Promise.reject(new Error("mine"))', 1],
  ])("is ended by %s", async (_, statement, exitCode) => {
    const { stderr, ...child } = await runSnippet(program(statement), { timeoutMs: 10_000 });
    expect(child).toEqual({ exitCode, signal: null, stdout: "left 0 0\n" });
    expect(stderr).not.toContain("panic");
  });

  test("is ended by exit while its own start and stop are under way", async () => {
    const rest = `
      const others = Array.from({ length: 6 }, () => new ScreenCapture({ display: "${MOVING}" }));
      for (const other of others) other.start(() => {}).catch(() => {});
      others[0].stop();
      await others[1].stop();
      process.exit(5);`;
    const child = await runSnippet(program("", rest), { timeoutMs: 10_000 });
    expect(child).toMatchObject({ exitCode: 5, signal: null, stdout: "left 0 0\n" });
  });

  test("does not outlive SIGTERM", async () => {
    const rest = 'process.kill(process.pid, "SIGTERM");';
    const child = await runSnippet(program("", rest), { timeoutMs: 10_000 });
    expect(child.signal).toBe("SIGTERM");
  });

  test("lets a signal handler stop it", async () => {
    const rest = `
      process.on("SIGINT", () => capture.stop().then(() => console.log("stopped")));
      process.kill(process.pid, "SIGINT");`;
    const child = await runSnippet(program("", rest), { timeoutMs: 10_000 });
    expect(child).toMatchObject({ exitCode: 0, signal: null });
    expect(child.stdout).toContain("stopped\nleft 0 0\n");
  });
});

test("importing, making and failing to start keep nothing alive", async () => {
  const source = `
    import { ScreenCapture } from "pixelflux-ffi";
    const capture = new ScreenCapture({ display: ":7777" });
    await capture.start(() => {}).catch((error) => console.log(error.code));
    capture[Symbol.asyncIterator]();`;
  const child = await runSnippet(source, { timeoutMs: 10_000 });
  expect(child).toMatchObject({ exitCode: 0, signal: null, stdout: "ERR_DISPLAY_OPEN\n" });
});

describe("bun --hot", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pixelflux-hot-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("evaluates the module anew, which finds the captures of the old one", async () => {
    const path = join(folder, "server.ts");
    const source = (round: number) => `
      import { runningCaptures, ScreenCapture } from ${JSON.stringify(join(rootPath, "src/index.ts"))};
      const old = runningCaptures();
      await Promise.all(old.map((capture) => capture.stop()));
      const capture = new ScreenCapture({ display: "${MOVING}" });
      await capture.start((stripe) => stripe.release());
      console.log("round ${round}", "old", old.length, "now", runningCaptures().length);
      if (${round} === 3) { await capture.stop(); process.exit(0); }`;
    writeFileSync(path, source(1));
    const child = Bun.spawn([process.execPath, "--hot", path], {
      stdout: "pipe",
      stderr: "inherit",
      timeout: 20_000,
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
    for (const round of [1, 2, 3]) {
      if (round > 1) writeFileSync(path, source(round));
      await waitFor(`round ${round}`, () => output.includes(`round ${round}`));
    }
    await reading;
    expect(await child.exited).toBe(0);
    expect(output.trim().split("\n")).toEqual([
      "round 1 old 0 now 1",
      "round 2 old 1 now 1",
      "round 3 old 1 now 1",
    ]);
  }, 30_000);
});
