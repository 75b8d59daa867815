// SPDX-License-Identifier: MPL-2.0
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capabilities } from "../../src/index.ts";
import { ABI_VERSION } from "../../src/native/library.ts";
import { runCli } from "../cli/cli.ts";
import { requireTool, rootPath, runCommand, runSnippet } from "../support/process.ts";

const manifest = JSON.parse(readFileSync(join(rootPath, "package.json"), "utf8"));

test("the checkout's library has both codecs, and the licence that x264 demands", () => {
  const told = capabilities();
  expect(told).toMatchObject({
    version: manifest.version,
    abiVersion: ABI_VERSION,
    codecs: ["jpeg", "h264"],
    licence: "GPL-2.0-or-later AND MPL-2.0",
  });
  expect([told, told.codecs, told.cpuFeatures].every(Object.isFrozen)).toBe(true);
});

test("AVX2 is used where the CPU has it", () => {
  const cpu = readFileSync("/proc/cpuinfo", "utf8");
  expect(capabilities().cpuFeatures).toEqual(/\bavx2\b/.test(cpu) ? ["avx2"] : []);
});

describe("a library built without x264", () => {
  let folder = "";
  let library = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pixelflux-jpeg-only-"));
    library = join(folder, "lib/libpixelflux.so");
    const { PATH } = process.env;
    const zig = Bun.which("zig", { PATH: `${rootPath}/.tools/bin:${PATH}` });
    const compiler = zig ?? requireTool("zig", "none; run ./scripts/bootstrap");
    const options = ["-Doptimize=fast", "-Dx264=false", "--prefix", folder];
    // Not a program of the system in PATH: Zig alone builds the library, as on a machine that has
    // no C compiler.
    const result = await runCommand([compiler, "build", "library", ...options], {
      env: { PATH: folder, CC: undefined },
      timeoutMs: 300_000,
    });
    expect(result).toMatchObject({ exitCode: 0 });
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  test("says so, refuses H.264 by name and works in JPEG", async () => {
    const child = await runSnippet(
      `import { capabilities, ScreenCapture } from "pixelflux-ffi";
      const told = [];
      const note = ({ name, code, operation, field, message }) =>
        told.push({ name, code, operation, field, message });
      const display = "synthetic://64x64@60";
      await new ScreenCapture({ display, outputMode: "h264" }).start(() => {}).catch(note);
      const capture = new ScreenCapture({ display });
      const { promise, resolve } = Promise.withResolvers();
      await capture.start(resolve);
      const { type } = await promise;
      try { capture.update({ outputMode: "h264" }); } catch (error) { note(error); }
      const after = capture.settings?.outputMode;
      await capture.stop();
      console.log(JSON.stringify({ capabilities: capabilities(), told, type, after }));`,
      { env: { PIXELFLUX_FFI_LIBRARY: library } },
    );
    expect(child).toMatchObject({ exitCode: 0, signal: null });
    const { capabilities: can, told, type, after } = JSON.parse(child.stdout);
    expect(can).toMatchObject({
      version: manifest.version,
      abiVersion: ABI_VERSION,
      codecs: ["jpeg"],
      licence: "MPL-2.0",
    });
    const refusal = { name: "PixelfluxError", code: "ERR_CODEC_MISSING", field: "outputMode" };
    expect(told).toMatchObject([
      { ...refusal, operation: "start" },
      { ...refusal, operation: "update" },
    ]);
    for (const { message } of told) expect(message).toContain("built without x264");
    expect(type).toBe("jpeg");
    expect(after).toBe("jpeg");
  });

  test("needs no x264", async () => {
    const needed = await runCommand([requireTool("readelf", "binutils"), "-dW", library]);
    expect(needed.stdout).toContain("[libjpeg.so");
    expect(needed.stdout).not.toContain("x264");
  });

  test("is no failure of the command line: it measures, and tells, what there is", async () => {
    const env = { PIXELFLUX_FFI_LIBRARY: library };
    const source = ["--display", "synthetic://64x64@60"];
    const doctor = await runCli(["doctor", "--json", ...source], { env });
    expect(doctor.exitCode).toBe(0);
    expect(JSON.parse(doctor.stdout).checks).toContainEqual(
      expect.objectContaining({ name: "first frame, h264", status: "warning" }),
    );
    const bench = await runCli(["bench", "--json", "--seconds", "0.1", ...source], { env });
    expect(JSON.parse(bench.stdout).runs).toMatchObject([{ codec: "jpeg" }]);
    const serve = await runCli(["serve", "--port", "0", ...source], { env });
    expect(serve.exitCode).toBe(2);
    expect(serve.stderr).toMatch(/^pixelflux-ffi serve: --codec: .*x264/);
    // Which has no option for the codec.
    const record = await runCli(["record", join(folder, "a.mp4"), ...source], { env });
    expect(record.exitCode).toBe(1);
    expect(record.stderr).toMatch(/^pixelflux-ffi record: this library was built without x264/);
  });
});

test("the package's version is written the same everywhere", () => {
  const zon = readFileSync(join(rootPath, "build.zig.zon"), "utf8");
  expect(zon).toContain(`.version = "${manifest.version}"`);
});
