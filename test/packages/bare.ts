// SPDX-License-Identifier: MPL-2.0
// A user on a system with Bun and a C library, in a root folder of its own: as root, or in a
// namespace in which any user is that (user_namespaces(7)).

import { expect } from "bun:test";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Painter } from "../support/painter.ts";
import { type ChildResult, runCommand } from "../support/process.ts";
import { Xvfb } from "../support/xvfb.ts";
import { expectLive, expectPictures, liveProgram, shotProgram } from "./programs.ts";
import type { Registry } from "./registry.ts";

const BUN = "/usr/local/bin/bun";
const APP = "/root/app";
const MOVED = "/root/moved";

/** The command as it runs in that root; X servers' sockets are shared. */
function within(root: string, command: string[], env: Record<string, string>): string[] {
  const script = `
    mkdir -p "$0/tmp/.X11-unix" "$0/proc" && mount --bind /tmp/.X11-unix "$0/tmp/.X11-unix" &&
    mount --rbind /proc "$0/proc" && exec env -i "$@"`;
  const variables = Object.entries({ HOME: "/root", PATH: "/usr/local/bin:/usr/bin:/bin", ...env });
  const words = variables.map(([name, value]) => `${name}=${value}`);
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const chroot = ["/usr/sbin/chroot", root, ...command];
  return ["unshare", ...asRoot, "--mount", "sh", "-c", script, root, ...words, ...chroot];
}

/**
 * Has the user install the package, run the README's lines, bundle and compile, with nothing
 * but what is in the folder; looks at the pictures that come of it.
 *
 * @param root - of the system, into which Bun is put.
 */
export async function expectBareInstall(root: string, registry: Registry): Promise<void> {
  await using screen = await Xvfb.start({ width: 320, height: 240 });
  await using painter = await Painter.start(screen.display);
  await painter.pattern("photo", 7);
  const truth = await painter.grab();
  mkdirSync(join(root, "usr/local/bin"), { recursive: true });
  copyFileSync(process.execPath, join(root, BUN));
  for (const folder of [APP, MOVED]) {
    rmSync(join(root, folder), { recursive: true, force: true });
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, APP, "shot.ts"), shotProgram(screen.display));
  writeFileSync(join(root, APP, "live.ts"), await liveProgram(screen.display));

  const env = { BUN_CONFIG_REGISTRY: registry.url, BUN_INSTALL_CACHE_DIR: "/root/cache" };
  const run = (...command: string[]): Promise<ChildResult> =>
    runCommand(within(root, command, env), { timeoutMs: 300_000 });
  expect(await run(BUN, "add", `--cwd=${APP}`, "pixelflux-ffi")).toMatchObject({ exitCode: 0 });
  await expectPictures(await run(BUN, `${APP}/shot.ts`), truth);
  const live = within(root, [BUN, `${APP}/live.ts`], env);
  await expectLive(Bun.spawn(live, { stdout: "pipe", stderr: "inherit" }));
  const doctor = [`${APP}/node_modules/pixelflux-ffi/src/cli/main.ts`, "doctor"];
  const diagnosis = await run(BUN, ...doctor, "--display", screen.display);
  expect(diagnosis).toMatchObject({ exitCode: 0 });

  const bundle = ["--target=bun", `${APP}/shot.ts`, "--outdir", MOVED];
  expect(await run(BUN, "build", ...bundle)).toMatchObject({ exitCode: 0 });
  const compile = ["--compile", `${APP}/shot.ts`, "--outfile", `${MOVED}/shot`];
  expect(await run(BUN, "build", ...compile)).toMatchObject({ exitCode: 0 });
  rmSync(join(root, APP), { recursive: true });
  await expectPictures(await run(BUN, `${MOVED}/shot.js`), truth);
  rmSync(join(root, BUN));
  await expectPictures(await run(`${MOVED}/shot`), truth);
}
