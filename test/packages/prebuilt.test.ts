// SPDX-License-Identifier: MPL-2.0
// The prebuilt libraries: built if stale, checked, and run on every machine they are for.
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packagePath, TARGETS, type Target } from "../../prebuild/targets.ts";
import { type Canvas, compare, expectAlike } from "../support/canvas.ts";
import { type RecordedStripe, showStripes } from "../support/decode.ts";
import { rootPath, runCommand } from "../support/process.ts";
import { bunOn, libraryOf, prebuild } from "./machine.ts";
import {
  aroundSquare,
  HEIGHT,
  MODES,
  type ModeName,
  painted,
  type Report,
  stepShown,
  stripesOf,
  WIDTH,
} from "./recording.ts";

const HALF_HOUR_MS = 1_800_000;
const modes = Object.keys(MODES) as ModeName[];
const reports = new Map<Target, Report>();

beforeAll(async () => {
  for (const target of TARGETS) {
    // The second build is made once for each state of the sources.
    expect(await prebuild(target, "--check")).toMatchObject({ exitCode: 0 });
  }
}, HALF_HOUR_MS);

describe.each(TARGETS)("$name", (target) => {
  test("loads in Bun there, and tells what is in", async () => {
    const script = join(rootPath, "test/packages/capture-child.ts");
    const child = await runCommand([...(await bunOn(target)), script], {
      env: { PIXELFLUX_FFI_LIBRARY: libraryOf(target) },
      timeoutMs: 300_000,
    });
    expect(child).toMatchObject({ exitCode: 0, signal: null });
    const report: Report = JSON.parse(child.stdout);
    reports.set(target, report);
    const manifest = JSON.parse(readFileSync(join(rootPath, "package.json"), "utf8"));
    expect(report.arch).toBe(target.cpu);
    expect(report.capabilities).toMatchObject({
      version: manifest.version,
      codecs: ["jpeg", "h264"],
      licence: "GPL-2.0-or-later AND MPL-2.0",
    });
  }, 300_000);

  // Seen: 39.8 dB or more of 4:2:0, where a pixel at an edge of the gradient is off by up to 44, and
  // 45.4 of 4:4:4. Motion, in its lower quality, and the colours of the square: 37.1 and 43.5.
  test.each(modes)("%s decodes to what was painted", async (mode) => {
    const { still, moving } = recordingOf(target, mode);
    const rest = await showStripes(stripesOf(still), WIDTH, HEIGHT);
    expectAlike(painted(0), rest, { psnr: mode.endsWith("4:4:4") ? 44 : 39 }, "at rest");
    const last = await showStripes(stripesOf(moving), WIDTH, HEIGHT);
    // As many changes as 100 seconds have.
    const step = stepShown(last, 3000);
    expect(step).toBeGreaterThan(0);
    expectAlike(painted(step), last, { psnr: mode.endsWith("4:4:4") ? 41 : 35 }, "in motion");
    // Where it moves, too: a picture of one change before or after is 9 dB worse, or more.
    const around = (other: number) =>
      compare(aroundSquare(painted(other), step), aroundSquare(last, step)).psnr;
    expect(around(step)).toBeGreaterThan(Math.max(around(step - 1), around(step + 1)) + 5);
    if (mode.endsWith("4:4:4")) expect(around(step)).toBeGreaterThan(34);
  });
});

describe("both architectures make the same of a picture at rest", () => {
  const stripes = (mode: ModeName): RecordedStripe[][] =>
    TARGETS.map((target) =>
      // Several threads make them: in any order within a frame.
      stripesOf(recordingOf(target, mode).still).sort((a, b) => a.y - b.y || a.frameId - b.frameId),
    );

  test.each(modes.filter((mode) => mode.endsWith("4:4:4")))("%s: to the byte", (mode) => {
    const [ours = [], theirs = []] = stripes(mode);
    expect(theirs.map(({ payload }) => payload.toBase64())).toEqual(
      ours.map(({ payload }) => payload.toBase64()),
    );
  });

  // libyuv converts to 4:2:0, and its code for NEON rounds chroma otherwise than that for x86: seen
  // 49.2 dB in JPEG, at most 4 of 255; 46.8 dB in H.264, at most 8.
  test.each([
    ["jpeg", { psnr: 47, max: 8 }],
    ["h264", { psnr: 44, max: 16 }],
  ] as const)("%s: closely", async (mode, tolerance) => {
    const [ours, theirs] = await Promise.all(
      stripes(mode).map((list) => showStripes(list, WIDTH, HEIGHT)),
    );
    expectAlike(ours as Canvas, theirs as Canvas, tolerance);
  });
});

describe.each(TARGETS)("the package of $name", (target) => {
  const folder = packagePath(target);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

  test("fits that machine alone, and is of this version", () => {
    const root = JSON.parse(readFileSync(join(rootPath, "package.json"), "utf8"));
    expect(manifest).toMatchObject({
      name: `@pixelflux-ffi/${target.name}`,
      version: root.version,
      os: ["linux"],
      cpu: [target.cpu],
      libc: ["glibc"],
    });
    expect(manifest.scripts).toBeUndefined();
  });

  test("has the texts of all licences", () => {
    expect(manifest.license).toBe("GPL-2.0-or-later AND MPL-2.0");
    for (const file of manifest.files) expect(existsSync(join(folder, file))).toBeTrue();
    const text = (file: string) => readFileSync(join(folder, file), "utf8");
    expect(text("LICENSE")).toStartWith("Mozilla Public License Version 2.0");
    expect(text("COPYING")).toContain("GNU GENERAL PUBLIC LICENSE");
    const linked = "libjpeg-turbo libpng1.6 libxau libxcb libxdmcp libyuv x264 xxhash zlib";
    for (const source of linked.split(" ")) {
      expect(text("NOTICE")).toMatch(new RegExp(`^    ${source} \\d`, "m"));
      expect(text("NOTICE")).toContain(`\n${source}\n====`);
    }
  });
});

function recordingOf(target: Target, mode: ModeName): Report["recordings"][ModeName] {
  const report = reports.get(target);
  if (report === undefined) throw new Error(`nothing was captured with ${target.name}`);
  return report.recordings[mode];
}
