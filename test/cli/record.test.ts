// SPDX-License-Identifier: MPL-2.0
import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { Folder } from "../record/folder.ts";
import { FakeXServer } from "../support/fake-x-server.ts";
import { durationOf, factsOf, packetsOf } from "../support/movie.ts";
import { Xvfb } from "../support/xvfb.ts";
import { CliProcess, runCli, SYNTHETIC } from "./cli.ts";

test("a film of the time and the region that were asked for, and how far it is", async () => {
  using folder = new Folder();
  const path = folder.file("film.MP4");
  const region = ["--capture-x", "20", "--capture-width", "200", "--target-fps", "20"];
  const args = ["record", path, "--seconds", "1.5", "--json", "--display", SYNTHETIC, ...region];
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  const [first = "", ...rest] = stderr.trimEnd().split("\n");
  expect(first).toMatch(/^record: (1\.\d|0\.9) s, \d+ frames, \d+ kB$/);
  expect(rest.at(-1)).toMatch(/^record: 1\.5 s, \d+ frames, \d+ kB, .*film\.MP4$/);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ durationMs: 1500, path, endedBy: "durationMs" });
  expect(await factsOf(path)).toMatchObject({ width: 200, height: 240 });
  expect(await durationOf(path)).toBeCloseTo(1.5, 3);
  const packets = await packetsOf(path);
  expect(packets.length).toBe(result.frames);
  expect(packets.length).toBeWithin(5, 33);
});

test("access units alone, of a limited size", async () => {
  using folder = new Folder();
  const path = folder.file("film.h264");
  const size = ["--size-bytes-max", "65536", "--h264-crf", "8"];
  const args = ["record", path, ...size, "--json", "--display", "synthetic://640x480@60"];
  const { exitCode, stdout } = await runCli(args);
  expect(exitCode).toBe(0);
  const { bytes, endedBy } = JSON.parse(stdout);
  expect(endedBy).toBe("sizeBytesMax");
  expect(bytes).toBeLessThanOrEqual(65536);
  const file = await Bun.file(path).bytes();
  expect(file.length).toBe(bytes);
  expect([...file.subarray(0, 4)]).toEqual([0, 0, 0, 1]);
});

describe("a file that can be played is left", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s", async (signal, code) => {
    using folder = new Folder();
    const path = folder.file("film.mp4");
    await using running = new CliProcess(["record", path, "--display", SYNTHETIC]);
    await running.said(/record: \d\.\d s/);
    running.kill(signal);
    expect(await running.ended()).toBe(code);
    expect(running.stdout).toBe("");
    expect(await durationOf(path)).toBeGreaterThan(0.5);
  });

  test("where the display is lost", async () => {
    using folder = new Folder();
    const path = folder.file("film.mp4");
    await using server = await Xvfb.start();
    await using running = new CliProcess(["record", path], { DISPLAY: server.display });
    await running.said(/record: \d\.\d s/);
    await server.kill();
    expect(await running.ended()).toBe(1);
    expect(running.stderr).toMatch(/^pixelflux-ffi record: .*connection to the X server broke/m);
    expect(running.stderr).not.toMatch(/^\s+at /m);
    expect(await packetsOf(path)).not.toEqual([]);
  });
});

test("no display leaves the file alone that is there", async () => {
  using folder = new Folder();
  const path = folder.file("film.mp4");
  writeFileSync(path, "precious");
  const { exitCode, stderr } = await runCli(["record", path, "--display", ":59000"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^pixelflux-ffi record: .*":59000"/);
  expect(await Bun.file(path).text()).toBe("precious");
});

test("a signal before the first picture ends it, too", async () => {
  using folder = new Folder();
  const path = folder.file("film.mp4");
  const connected = Promise.withResolvers<void>();
  await using silent = await FakeXServer.start({
    setup: () => {
      connected.resolve();
      return "silence";
    },
  });
  await using running = new CliProcess(["record", path], { DISPLAY: silent.display });
  await connected.promise;
  running.kill("SIGINT");
  expect(await running.ended()).toBe(130);
  expect(existsSync(path)).toBe(false);
});

test("a file that cannot be written is a failure with words", async () => {
  const { exitCode, stderr } = await runCli([
    ...["record", "/nowhere/film.mp4", "--display", SYNTHETIC],
  ]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^pixelflux-ffi record: \/nowhere\/film\.mp4 .*its folder does not exist.*\(ENOENT\)\n$/,
  );
});
