// SPDX-License-Identifier: MPL-2.0
// `bun add pixelflux-ffi` on a Debian with nothing but what every Debian has, and Bun: no compiler,
// no -dev package, no X library. install.test.ts does the same with libc alone. Not among the tests that scripts/test runs, for it needs root, a
// mirror of Debian's archive and debootstrap:
//
//   bun test --timeout 1800000 ./test/packages/bare-root.ts
import { beforeAll, expect, test } from "bun:test";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { requireTool, rootPath, runCommand } from "../support/process.ts";
import { expectBareInstall } from "./bare.ts";
import { Registry } from "./registry.ts";

/** Kept for the next run; ignored by git. */
const ROOT = join(rootPath, ".tools/bare-root");
const TARBALLS = join(rootPath, "tarballs");

/** The mirror that this machine's own apt uses. */
async function mirror(): Promise<string> {
  const format = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)";
  const command = ["apt-get", "indextargets", "--format", format, "Created-By: Packages"];
  const { stdout } = await runCommand(command);
  const [, address] = /^Debian\|(.+)\|bookworm$/m.exec(stdout) ?? [];
  if (address === undefined) throw new Error("this machine's apt knows no mirror of Debian 12");
  return address;
}

async function prepareRoot(): Promise<void> {
  if (existsSync(ROOT)) return;
  const unfinished = `${ROOT}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const debootstrap = requireTool("debootstrap", "debootstrap");
  const command = [debootstrap, "--variant=minbase", "bookworm", unfinished, await mirror()];
  expect(await runCommand(command, { timeoutMs: 1_200_000 })).toMatchObject({ exitCode: 0 });
  renameSync(unfinished, ROOT);
}

beforeAll(async () => {
  const packed = await runCommand([process.execPath, "run", "pack"], { timeoutMs: 1_800_000 });
  expect(packed).toMatchObject({ exitCode: 0 });
  await prepareRoot();
}, 1_800_000);

test("a bare Debian and Bun are enough", async () => {
  const command = ["sh", "-c", "for p in cc gcc clang ld as; do command -v $p; done; true"];
  const tools = await runCommand(["/usr/sbin/chroot", ROOT, ...command]);
  expect(tools).toMatchObject({ exitCode: 0, stdout: "" });
  expect(existsSync(join(ROOT, "usr/include/stdio.h"))).toBe(false);
  using registry = await Registry.start(TARBALLS);
  await expectBareInstall(ROOT, registry);
}, 600_000);
