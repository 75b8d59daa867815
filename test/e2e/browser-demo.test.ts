// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootPath, waitFor } from "../support/process.ts";
import { Browser } from "./browser.ts";

const DEMO = join(rootPath, "examples", "screen-to-browser", "demo.ts");

/** A demo with a temporary folder of its own, by which its processes are known. */
class Demo implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pf-demo-test-"));
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #stdout = "";
  readonly #read: Promise<void>;
  readonly #stderr: Promise<string>;

  constructor(args: string[], env: Record<string, string | undefined> = {}) {
    this.child = Bun.spawn([process.execPath, DEMO, ...args], {
      env: { ...process.env, DISPLAY: undefined, TMPDIR: this.folder, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#read = this.#collect();
    this.#stderr = new Response(this.child.stderr).text();
  }

  /** The display and the address that it prints when it serves. */
  async serving(): Promise<{ display: string; url: string }> {
    const match = await waitFor(
      "the demo's address",
      () => /^Watch (\S+) at (\S+)$/m.exec(this.#stdout) ?? undefined,
    );
    return { display: match[1] ?? "", url: match[2] ?? "" };
  }

  async ended(): Promise<{ code: number; stdout: string; stderr: string }> {
    const code = await this.child.exited;
    await this.#read;
    return { code, stdout: this.#stdout, stderr: await this.#stderr };
  }

  /** Processes that were started with the demo's temporary folder. */
  processes(): string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => readProc(pid, "environ").includes(`TMPDIR=${this.folder}`))
      .map((pid) => readProc(pid, "cmdline").replaceAll("\0", " "));
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.child.stdout) {
      this.#stdout += decoder.decode(bytes, { stream: true });
    }
  }
}

/** A file of a process, empty where the process has gone or is another user's. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}

/** System V segments that a process has made (proc(5): cpid is the fifth column). */
function segmentsOf(pid: number): string[] {
  const rows = readFileSync("/proc/sysvipc/shm", "latin1").trim().split("\n").slice(1);
  return rows.filter((row) => row.trim().split(/\s+/)[4] === String(pid));
}

/** Of the server that has ended: another may have taken the number since. */
function expectDisplayFree(number: string): void {
  const lock = `/tmp/.X${number}-lock`;
  if (existsSync(lock)) {
    const holder = readFileSync(lock, "latin1").trim();
    expect(existsSync(`/proc/${holder}`)).toBe(true);
  } else {
    expect(existsSync(`/tmp/.X11-unix/X${number}`)).toBe(false);
  }
}

async function expectNothingLeft(demo: Demo, display: string): Promise<void> {
  // A program that has been killed may be dying still.
  await waitFor("the demo's processes to end", () => demo.processes().length === 0).catch(() => {
    throw new Error(`left running: ${demo.processes().join("\n")}`);
  });
  expectDisplayFree(display.slice(1));
  expect(readdirSync(demo.folder)).toEqual([]);
  expect(segmentsOf(demo.child.pid)).toEqual([]);
}

test("the demo runs its time, counts, and leaves nothing behind", async () => {
  using demo = new Demo(["--seconds", "3", "--port", "0"]);
  const { display } = await demo.serving();
  const { code, stdout, stderr } = await demo.ended();
  expect(stderr).toMatch(/\d+ fps +\d+ stripes +\d+ kB\/s +0 viewers +latency [\d.]+ ms/);
  expect(code).toBe(0);
  const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(Object.keys(summary)).toEqual(["frames", "stripes", "bytes", "viewers", "seconds"]);
  expect(summary.frames).toBeGreaterThan(10);
  expect(summary.stripes).toBeGreaterThanOrEqual(summary.frames);
  expect(summary.bytes).toBeGreaterThan(summary.stripes);
  expect(summary.viewers).toBe(0);
  expect(summary.seconds).toBeWithin(2.9, 6);
  await expectNothingLeft(demo, display);
});

test("the demo counts its viewers", async () => {
  await using browser = await Browser.launch();
  using demo = new Demo(["--port", "0", "--mode", "jpeg"]);
  const { url, display } = await demo.serving();
  const page = await browser.open(url);
  await waitFor("frames", () => page.evaluate(() => (window.player?.totals.frames ?? 0) > 10));
  // The count is taken once a second.
  await page.waitForTimeout(1200);
  demo.child.kill("SIGINT");
  const { code, stdout } = await demo.ended();
  expect(code).toBe(130);
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "").viewers).toBe(1);
  await expectNothingLeft(demo, display);
});

test("the demo's page points and types with --input, and its address has a token", async () => {
  await using browser = await Browser.launch();
  using demo = new Demo(["--port", "0", "--mode", "jpeg", "--input"]);
  const { url, display } = await demo.serving();
  expect((await fetch(new URL("/stream", url))).status).toBe(401);
  const page = await browser.open(url);
  await page.locator("canvas[data-input]").waitFor();
  demo.child.kill("SIGINT");
  expect((await demo.ended()).code).toBe(130);
  await expectNothingLeft(demo, display);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s leaves nothing behind", async (signal) => {
  using demo = new Demo(["--port", "0", "--fullframe"]);
  const { display } = await demo.serving();
  await waitFor("the desktop", () => demo.processes().some((line) => line.startsWith("xterm")));
  demo.child.kill(signal);
  const { code } = await demo.ended();
  expect(code).toBe(signal === "SIGINT" ? 130 : 143);
  await expectNothingLeft(demo, display);
});

test("a demo that is killed takes its desktop with it", async () => {
  using demo = new Demo(["--port", "0"]);
  const { display } = await demo.serving();
  demo.child.kill("SIGKILL");
  await demo.ended();
  await waitFor("its processes to end", () => demo.processes().length === 0);
  expect(existsSync(`/tmp/.X${display.slice(1)}-lock`)).toBe(false);
});

test.each([
  [["--port", "65536"], /--port: 0 to 65535 expected, received "65536"/],
  [["--port", "x"], /--port/],
  [["--mode", "vp9"], /--mode: "h264" or "jpeg" expected, received "vp9"/],
  [["--seconds", "0"], /--seconds: a number above 0 expected/],
  [["--fullframe", "--mode", "jpeg"], /--fullframe/],
  [["--nonsense"], /--nonsense/],
  [["stray"], /stray/],
])("the demo refuses %p", async (args, words) => {
  using demo = new Demo(args);
  const { code, stdout, stderr } = await demo.ended();
  expect(stderr).toMatch(words);
  expect(stdout).toBe("");
  expect(code).toBe(2);
});

test("the demo says so where the display cannot be opened", async () => {
  using demo = new Demo(["--port", "0", "--display", ":4711"]);
  const { code, stderr } = await demo.ended();
  expect(stderr).toMatch(/demo: .*:4711/);
  expect(code).toBe(1);
});

test("the demo says so where the port is taken", async () => {
  using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  using demo = new Demo(["--port", String(other.port)]);
  const { code, stderr } = await demo.ended();
  expect(stderr).toMatch(new RegExp(`demo: .*port ${other.port}.*--port`));
  expect(code).toBe(1);
  await expectNothingLeft(demo, ":none");
});
