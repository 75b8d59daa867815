// SPDX-License-Identifier: MPL-2.0
// A virtual display lives as long as the process that started it, and starts or says why not.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DisplayEnvironment, VirtualDisplay } from "../../src/display/index.ts";
import { PixelfluxError } from "../../src/index.ts";
import { requireTool, rootPath, runCommand, runSnippet, waitFor } from "../support/process.ts";
import { expectDisplayGone, processesOf } from "./leftovers.ts";

interface Said {
  pid?: number;
  environment?: DisplayEnvironment;
  sleeper?: number;
  collected?: boolean;
}

/** A Bun of its own with a display, and what it has said so far. */
class Child implements AsyncDisposable {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly said: Said = {};

  constructor(what: string) {
    this.process = Bun.spawn(
      [process.execPath, join(rootPath, "test/display/lifetime-child.ts"), what],
      { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    );
    void this.#read();
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const part of this.process.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) Object.assign(this.said, JSON.parse(line));
    }
  }

  /** Waits until something has been said. */
  async says<K extends keyof Said>(key: K): Promise<NonNullable<Said[K]>> {
    return await waitFor(`the child's ${key}`, () => this.said[key] ?? undefined);
  }

  async expectGone(): Promise<void> {
    await expectDisplayGone(await this.says("pid"), await this.says("environment"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
    if (this.said.sleeper !== undefined) process.kill(this.said.sleeper, "SIGKILL");
  }
}

describe("a display ends with its process", () => {
  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("by %s", async (signal) => {
    await using child = new Child("wait");
    await child.says("sleeper");
    child.process.kill(signal);
    await child.process.exited;
    await child.expectGone();
  });

  test("by SIGKILL, a server that hangs, too", async () => {
    await using child = new Child("wait");
    await child.says("sleeper");
    process.kill(await child.says("pid"), "SIGSTOP");
    child.process.kill("SIGKILL");
    await child.expectGone();
  });

  test.each([
    ["throw", 1],
    ["exit", 0],
    // It does not keep its process alive.
    ["end", 0],
  ] as const)("by its %s", async (what, code) => {
    await using child = new Child(what);
    expect(await child.process.exited).toBe(code);
    await child.expectGone();
  });

  test("or with its thread", async () => {
    await using child = new Child("thread");
    await child.says("pid");
    await child.expectGone();
    expect(child.process.exitCode).toBeNull();
  });
});

test("a display of which only the name is kept goes on", async () => {
  await using child = new Child("collect");
  await child.says("collected");
  const geometry = [requireTool("xdotool", "xdotool"), "getdisplaygeometry"];
  const { stdout } = await runCommand(geometry, { env: { ...(await child.says("environment")) } });
  expect(stdout).toBe("64 64\n");
});

/** A folder with a program "Xvfb" that does as the script says, and with no other. */
class FakeXvfb implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pf-fake-xvfb-"));
  readonly program = join(this.folder, "Xvfb");

  constructor(script: string) {
    writeFileSync(this.program, `#!/bin/sh\n${script}\n`);
    chmodSync(this.program, 0o755);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The folders of displays that there are. */
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("pixelflux-display-"));

/** Fails where a start that has failed leaves anything behind. */
async function failureOf(start: () => Promise<unknown>): Promise<unknown> {
  const before = folders();
  const error = await start().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const left = folders().filter((name) => !before.includes(name));
  expect(left.flatMap((name) => processesOf(name))).toEqual([]);
  expect(left).toEqual([]);
  return error;
}

describe("a start that fails", () => {
  // Displays of other tests come and go beside these.
  const { TMPDIR } = process.env;
  const own = mkdtempSync(join(tmpdir(), "pf-displays-"));
  beforeAll(() => void Object.assign(process.env, { TMPDIR: own }));
  afterAll(() => {
    if (TMPDIR === undefined) Reflect.deleteProperty(process.env, "TMPDIR");
    else Object.assign(process.env, { TMPDIR });
    rmSync(own, { recursive: true });
  });

  test("for want of Xvfb says how to get it", async () => {
    const source = `
      import { VirtualDisplay } from ${JSON.stringify(join(rootPath, "src/display/index.ts"))};
      await VirtualDisplay.start().catch(({ code, message }) => console.log(code, message));`;
    const { stdout, stderr, exitCode } = await runSnippet(source, { env: { PATH: "/nowhere" } });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toStartWith(
      'ERR_PROGRAM_MISSING VirtualDisplay.start: there is no program "Xvfb"',
    );
    for (const way of ["apt-get install xvfb", "dnf install", "pacman -S", "program"]) {
      expect(stdout).toContain(way);
    }
  });

  test("for want of the program that is named says so", async () => {
    const error = await failureOf(() => VirtualDisplay.start({ program: "/nowhere/Xvfb" }));
    expect(error).toMatchObject({ code: "ERR_PROGRAM_MISSING", field: "program" });
  });

  test("has the server's last words", async () => {
    const error = await failureOf(() => VirtualDisplay.start({ args: ["-nonsense"] }));
    expect(error).toBeInstanceOf(PixelfluxError);
    expect(error).toMatchObject({ code: "ERR_DISPLAY_START" });
    expect(String(error)).toContain("Unrecognized option: -nonsense");
  });

  test("has the end of long words, without what a terminal acts on", async () => {
    using fake = new FakeXvfb(
      "i=0; while [ $i -lt 999 ]; do echo words $i; i=$((i+1)); done >&2; printf '\\033[31mlast\\n' >&2; exit 3",
    );
    const { program } = fake;
    const error = (await failureOf(() => VirtualDisplay.start({ program }))) as PixelfluxError;
    expect(error.message).toContain("words 998");
    expect(error.message).toEndWith("[31mlast");
    expect(error.message).not.toContain("\x1b");
    expect(error.message.length).toBeLessThan(2500);
  });

  test.each([
    ["that says nothing", "exec sleep 3600"],
    ["whose number is another's", "echo 54321; exec sleep 3600"],
    ["that speaks in riddles", "echo first; echo 17; exec sleep 3600"],
  ])("comes to an end with a server %s", async (_, script) => {
    using fake = new FakeXvfb(script);
    const { program } = fake;
    const error = await failureOf(() => VirtualDisplay.start({ program, timeoutMs: 300 }));
    expect(error).toMatchObject({ code: "ERR_DISPLAY_START" });
  });

  test("is given up by its signal, with what that says", async () => {
    using fake = new FakeXvfb("exec sleep 3600");
    const { program } = fake;
    const reason = new Error("enough");
    const begun = new AbortController();
    setTimeout(() => begun.abort(reason), 50);
    const { signal } = begun;
    expect(await failureOf(() => VirtualDisplay.start({ program, signal }))).toBe(reason);
    expect(await failureOf(() => VirtualDisplay.start({ program, signal }))).toBe(reason);
  });
});

test("a signal that comes later does nothing", async () => {
  const abort = new AbortController();
  await using display = await VirtualDisplay.start({ width: 9, height: 9, signal: abort.signal });
  abort.abort();
  await display.resize(10, 10);
});
