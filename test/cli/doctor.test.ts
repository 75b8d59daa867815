// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { FakeXServer } from "../support/fake-x-server.ts";
import { type ChildResult, runCommand } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { MAIN, runCli, SYNTHETIC } from "./cli.ts";

interface Diagnosis {
  ok: boolean;
  display: string;
  checks: { name: string; status: string; words: string; remedy?: string }[];
}

/** Each check's status by its name, of `doctor --json`. */
function statuses({ stdout }: ChildResult): Record<string, string> {
  const { checks }: Diagnosis = JSON.parse(stdout);
  return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
}

function checkOf({ stdout }: ChildResult, name: string) {
  const { checks }: Diagnosis = JSON.parse(stdout);
  return checks.find((check) => check.name === name);
}

function diagnose(env: Record<string, string>, ...args: string[]): Promise<ChildResult> {
  return runCli(["doctor", "--json", ...args], { env });
}

test("all is well on a good display", async () => {
  await using server = await Xvfb.start({ authority: true });
  const { authorityPath = "" } = server;
  const env = { DISPLAY: server.display, XAUTHORITY: authorityPath };
  const result = await diagnose(env);
  expect(JSON.parse(result.stdout)).toMatchObject({ ok: true, display: server.display });
  const found = statuses(result);
  expect(new Set(Object.values(found))).toEqual(new Set(["ok"]));
  expect(Object.keys(found)).toEqual([
    ...["bun", "platform", "libc", "library", "open files"],
    ...["display", "socket", "authority", "connection", "screen"],
    ...["MIT-SHM", "DAMAGE", "XFIXES", "XInputExtension", "RANDR"],
    ...["first frame, jpeg", "shared memory", "first frame, h264"],
  ]);
  expect(result.exitCode).toBe(0);
  const { stdout, exitCode } = await runCli(["doctor"], { env });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ok {4}authority {10}.* has a cookie for this display$/m);
  expect(stdout).toMatch(/^ok {4}first frame, h264 {2}640x480 after \d+ ms/m);
});

test("the test picture needs no display", async () => {
  const result = await diagnose({}, "--display", SYNTHETIC);
  expect(result.exitCode).toBe(0);
  expect(Object.keys(statuses(result))).not.toContain("connection");
  expect(statuses(result)).toMatchObject({ "first frame, jpeg": "ok", "first frame, h264": "ok" });
});

describe("what is missing is told, and how to mend it", () => {
  test("no display", async () => {
    const result = await diagnose({ DISPLAY: ":59000" });
    expect(result.exitCode).toBe(1);
    const skipped = { connection: "skipped", "first frame, h264": "skipped" };
    expect(statuses(result)).toMatchObject({ socket: "failed", ...skipped });
    expect(checkOf(result, "socket")?.remedy).toContain("Xvfb :59000 ");
    const { stdout, exitCode } = await runCli(["doctor", "--display", ":59000"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}socket .*X59000\n +→ start an X server/m);
  });

  test("a name that is none", async () => {
    const result = await diagnose({}, "--display", "nonsense");
    expect(result.exitCode).toBe(1);
    expect(checkOf(result, "display")).toMatchObject({ status: "failed" });
  });

  test("the cookie", async () => {
    await using server = await Xvfb.start({ authority: true });
    const result = await diagnose({ DISPLAY: server.display, XAUTHORITY: "/nowhere" });
    expect(result.exitCode).toBe(1);
    expect(statuses(result)).toMatchObject({ authority: "warning", connection: "failed" });
    expect(checkOf(result, "connection")?.remedy).toContain("xhost");
  });

  test("a pixel format that can be read", async () => {
    await using server = await Xvfb.start({ depth: 16 });
    const result = await diagnose({ DISPLAY: server.display });
    expect(result.exitCode).toBe(1);
    expect(checkOf(result, "screen")).toMatchObject({ status: "failed" });
    expect(checkOf(result, "screen")?.remedy).toContain("depth 24");
  });

  test("a screen of that number", async () => {
    await using server = await Xvfb.start();
    const result = await diagnose({ DISPLAY: `${server.display}.7` });
    expect(result.exitCode).toBe(1);
    expect(checkOf(result, "screen")?.words).toBe("the server has no screen 7");
  });

  test("extensions, without which it goes all the same", async () => {
    const args = ["MIT-SHM", "DAMAGE", "RANDR"].flatMap((name) => ["-extension", name]);
    await using server = await Xvfb.start({ args });
    const result = await diagnose({ DISPLAY: server.display });
    const missing = { "MIT-SHM": "warning", DAMAGE: "warning", RANDR: "warning" };
    expect(statuses(result)).toMatchObject({
      ...missing,
      XFIXES: "ok",
      "shared memory": "warning",
    });
    expect(checkOf(result, "MIT-SHM")?.remedy).toContain("slower");
    expect(result.exitCode).toBe(0);
  });

  test("a server that answers", async () => {
    await using server = await FakeXServer.start({ setup: () => "silence" });
    const result = await diagnose({ DISPLAY: server.display });
    expect(result.exitCode).toBe(1);
    expect(checkOf(result, "connection")?.words).toBe("no answer for 5 s: it hangs");
  });

  test("a server that gives pixels", async () => {
    await using server = await FakeXServer.start({ replies: { GetImage: () => "silence" } });
    const result = await diagnose({ DISPLAY: server.display });
    expect(result.exitCode).toBe(1);
    const failed = { "first frame, jpeg": "failed", "first frame, h264": "failed" };
    expect(statuses(result)).toMatchObject({ connection: "ok", ...failed });
  });

  test("the library", async () => {
    const env = { PIXELFLUX_FFI_LIBRARY: "/nowhere/libpixelflux.so" };
    const result = await diagnose(env, "--display", SYNTHETIC);
    expect(result.exitCode).toBe(1);
    const { words, remedy } = checkOf(result, "library") ?? {};
    expect(words).toEndWith(
      "$PIXELFLUX_FFI_LIBRARY, /nowhere/libpixelflux.so: there is no such file",
    );
    // What installs the package would change nothing.
    expect(remedy).toMatch(/PIXELFLUX_FFI_LIBRARY is set: unset it/);
    expect(statuses(result)).toMatchObject({ "first frame, jpeg": "skipped" });
  });

  test("open files", async () => {
    const line = `ulimit -n 100; exec ${process.execPath} ${MAIN} doctor --json --display ${SYNTHETIC}`;
    const result = await runCommand(["bash", "-c", line]);
    expect(result.exitCode).toBe(0);
    expect(checkOf(result, "open files")).toMatchObject({
      status: "warning",
      remedy: "ulimit -n 1024",
    });
  });
});
