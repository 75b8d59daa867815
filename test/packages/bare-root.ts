// SPDX-License-Identifier: MPL-2.0
// `bun add pixelflux-ffi` on a Debian with nothing but what every Debian has, and Bun: no compiler,
// no -dev package, no X library. Not among the tests that scripts/test runs, for it needs root, a
// mirror of Debian's archive and debootstrap:
//
//   bun test --timeout 1800000 ./test/packages/bare-root.ts
import { beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Painter } from "../support/painter.ts";
import { requireTool, rootPath, runCommand } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { expectLive, expectPictures, liveProgram, shotProgram } from "./programs.ts";
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

/** The command as it runs in there, in a folder of that root; X servers' sockets are shared. */
function within(folder: string, command: string[], env: Record<string, string>): string[] {
  const script = `
    mkdir -p "$0/tmp/.X11-unix" && mount --bind /tmp/.X11-unix "$0/tmp/.X11-unix" &&
    mount -t proc proc "$0/proc" && exec chroot "$0" "$@"`;
  const variables = Object.entries({
    ...{ HOME: "/root", PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
  }).map(([name, value]) => `${name}=${value}`);
  const inFolder = ["env", "-i", ...variables, "sh", "-c", 'cd "$0" && exec "$@"', folder];
  return ["unshare", "--mount", "sh", "-c", script, ROOT, ...inFolder, ...command];
}

beforeAll(async () => {
  const packed = await runCommand([process.execPath, "run", "pack"], { timeoutMs: 1_800_000 });
  expect(packed).toMatchObject({ exitCode: 0 });
  await prepareRoot();
  copyFileSync(process.execPath, join(ROOT, "usr/local/bin/bun"));
  for (const folder of ["app", "moved"]) {
    rmSync(join(ROOT, "root", folder), { recursive: true, force: true });
    mkdirSync(join(ROOT, "root", folder));
  }
}, 1_800_000);

test("a bare Debian and Bun are enough", async () => {
  await using screen = await Xvfb.start({ width: 320, height: 240 });
  await using painter = await Painter.start(screen.display);
  await painter.pattern("photo", 7);
  const truth = await painter.grab();
  using registry = await Registry.start(TARBALLS);
  const env = { BUN_CONFIG_REGISTRY: registry.url, BUN_INSTALL_CACHE_DIR: "/root/cache" };
  const run = (command: string[], folder = "/root/app") =>
    runCommand(within(folder, command, env), { timeoutMs: 300_000 });
  const app = (file: string) => join(ROOT, "root/app", file);

  const tools = await run([
    "sh",
    "-c",
    "for p in cc gcc clang ld as; do command -v $p; done; true",
  ]);
  expect(tools).toMatchObject({ exitCode: 0, stdout: "" });
  expect(existsSync(join(ROOT, "usr/include/stdio.h"))).toBe(false);

  writeFileSync(app("shot.ts"), shotProgram(screen.display));
  writeFileSync(app("live.ts"), await liveProgram(screen.display));
  expect(await run(["bun", "add", "pixelflux-ffi"])).toMatchObject({ exitCode: 0 });
  await expectPictures(await run(["bun", "shot.ts"]), truth);
  const live = within("/root/app", ["bun", "live.ts"], env);
  await expectLive(Bun.spawn(live, { stdout: "pipe", stderr: "inherit" }));

  const bundle = ["bun", "build", "--target=bun", "shot.ts", "--outdir", "/root/moved"];
  expect(await run(bundle)).toMatchObject({ exitCode: 0 });
  const compile = ["bun", "build", "--compile", "shot.ts", "--outfile", "/root/moved/shot"];
  expect(await run(compile)).toMatchObject({ exitCode: 0 });
  rmSync(join(ROOT, "root/app"), { recursive: true });
  await expectPictures(await run(["bun", "/root/moved/shot.js"], "/"), truth);
  await expectPictures(await run(["/root/moved/shot"], "/"), truth);
}, 600_000);
