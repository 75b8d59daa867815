// SPDX-License-Identifier: MPL-2.0
// examples/many-machines, as its README tells it: all of it runs, a server may be killed, a browser
// shows the screen, and nothing is left behind.
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "../e2e/browser.ts";
import { rootPath, waitFor } from "../support/process.ts";

const MAIN = join(rootPath, "examples", "many-machines", "main.ts");

interface Summary {
  readonly seconds: number;
  readonly frames: number;
  readonly stripes: number;
  readonly gateways: readonly { stripes: number; gaps: number; complete: boolean }[];
}

/** The example, with a temporary folder of its own, by which its processes are known. */
class Example implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "pf-many-test-"));
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #stdout = "";
  #stderr = "";
  readonly #read: Promise<unknown>;

  constructor(args: readonly string[]) {
    this.#child = Bun.spawn([process.execPath, MAIN, ...args], {
      env: { ...process.env, DISPLAY: undefined, TMPDIR: this.#folder },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const out = this.#collect(this.#child.stdout, (text) => {
      this.#stdout += text;
    });
    const complaints = this.#collect(this.#child.stderr, (text) => {
      this.#stderr += text;
    });
    this.#read = Promise.all([out, complaints]);
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The gateways' addresses and the servers' processes, when all runs. */
  async serving(): Promise<{ urls: string[]; pids: number[] }> {
    return await waitFor("the addresses", () => {
      const urls = [...this.#stdout.matchAll(/^Watch at (\S+)$/gm)].map(([, url = ""]) => url);
      const servers = this.#stdout.matchAll(/^NATS server n\d at \S+, process (\d+)$/gm);
      const pids = [...servers].map(([, pid]) => Number(pid));
      return urls.length === 2 && pids.length === 3 && { urls, pids };
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async ended(): Promise<{ code: number; stdout: string }> {
    const code = await this.#child.exited;
    await this.#read;
    return { code, stdout: this.#stdout };
  }

  async expectNothingLeft(): Promise<void> {
    const running = () =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => readProc(pid, "environ").includes(`TMPDIR=${this.#folder}`))
        .map((pid) => readProc(pid, "cmdline").replaceAll("\0", " "));
    await waitFor("its processes to end", () => running().length === 0).catch(() => {
      throw new Error(`left running: ${running().join("\n")}`);
    });
    expect(readdirSync(this.#folder)).toEqual([]);
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) take(decoder.decode(bytes, { stream: true }));
  }
}

/** The last line. */
function summaryOf(stdout: string): Summary {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** A file of a process, empty where the process has gone or is another user's. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}

test("the example runs its time, tells what came through, and leaves nothing", async () => {
  using example = new Example(["--seconds", "4", "--port", "0"]);
  await example.serving();
  const { code, stdout } = await example.ended();
  expect(code).toBe(0);
  expect(example.stderr).toMatch(/^publisher by n1: .* gateway 1 by n2: .* gateway 2 by n3: /m);
  const summary = summaryOf(stdout);
  expect(summary.seconds).toBeWithin(3.9, 10);
  expect(summary.frames).toBeGreaterThan(10);
  for (const gateway of summary.gateways) {
    expect(gateway).toMatchObject({ gaps: 0, complete: true });
    expect(gateway.stripes).toBeGreaterThan(summary.stripes / 2);
  }
  await example.expectNothingLeft();
});

test("a browser shows the screen, and goes on when its gateway's server is killed", async () => {
  await using browser = await Browser.launch();
  using example = new Example(["--port", "0"]);
  const { urls, pids } = await example.serving();
  const page = await browser.open(urls[0] as string);
  const frames = () => page.evaluate(() => window.player?.totals.frames ?? 0);
  await waitFor("frames", async () => (await frames()) > 20, 30_000);
  process.kill(pids[1] as number, "SIGKILL");
  await waitFor("another server", () => /gateway 1 by n[13]: 1 viewers/.test(example.stderr));
  const before = await frames();
  await waitFor("more frames", async () => (await frames()) > before + 20, 30_000);
  example.signal("SIGINT");
  const { code, stdout } = await example.ended();
  expect(code).toBe(130);
  const { gateways } = summaryOf(stdout);
  expect(gateways.map(({ complete }) => complete)).toEqual([true, true]);
  await example.expectNothingLeft();
});

test.each([
  [["--port", "65535"], /--port: 0 to 65534 expected, received "65535"/],
  [["--seconds", "0"], /--seconds: a number above 0 expected/],
  [["stray"], /stray/],
])("the example refuses %p", async (args, words) => {
  using example = new Example(args);
  const { code, stdout } = await example.ended();
  expect(example.stderr).toMatch(words);
  expect(stdout).toBe("");
  expect(code).toBe(2);
});

test("a display that cannot be opened is said", async () => {
  using example = new Example(["--port", "0", "--display", ":4711"]);
  const { code } = await example.ended();
  expect(example.stderr).toMatch(/many-machines: .*:4711/);
  expect(code).toBe(1);
  await example.expectNothingLeft();
});
