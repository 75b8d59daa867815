// SPDX-License-Identifier: MPL-2.0
// `bun run prebuild --check` says what is wrong with a library: each check, on one that fails it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildIdOf } from "../../prebuild/build.ts";
import { failuresOf } from "../../prebuild/check.ts";
import { readElf } from "../../prebuild/elf.ts";
import { GLIBC_VERSION, type Target } from "../../prebuild/targets.ts";
import { requireTool, rootPath, runCommand } from "../support/process.ts";
import { targetNamed } from "./machine.ts";

const x64 = targetNamed("linux-x64-gnu");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pixelflux-check-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function failures(path: string, target: Target): Promise<string> {
  return failuresOf({ target, path, elf: await readElf(path) }).join("\n");
}

/** A library of a function and a word of code that points at it. */
async function faulty(name: string, ...options: string[]): Promise<string> {
  const source = join(folder, `${name}.c`);
  const path = join(folder, `lib${name}.so`);
  writeFileSync(
    source,
    `int pf_surplus(void) { return 1; }
    __asm__(".text\\n.balign 8\\n.quad pf_hidden\\n.data\\n.hidden pf_hidden\\npf_hidden: .quad 0");`,
  );
  const clang = requireTool("clang", "clang");
  const command = [
    clang,
    "-shared",
    "-fPIC",
    "-g",
    "-Wl,-z,notext",
    "-o",
    path,
    source,
    ...options,
  ];
  expect(await runCommand(command)).toMatchObject({ exitCode: 0 });
  return path;
}

test("one that is loaded at another place only by changing its code, and names folders", async () => {
  const path = await faulty("open", "-Wl,-rpath,/opt", "-Wl,-z,execstack");
  const words = await failures(path, x64);
  expect(words).toContain("TEXTREL");
  expect(words).toContain("RUNPATH");
  expect(words).toContain("a stack that can be executed");
  expect(words).toContain("not stripped");
  expect(words).toContain("it exports pf_surplus");
  expect(words).toContain("it lacks pf_capture_start");
});

test("one for another machine", async () => {
  const path = await faulty("other");
  expect(await failures(path, targetNamed("linux-arm64-gnu"))).toContain(
    "it is for Advanced Micro",
  );
});

test("the checkout's, which needs the system's libraries and its glibc", async () => {
  const words = await failures(join(rootPath, "zig-out/lib/libpixelflux.so"), x64);
  expect(words).toContain("it needs libxcb.so.1, which is not part of glibc");
  expect(words).toMatch(new RegExp(`it needs GLIBC_2\\.3[2-9], newer than ${GLIBC_VERSION}`));
});

test("one that is too large, or tells where it was built", async () => {
  const path = join(folder, "libpadded.so");
  copyFileSync(await faulty("padded-source"), path);
  const padding = `${rootPath}${"\0".repeat(4_000_000)}`;
  writeFileSync(path, padding, { flag: "a" });
  const words = await failures(path, x64);
  expect(words).toContain("over 4000000");
  expect(words).toContain("it tells where it was built");
});

test("a build id is one that Zig takes, whatever the sources' hash is", async () => {
  const id = buildIdOf("00a0010000ff".padEnd(64, "0"));
  expect(id).toBe("01a0010101ff".padEnd(40, "01"));
  const zig = requireTool("zig", "none; run ./scripts/bootstrap");
  const listed = await runCommand([zig, "build", "--list-steps", `-Dbuild-id=0x${id}`]);
  expect(listed).toMatchObject({ exitCode: 0, stderr: "" });
});
