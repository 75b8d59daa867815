// SPDX-License-Identifier: MPL-2.0
// What `bun run pack` makes, installed from a registry on this machine as a user would.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { prepareSysroot } from "../../prebuild/archives.ts";
import { TARGETS, type Target } from "../../prebuild/targets.ts";
import { durationOf, factsOf } from "../support/movie.ts";
import { type ChildResult, requireTool, rootPath, runCommand } from "../support/process.ts";
import { expectBareInstall } from "./bare.ts";
import { emulator } from "./machine.ts";
import { expectLive, expectPictures, type Shot } from "./programs.ts";
import { Registry } from "./registry.ts";
import { User } from "./user.ts";

/** The platform's package here. */
const NAME = `@pixelflux-ffi/linux-${process.arch}-gnu`;
const LIBRARY = "libpixelflux.so";

let folder = "";
let registry: Registry;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-tarballs-"));
  // Builds the libraries where they are stale.
  const packed = await runCommand([process.execPath, "run", "pack", "--out", folder], {
    timeoutMs: 1_800_000,
  });
  expect(packed).toMatchObject({ exitCode: 0 });
  registry = await Registry.start(folder);
}, 1_800_000);

afterAll(() => {
  registry[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** Paths in the tarball of that package. */
async function contentsOf(name: string): Promise<string[]> {
  const { version } = manifest;
  const tarball = join(folder, `${name}-${version}.tgz`);
  const { stdout } = await runCommand(["tar", "-tzf", tarball]);
  return stdout
    .trim()
    .split("\n")
    .map((path) => path.replace("package/", ""))
    .sort();
}

describe("the tarballs", () => {
  test("of pixelflux-ffi: the sources, what browsers get, and declarations", async () => {
    const { stdout } = await runCommand(["git", "ls-files", "src", "docs/*.md"]);
    const sources = stdout.trim().split("\n"); // and the guides, which README.md leads to
    const declarations = sources
      .filter((path) => path.endsWith(".ts") && !/^src\/(cli|viewer)\//.test(path))
      .map((path) => path.replace(/^src\/(.*)\.ts$/, "types/$1.d.ts"));
    const bundles = ["client.js", "decode-worker.d.ts", "decode-worker.js", "mediabunny.js"];
    expect(await contentsOf("pixelflux-ffi")).toEqual(
      [
        ...["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"],
        ...["package.json", ...sources, ...declarations],
        ...bundles.map((name) => `dist/${name}`),
      ].sort(),
    );
  });

  test("of pixelflux-ffi: what the README links to, pictures apart", async () => {
    const contents = new Set(await contentsOf("pixelflux-ffi"));
    const readme = await Bun.file(join(rootPath, "README.md")).text();
    const links = [...readme.matchAll(/\]\(([^):#]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path);
    const missing = links.filter((path) => !contents.has(path) && !/\.(png|svg)$/.test(path));
    expect(links.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  test.each(["x64", "arm64"])("of linux %s: the library and its licences", async (cpu) => {
    const files = ["COPYING", "LICENSE", "NOTICE", "README.md", LIBRARY, "package.json"];
    expect(await contentsOf(`pixelflux-ffi-linux-${cpu}-gnu`)).toEqual(files);
  });
});

/** Of all files in the folder, in bytes. */
function sizeOf(path: string): number {
  const names = readdirSync(path, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

describe("bun add pixelflux-ffi, in an empty folder", () => {
  test("installs this platform's library alone; its captures decode", async () => {
    using user = new User(registry);
    registry.asked.length = 0;
    expect(await user.install()).toMatchObject({ exitCode: 0 });
    const tarballs = registry.asked.filter((path) => /^\/pixelflux-ffi-.*\.tgz$/.test(path));
    const { version } = manifest;
    expect(tarballs.sort()).toEqual([
      `/pixelflux-ffi-${version}.tgz`,
      `/pixelflux-ffi-linux-${process.arch}-gnu-${version}.tgz`,
    ]);
    await expectPictures(await user.run(["shot.ts"]));
    await expectPictures(await user.run([join(user.folder, "shot.ts")], user.elsewhere));
    await expectLive(user.spawn([process.execPath, "live.ts"], user.folder));
    expect(await user.checkTypes()).toMatchObject({ exitCode: 0, stdout: "" });
    const help = await user.run(["x", "pixelflux-ffi", "--version"]);
    expect(help).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
  }, 120_000);

  test("takes a few megabytes, and has all that recording takes", async () => {
    using user = new User(registry);
    await user.install();
    // mediabunny alone, of which a part is packed along, has 12 MB.
    expect(await Bun.file(join(rootPath, "README.md")).text()).toMatch(
      /two\spackages, less than\s5 MB/,
    );
    expect(sizeOf(join(user.folder, "node_modules"))).toBeLessThan(4_500_000);
    const synthetic = ["--display", "synthetic://320x240@30", "--seconds", "1"];
    const film = join(user.folder, "film.mp4");
    const recorded = await user.run(["x", "pixelflux-ffi", "record", film, ...synthetic]);
    expect(recorded).toMatchObject({ exitCode: 0 });
    expect(recorded.stderr).not.toContain("mediabunny");
    expect(await durationOf(film)).toBeCloseTo(1, 3);
    expect(await factsOf(film)).toMatchObject({ width: 320, height: 240 });
  }, 120_000);

  test("and bun build --target=bun, moved", async () => {
    using user = new User(registry);
    await user.install();
    const build = ["build", "--target=bun", "shot.ts", "live.ts", "film.ts", "--outdir", "out"];
    expect(await user.run(build)).toMatchObject({ exitCode: 0 });
    user.moveOut("out");
    await expectPictures(await user.run([join(user.elsewhere, "out/shot.js")], "/"));
    await expectLive(user.spawn([process.execPath, "live.js"], join(user.elsewhere, "out")));
    const film = join(user.elsewhere, "film.mp4");
    const recorded = await user.run([join(user.elsewhere, "out/film.js"), film], "/");
    expect(recorded).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await durationOf(film)).toBeCloseTo(0.5, 3);
  }, 120_000);

  test("and bun build --compile, moved", async () => {
    using user = new User(registry);
    await user.install();
    for (const name of ["shot", "live"]) {
      const build = ["build", "--compile", `${name}.ts`, "--outfile", name];
      expect(await user.run(build)).toMatchObject({ exitCode: 0 });
    }
    user.moveOut("shot", "live");
    await expectPictures(await user.run([], "/", join(user.elsewhere, "shot")));
    await expectLive(user.spawn([join(user.elsewhere, "live")], user.elsewhere));
  }, 120_000);
});

test("Bun and libc are enough: no compiler, no shell, no library of X's", async () => {
  const target = TARGETS.find(({ cpu }) => cpu === process.arch);
  if (target === undefined) throw new Error(`nothing is built for ${process.arch}`);
  const root = join(folder, "root");
  cpSync(await prepareSysroot(target), root, { recursive: true, verbatimSymlinks: true });
  await expectBareInstall(root, registry);
}, 300_000);

describe("on the other architecture, under qemu", () => {
  const [target] = TARGETS.filter(({ cpu }) => cpu !== process.arch);
  if (target === undefined) throw new Error("there is no other architecture");

  /** A program of the user's there: its path and arguments. */
  async function runThere(user: User, command: string[], cwd?: string): Promise<ChildResult> {
    const [qemu = "", ...options] = await emulator(target as Target);
    return user.run([...options, ...command], cwd, qemu);
  }

  test("bun add installs its library alone; its captures decode", async () => {
    using user = new User(registry);
    await user.write();
    const bun = join(rootPath, ".tools/bin/foreign-bun");
    expect(await runThere(user, [bun, "add", "pixelflux-ffi"])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(user.installed("@pixelflux-ffi"))).toEqual([target.name]);
    await expectPictures(await runThere(user, [bun, "shot.ts"]));
  }, 120_000);

  test("bun build --compile --target, done here, runs there in an empty folder", async () => {
    using user = new User(registry);
    // As docs/packaging.md has it: the other machine's package, too.
    await user.install("--os=linux", "--cpu=*");
    const bun = join(rootPath, ".tools/bin/foreign-bun");
    const options = [`--target=bun-linux-${target.cpu}`, `--compile-executable-path=${bun}`];
    const build = ["build", "--compile", ...options, "shot.ts", "--outfile", "shot"];
    expect(await user.run(build)).toMatchObject({ exitCode: 0 });
    user.moveOut("shot");
    await expectPictures(await runThere(user, [join(user.elsewhere, "shot")], user.elsewhere));
  }, 120_000);
});

/** Compiles C into a library; by clang, since the first one that Zig links here takes it a minute. */
async function compile(name: string, source: string, ...options: string[]): Promise<string> {
  const input = join(folder, `${name}.c`);
  const output = join(folder, name);
  writeFileSync(input, source);
  const clang = requireTool("clang", "clang");
  const command = [clang, "-shared", "-fPIC", "-o", output, input, ...options];
  expect(await runCommand(command)).toMatchObject({ exitCode: 0 });
  return output;
}

describe("a machine", () => {
  async function refusal(user: User): Promise<Shot> {
    const child = await user.run(["shot.ts"]);
    expect(child).toMatchObject({ exitCode: 0, signal: null });
    return JSON.parse(child.stdout);
  }

  /** Not written over: Bun's cache holds the same file. */
  async function replaceLibrary(user: User, library: Bun.BunFile | Uint8Array): Promise<void> {
    rmSync(user.installed(NAME, LIBRARY));
    await Bun.write(user.installed(NAME, LIBRARY), library);
  }

  test("without the platform's package: is told its name and what installs it", async () => {
    using user = new User(registry);
    expect(await user.install("--omit=optional")).toMatchObject({ exitCode: 0 });
    const { code, message } = await refusal(user);
    expect(code).toBe("ERR_LIBRARY_NOT_FOUND");
    expect(message).toContain(`${NAME} is not installed in any node_modules from`);
    expect(message).toContain("`bun add pixelflux-ffi`");
    expect(message).toContain(`on linux ${process.arch}, glibc 2.`);
  }, 120_000);

  test("without it where a program was bundled: is told so too", async () => {
    using user = new User(registry);
    await user.install("--omit=optional");
    const build = ["build", "--compile", "shot.ts", "--outfile", "shot"];
    expect(await user.run(build)).toMatchObject({ exitCode: 0 });
    user.moveOut("shot");
    const child = await user.run([], "/", join(user.elsewhere, "shot"));
    const { code, message } = JSON.parse(child.stdout);
    expect(code).toBe("ERR_LIBRARY_NOT_FOUND");
    expect(message).toContain("the bundle's copy: ");
    expect(message).toContain(NAME);
    expect(message).toContain("bundle it again");
  }, 120_000);

  test("with a corrupt library: is told its path and what mends it, which does", async () => {
    using user = new User(registry);
    await user.install();
    const whole = await Bun.file(user.installed(NAME, LIBRARY)).bytes();
    for (const [bytes, reason] of [
      [new TextEncoder().encode("no library"), /file too short|invalid ELF header/],
      [whole.subarray(0, whole.length >> 1), /it is cut off: it has \d+ bytes, of \d+/],
    ] as const) {
      await replaceLibrary(user, bytes);
      const { code, message } = await refusal(user);
      expect(code).toBe("ERR_LIBRARY_NOT_FOUND");
      expect(message).toContain(`the platform's package, ${user.installed(NAME, LIBRARY)}: `);
      expect(message).toMatch(reason);
      expect(message).toContain("`bun install --force`");
    }
    expect(await user.run(["install", "--force"])).toMatchObject({ exitCode: 0 });
    await expectPictures(await user.run(["shot.ts"]));
  }, 120_000);

  test("with a library for another libc: is told what that lacks", async () => {
    using user = new User(registry);
    await user.install();
    // musl's C library as Alpine calls it; Zig's own musl takes minutes to build.
    const musl = `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`;
    const libc = await compile(musl, "", `-Wl,-soname,${musl}`);
    const source = "unsigned pf_abi_version(void) { return 0; }";
    const library = await compile(LIBRARY, source, "-Wl,--no-as-needed", libc);
    await replaceLibrary(user, Bun.file(library));
    const { code, message } = await refusal(user);
    expect(code).toBe("ERR_LIBRARY_NOT_FOUND");
    expect(message).toContain(`${musl}: cannot open shared object file`);
    expect(message).toContain(`on linux ${process.arch}, glibc 2.`);
  }, 120_000);

  test("with a library of another version: is told both and what mends it", async () => {
    using user = new User(registry);
    await user.install();
    const source = `unsigned pf_abi_version(void) { return 999; }
      const char *pf_layout(void) { return ""; }`;
    await replaceLibrary(user, Bun.file(await compile(LIBRARY, source)));
    const { code, message } = await refusal(user);
    expect(code).toBe("ERR_ABI_MISMATCH");
    expect(message).toContain(`the ABI version of ${user.installed(NAME, LIBRARY)} is 999`);
    expect(message).toContain("`bun add pixelflux-ffi`");
  }, 120_000);
});
