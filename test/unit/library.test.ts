// SPDX-License-Identifier: MPL-2.0
// Each case that loads another library, or none, runs in a process of its own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ABI_VERSION } from "../../src/native/library.ts";
import { libraryNotFound } from "../../src/native/library-error.ts";
import { readLibc } from "../../src/native/platform.ts";
import { requireTool, rootPath, runCommand, runSnippet } from "../support/process.ts";

const SNIPPET = `
import { memoryUsage, ScreenCapture } from "pixelflux-ffi";
const show = ({ name, code, operation, message }) =>
  console.log(JSON.stringify({ name, code, operation, message }));
try { memoryUsage(); } catch (error) { show(error); }
await new ScreenCapture({ display: "synthetic://64x64@60" }).start(() => {}).catch(show);
`;

interface Shown {
  name: string;
  code: string;
  operation: string;
  message: string;
}

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-library-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What the two calls of the snippet were refused with. */
async function refusals(library: string): Promise<Shown[]> {
  const child = await runSnippet(SNIPPET, { env: { PIXELFLUX_FFI_LIBRARY: library } });
  expect(child).toMatchObject({ exitCode: 0, signal: null });
  return child.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The platform's package here. */
const NAME = `@pixelflux-ffi/linux-${process.arch}-gnu`;

/** What a copy of the sources says that lies where there is no library, beside `files` of the root. */
async function refusalOfCopy(name: string, files: readonly string[]) {
  const root = join(folder, name);
  await runCommand(["mkdir", "-p", root]);
  await runCommand(["cp", "-r", ...["src", ...files].map((file) => join(rootPath, file)), root]);
  const trap = join(folder, "there");
  for (const place of [trap, join(trap, "node_modules", NAME)]) {
    await Bun.write(join(place, "libpixelflux.so"), "a trap");
  }
  const snippet = `import { memoryUsage } from ${JSON.stringify(join(root, "src/index.ts"))};
    process.chdir(${JSON.stringify(trap)});
    try { memoryUsage(); } catch (error) { console.log(error.message); }`;
  const child = await runCommand([process.execPath, "-e", snippet], {
    env: { PIXELFLUX_FFI_LIBRARY: undefined },
  });
  return { root, message: child.stdout };
}

function placesOf(message: string): string[] {
  return message.split("\n").filter((line) => line.startsWith("  - "));
}

/** Builds a library from C; by clang, since the first one that Zig links here takes it a minute. */
async function compile(name: string, source: string): Promise<string> {
  const input = join(folder, `${name}.c`);
  const output = join(folder, `lib${name}.so`);
  writeFileSync(input, source);
  const command = [requireTool("clang", "clang"), "-shared", "-fPIC", "-o", output, input];
  expect(await runCommand(command)).toMatchObject({ exitCode: 0 });
  return output;
}

describe("a library that cannot be loaded", () => {
  test.each([
    ["a relative path", () => "zig-out/lib/libpixelflux.so", "is not an absolute path"],
    ["no file", () => join(folder, "missing.so"), "there is no such file"],
    [
      "a file that is no library",
      () => {
        writeFileSync(join(folder, "text.so"), "not a library");
        return join(folder, "text.so");
      },
      "text.so",
    ],
  ])("%s: says what was tried, why not, and how to mend it", async (_, path, reason) => {
    const shown = await refusals(path());
    expect(shown).toHaveLength(2);
    for (const error of shown) {
      expect(error).toMatchObject({
        name: "PixelfluxError",
        code: "ERR_LIBRARY_NOT_FOUND",
        operation: "load",
      });
      expect(error.message).toContain(`${process.platform} ${process.arch}`);
      expect(error.message).toContain("$PIXELFLUX_FFI_LIBRARY");
      expect(error.message).toContain(reason);
      expect(error.message).toContain("zig build");
      expect(error.message).toContain("./scripts/bootstrap");
      // An override that fails is not passed over in silence.
      expect(error.message).not.toContain("the checkout's build");
    }
  });

  test("one that is cut off, wherever that is, and a folder or a pipe of that name", async () => {
    const whole = await Bun.file(join(rootPath, "zig-out/lib/libpixelflux.so")).bytes();
    const path = join(folder, "cut.so");
    for (const part of [0, 0.0001, 0.03, 0.5, 0.99, 1 - 1 / whole.length]) {
      const sizeBytes = Math.floor(whole.length * part);
      rmSync(path, { force: true });
      writeFileSync(path, whole.subarray(0, sizeBytes));
      // It is mapped as if it were whole, and would end the process.
      const [{ code, message } = {}] = await refusals(path);
      expect({ sizeBytes, code }).toEqual({ sizeBytes, code: "ERR_LIBRARY_NOT_FOUND" });
      expect(message).toMatch(sizeBytes < 64 ? /too short/ : `it is cut off: it has ${sizeBytes} `);
    }
    await runCommand(["mkfifo", join(folder, "pipe.so")]);
    for (const name of ["pipe.so", "."]) {
      const [{ message } = {}] = await refusals(join(folder, name));
      expect(message).toContain("it is no file");
    }
  }, 60_000);

  test("another library: names the symbol it lacks", async () => {
    const library = await compile("foreign", "int answer(void) { return 42; }");
    for (const error of await refusals(library)) {
      expect(error.code).toBe("ERR_LIBRARY_NOT_FOUND");
      expect(error.message).toContain("pf_abi_version");
    }
  }, 120_000);

  test("the working directory is never searched", async () => {
    // In a checkout copied to where there is no build.
    const { root, message } = await refusalOfCopy("checkout", ["build.zig"]);
    expect(placesOf(message)).toEqual([
      `  - the checkout's build, ${root}/zig-out/lib/libpixelflux.so: there is no such file`,
      `  - the platform's package: ${NAME} is not installed in any node_modules from ${root}/src/native up`,
    ]);
    expect(message).toContain("./scripts/bootstrap");
  });

  test("an installed package without the platform's: names what is missing", async () => {
    const { root, message } = await refusalOfCopy("package", []);
    expect(placesOf(message)).toEqual([
      `  - the platform's package: ${NAME} is not installed in any node_modules from ${root}/src/native up`,
    ]);
    expect(message).toContain("`bun add pixelflux-ffi`");
    expect(message).not.toContain("./scripts/bootstrap");
    expect(message).toMatch(/could not be loaded on linux (x64|arm64), glibc 2\.\d+ \(as/);
  });
});

describe("a machine with another C library", () => {
  test("musl: is told by its loader, that there is no library for it, and what to do", async () => {
    const lib = join(folder, "lib");
    await Bun.write(join(lib, "ld-musl-x86_64.so.1"), "");
    // As Bun for musl reports: without a version of glibc.
    const libc = readLibc({ header: {} }, lib);
    const words = `musl (there is ${lib}/ld-musl-x86_64.so.1, and no glibc)`;
    expect(libc).toEqual({ kind: "musl", words });
    const { code, message } = libraryNotFound(["a place: a reason"], libc);
    expect(code).toBe("ERR_LIBRARY_NOT_FOUND");
    expect(message).toContain(`on ${process.platform} ${process.arch}, ${words}. Tried:\n`);
    expect(message).toContain("run the program by the Bun for glibc");
    // What would not mend it.
    expect(message).not.toContain("./scripts/bootstrap");
    expect(message).not.toContain("bun add");
  });

  test("glibc, where musl is installed beside it, is glibc", () => {
    const report = { header: { glibcVersionRuntime: "2.36" } };
    expect(readLibc(report, join(folder, "lib")).words).toStartWith("glibc 2.36 ");
  });

  test("one that nobody knows is said to be that", () => {
    expect(readLibc({ header: {} }, tmpdir()).kind).toBe("unknown");
    expect(readLibc(null, tmpdir()).kind).toBe("unknown");
  });
});

describe("a library of another version", () => {
  test.each([
    ["version", "unsigned pf_abi_version(void) { return 999; }", "999"],
    ["symbols", `unsigned pf_abi_version(void) { return ${ABI_VERSION}; }`, "pf_"],
  ])(
    "%s: is an ABI mismatch that says how to mend it",
    async (name, source, detail) => {
      const layout = 'const char *pf_layout(void) { return ""; }';
      const library = await compile(name, `${source}\n${layout}`);
      for (const error of await refusals(library)) {
        expect(error.code).toBe("ERR_ABI_MISMATCH");
        expect(error.message).toContain(detail);
        expect(error.message).toContain("zig build");
      }
    },
    120_000,
  );
});
