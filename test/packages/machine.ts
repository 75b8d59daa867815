// SPDX-License-Identifier: MPL-2.0
// Running programs on the machines that there are prebuilt libraries for: this one, or qemu.
import { join } from "node:path";
import { prepareSysroot } from "../../prebuild/archives.ts";
import { LIBRARY } from "../../prebuild/build.ts";
import { GLIBC_VERSION, packagePath, TARGETS, type Target } from "../../prebuild/targets.ts";
import { type ChildResult, requireTool, rootPath, runCommand } from "../support/process.ts";

/** The target of that name. */
export function targetNamed(name: string): Target {
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  return target;
}

/** Where the target's library lies. */
export function libraryOf(target: Target): string {
  return join(packagePath(target), LIBRARY);
}

/** Builds the target's library if its sources have changed since. */
export async function prebuild(target: Target, ...options: string[]): Promise<ChildResult> {
  const command = ["./scripts/prebuild", "--target", target.name, ...options];
  return runCommand(command, { timeoutMs: 1_800_000 });
}

/** qemu, for a program of the target's that finds its libc there: this machine's, or another. */
export async function emulator(target: Target, ...options: string[]): Promise<string[]> {
  const qemu = requireTool(`qemu-${target.architecture}-static`, "qemu-user-static");
  // By -L, what a folder lacks is looked for on this machine: parts of two libcs, if it is of its kind.
  if (target.cpu === process.arch) return [qemu, ...options];
  return [qemu, "-L", await prepareSysroot(target), ...options];
}

/** Bun as the target has it. */
export async function bunOn(target: Target): Promise<string[]> {
  if (target.cpu === process.arch) return [process.execPath];
  return [...(await emulator(target)), join(rootPath, ".tools/bin/foreign-bun")];
}

/** Compiles a C program or library for the target. */
export async function compile(
  target: Target,
  source: string,
  output: string,
  ...options: string[]
): Promise<void> {
  const { PATH } = process.env;
  const zig = Bun.which("zig", { PATH: `${rootPath}/.tools/bin:${PATH}` });
  const compiler = zig ?? requireTool("zig", "none; run ./scripts/bootstrap");
  const machine = ["-target", `${target.triple}.${GLIBC_VERSION}`, "-mcpu=baseline"];
  // Zig would build the sanitizer's run time first, which takes half a minute of computing.
  machine.push("-fno-sanitize=undefined");
  const command = [compiler, "cc", ...machine, "-o", output, source, ...options];
  const result = await runCommand(command, { timeoutMs: 300_000 });
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr}`);
}
