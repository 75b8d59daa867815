// SPDX-License-Identifier: MPL-2.0
import { expect, test } from "bun:test";
import { Xvfb } from "../support/xvfb.ts";
import { CliProcess, runCli, SYNTHETIC } from "./cli.ts";

test("figures of each codec, and how far it is", async () => {
  const args = ["bench", "--seconds", "1.2", "--display", SYNTHETIC];
  const { exitCode, stdout, stderr } = await runCli(args);
  expect(exitCode).toBe(0);
  expect(stderr).toBe("bench: jpeg, 1 of 1.2 s\nbench: h264, 1 of 1.2 s\n");
  const [head = "", ...rows] = stdout.trimEnd().split("\n");
  expect(head).toMatch(/^codec +size +frames\/s +stripes\/s +kB\/s +CPU % +p50 ms .*max ms$/);
  expect(rows.map((row) => row.split(/ +/).slice(0, 2))).toEqual([
    ["jpeg", "320x240"],
    ["h264", "320x240"],
  ]);
  for (const row of rows) expect(row).toMatch(/^\w+ +320x240( +\d+\.\d){8}$/);
});

test("--json gives the same as numbers, of one codec with the settings given", async () => {
  const settings = ["--codec", "jpeg", "--capture-width", "100", "--stripe-height", "16"];
  const args = ["bench", "--json", "--seconds", "0.3", "--display", SYNTHETIC, ...settings];
  const { exitCode, stdout } = await runCli(args);
  expect(exitCode).toBe(0);
  const { display, runs } = JSON.parse(stdout);
  expect(display).toBe(SYNTHETIC);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ codec: "jpeg", width: 100, height: 240 });
  const { frames, stripes, bytes, latency, seconds } = runs[0];
  expect(frames).toBeGreaterThan(1);
  expect(stripes).toBeGreaterThanOrEqual(15); // the first frame has every row
  expect(bytes).toBeGreaterThan(stripes * 100);
  expect(latency.p99Ms).toBeGreaterThanOrEqual(latency.p50Ms);
  expect(latency.count).toBeGreaterThan(0);
  expect(seconds).toBeGreaterThanOrEqual(0.3);
});

test("a display", async () => {
  await using server = await Xvfb.start();
  const args = ["bench", "--json", "--seconds", "0.2"];
  const { exitCode, stdout } = await runCli(args, { env: { DISPLAY: server.display } });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).runs[0]).toMatchObject({ width: 640, height: 480, frames: 1 });
});

test("no display is a failure with words, and one that is lost, too", async () => {
  const { exitCode, stdout, stderr } = await runCli(["bench", "--display", ":59000"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^pixelflux-ffi bench: .*":59000"/);
  await using server = await Xvfb.start();
  await using running = new CliProcess(["bench", "--seconds", "60"], { DISPLAY: server.display });
  await running.said(/bench: jpeg, 1 of 60 s/);
  await server.kill();
  expect(await running.ended()).toBe(1);
  expect(running.stderr).toMatch(/^pixelflux-ffi bench: .*connection to the X server broke/m);
});

test("a signal ends it", async () => {
  await using running = new CliProcess(["bench", "--seconds", "60", "--display", SYNTHETIC]);
  await running.said(/bench: jpeg, 1 of 60 s/);
  running.kill("SIGINT");
  expect(await running.ended()).toBe(130);
  expect(running.stdout).toBe("");
});
