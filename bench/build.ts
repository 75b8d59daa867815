// SPDX-License-Identifier: MPL-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { rootPath } from "../test/support/process.ts";

/** Builds everything with optimization, apart from the checkout's own build. Gives the prefix. */
export async function buildAll(): Promise<string> {
  const prefix = join(rootPath, "bench", "results", "build");
  const zig = Bun.which("zig") ?? join(rootPath, ".tools", "bin", "zig");
  if (!existsSync(zig)) {
    throw new Error("zig is missing: run scripts/bootstrap, or give the paths of what it builds");
  }
  const command = [zig, "build", "-Doptimize=fast", "--prefix", prefix];
  const child = Bun.spawn(command, { cwd: rootPath, stdout: "inherit", stderr: "inherit" });
  if ((await child.exited) !== 0) throw new Error(`failed: ${command.join(" ")}`);
  return prefix;
}
