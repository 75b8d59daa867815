// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { Folder } from "../record/folder.ts";
import { requireTool, rootPath, runCommand } from "../support/process.ts";
import { XProgram } from "../support/x-program.ts";
import { Xvfb } from "../support/xvfb.ts";
import { MAIN, runCli, SYNTHETIC } from "./cli.ts";

/** In red, green and blue. */
const PAINTED = [0x12, 0x84, 0xc6];

/** A server whose screen is of one colour. */
async function paintedServer(): Promise<Xvfb> {
  const server = await Xvfb.start();
  const colour = `#${Buffer.from(PAINTED).toString("hex")}`;
  const xsetroot = requireTool("xsetroot", "x11-xserver-utils");
  await runCommand([xsetroot, "-display", server.display, "-solid", colour]);
  return server;
}

/** The pixels of a picture as ffmpeg reads them, three bytes each. */
async function pixelsOf(path: string): Promise<Uint8Array> {
  const ffmpeg = requireTool("ffmpeg", "ffmpeg");
  const decode = ["-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
  return new Uint8Array(await Bun.$`${ffmpeg} ${decode}`.quiet().arrayBuffer());
}

let server: Xvfb;
beforeAll(async () => {
  server = await paintedServer();
});

afterAll(() => server?.[Symbol.asyncDispose]());

test("of one window, whose id may be hexadecimal, and of one monitor", async () => {
  await using screen = await Xvfb.start();
  const env = { DISPLAY: screen.display };
  await using term = XProgram.xterm(screen.display, "terminal", "20x5+100+50");
  const { id, width, height } = await term.window("terminal");
  using folder = new Folder();
  for (const [option, value, size] of [
    ["--window", `${id}`, { width, height }],
    ["--window", `0x${id.toString(16)}`, { width, height }],
    ["--monitor", "primary", { width: 640, height: 480 }],
  ] as const) {
    const args = ["shot", folder.file("shot.png"), "--json", option, value];
    const { stdout, stderr } = await runCli(args, { env });
    expect({ ...JSON.parse(stdout || "{}"), stderr }).toMatchObject({ ...size, stderr: "" });
  }
  const args = ["shot", folder.file("shot.png"), "--monitor", "HDMI-1"];
  const { exitCode, stderr } = await runCli(args, { env });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining('"screen"'),
  });
});

describe("the file's ending chooses the format", () => {
  test.each([
    ["shot.png", "png", 0],
    ["shot.JPG", "jpeg", 3],
    ["shot.jpeg", "jpeg", 3],
  ])("%s", async (name, format, difference) => {
    using folder = new Folder();
    const path = folder.file(name);
    const args = ["shot", path, "--json", "--capture-width", "301", "--capture-height", "99"];
    const { exitCode, stdout, stderr } = await runCli(args, { env: { DISPLAY: server.display } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { size } = Bun.file(path);
    expect(JSON.parse(stdout)).toEqual({ path, format, width: 301, height: 99, bytes: size });
    const pixels = await pixelsOf(path);
    expect(pixels.length).toBe(301 * 99 * 3);
    for (const [index, value] of pixels.entries()) {
      const wanted = PAINTED[index % 3] as number;
      if (Math.abs(value - wanted) > difference) throw new Error(`byte ${index}: ${value}`);
    }
  });

  test("unless --format says it", async () => {
    using folder = new Folder();
    const path = folder.file("shot");
    const args = ["shot", path, "--format", "jpeg", "--quality", "10", "--display", SYNTHETIC];
    const { exitCode, stdout } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    const bytes = await Bun.file(path).bytes();
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });
});

test('"-" is the standard output, and holds the picture alone', async () => {
  using folder = new Folder();
  const path = folder.file("shot.png");
  const line = `${process.execPath} ${MAIN} shot - --display ${server.display} >${path}`;
  const { exitCode, stderr } = await runCommand(["bash", "-c", line]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect((await pixelsOf(path)).length).toBe(640 * 480 * 3);
});

test("a reader that goes away ends it quietly", async () => {
  const line = `set -o pipefail; ${process.execPath} ${MAIN} shot - --display ${server.display} | true`;
  const { exitCode, stderr } = await runCommand(["bash", "-c", line]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

test("never to a terminal", async () => {
  const script = requireTool("script", "bsdutils");
  const line = `${process.execPath} ${MAIN} shot - --display ${SYNTHETIC}`;
  const { exitCode, stdout } = await runCommand([script, "-qec", line, "/dev/null"], {
    cwd: rootPath,
  });
  expect(exitCode).toBe(2);
  expect(stdout).toContain("to the terminal");
});

test("no display leaves the file alone that is there", async () => {
  using folder = new Folder();
  const path = folder.file("shot.png");
  writeFileSync(path, "precious");
  const { exitCode, stderr } = await runCli(["shot", path, "--display", ":59000"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^pixelflux-ffi shot: .*":59000"/);
  expect(await Bun.file(path).text()).toBe("precious");
});

test("a file that cannot be written is a failure with words, and makes no folder", async () => {
  using folder = new Folder();
  const path = folder.file("missing/shot.png");
  const { exitCode, stderr } = await runCli(["shot", path, "--display", SYNTHETIC]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^pixelflux-ffi shot: .*missing\/shot\.png .*its folder does not exist.*\n$/,
  );
  expect(existsSync(folder.file("missing"))).toBe(false);
});
