// SPDX-License-Identifier: MPL-2.0
// Whatever is on the command line: an exit code of ours, and words instead of a stack.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random, seedOfRun } from "../support/random.ts";
import { runCli } from "./cli.ts";

/** On a slow machine, too, so that both outcomes are among them. */
const CASES_MIN = 60;
const CASES_MAX = 300;
const TIME_MS_MAX = 5000;
const WORKERS = 2;

const COMMANDS = ["serve", "shot", "record", "list", "doctor", "bench"];
const OPTIONS = [
  ...["--port", "--hostname", "--token", "--no-token", "--origins", "--viewers-max", "--no-adapt"],
  ...["--idle-ms", "--budget-bytes", "--stall-ms", "--lag-ms", "--seconds", "--json", "--help"],
  ...["--display", "--capture-width", "--capture-x", "--target-fps", "--codec", "--jpeg-quality"],
  ...["--h264-paint-over", "--stripe-height", "--watermark-path", "--stripe-header", "-h", "-v"],
  ...[
    "--no-use-paint-over-quality",
    "--nonsense",
    "--version",
    "--",
    "-",
    "--=",
    "-abc",
    "--__proto__",
  ],
];
const FILES = [
  "film.mp4",
  "/nowhere/film.mp4",
  "film.h264",
  "film.webm",
  ".mp4",
  "-",
  "shot.png",
  "shot.jpg",
];
const VALUES = [
  ...["", "0", "1", "16", "-1", "1.5", "1e99", "0x10", "NaN", "Infinity", "9".repeat(40), "true"],
  ...[
    "jpeg",
    "h264",
    "auto",
    "refine",
    "extended",
    "127.0.0.1",
    "::1",
    "nowhere.invalid",
    "/nowhere",
  ],
  ...[
    "https://a.example",
    "https://a.example,",
    "\x1b[2J",
    "\u2028",
    "ü".repeat(300),
    "a b\nc",
    "%s",
  ],
  ...[
    "x".repeat(16),
    ":0",
    "synthetic://1x1@1",
    "synthetic://0x0@0",
    "constructor",
    "--port",
    "$(id)",
  ],
];
/** So that a command line that is right ends soon, and touches nothing but the loopback. */
const ENDINGS = new Map(
  Object.entries({
    serve: ["--seconds", "0.05", "--port", "0", "--hostname", "127.0.0.1"],
    bench: ["--seconds", "0.05"],
    record: ["--seconds", "0.05"],
  }),
);
const SOURCE = ["--display", "synthetic://64x64@60"];

const seed = seedOfRun();

function commandLine(pick: (limit: number) => number): string[] {
  const any = <T>(list: readonly T[]) => list[pick(list.length)] as T;
  const command = pick(10) === 0 ? any([...VALUES, ...OPTIONS]) : any(COMMANDS);
  const parts = Array.from({ length: Math.max(0, pick(7) - 3) }, () => {
    const option = any(OPTIONS);
    return [[option], [option, any(VALUES)], [`${option}=${any(VALUES)}`], [any(VALUES)]][pick(4)];
  });
  if (["record", "shot"].includes(command) && pick(4) > 0) parts.unshift([any(FILES)]);
  const ending = ENDINGS.get(command) ?? [];
  const source = command === "list" ? [] : SOURCE;
  return [command, ...parts.flatMap((part) => part ?? []), ...ending, ...source];
}

let cwd = "";
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "pf-cli-fuzz-"));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

test(`any command line (PF_SEED=${seed})`, async () => {
  const pick = random(seed);
  const deadlineMs = performance.now() + TIME_MS_MAX;
  const seen: Record<number, number> = { 0: 0, 1: 0, 2: 0 };
  let count = 0;
  const work = async () => {
    const isTime = () => count < CASES_MIN || performance.now() < deadlineMs;
    while (count < CASES_MAX && isTime()) {
      count += 1;
      const args = commandLine(pick);
      const { exitCode, signal, stdout, stderr } = await runCli(args, { cwd, timeoutMs: 20_000 });
      const outcome = JSON.stringify({ args, exitCode, signal, stdout, stderr });
      if (exitCode === null || !(exitCode in seen)) throw new Error(outcome);
      seen[exitCode] = (seen[exitCode] ?? 0) + 1;
      expect(stderr, outcome).not.toMatch(/^\s+at |TypeError|RangeError|Bun v\d/m);
      expect(stderr, outcome).not.toContain("\x1b");
      if (exitCode === 2)
        expect(stderr, outcome).toMatch(/^pixelflux-ffi.*: .+\nSee: .*--help\n$/s);
      if (exitCode === 2) expect(stdout, outcome).toBe("");
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  console.log(`command lines by exit code: ${JSON.stringify(seen)}`);
  expect(seen[0]).toBeGreaterThan(0);
  expect(seen[2]).toBeGreaterThan(5);
}, 120_000);
