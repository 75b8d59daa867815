// SPDX-License-Identifier: MPL-2.0
/** Builds a target's library into its package's folder. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { componentsOf } from "./archives.ts";
import { rootPath, run, say } from "./command.ts";
import { noticeText } from "./notice.ts";
import { archivesPath, GLIBC_VERSION, packagePath, type Target } from "./targets.ts";

export const LIBRARY = "libpixelflux.so";
/** What a debugger needs and no user: beside the library, and not in the package. */
export const DEBUG_FILE = "libpixelflux.so.debug";

/** All that decides what comes out. */
const SOURCES = [
  "LICENSE",
  "build.zig",
  "build.zig.zon",
  "prebuild/GPL-2.txt",
  "prebuild/build.ts",
  "prebuild/notice.ts",
  "prebuild/targets.ts",
  "prebuild/x264.zig",
  "native/pixelflux.map",
];
const SOURCE_FOLDERS = ["native/include", "native/src"];

/** What was built last, of what; beside the archives. */
interface Stamp {
  readonly sources: string;
  readonly library: string;
}

/**
 * Builds the target's library, unless it has been built from these very sources.
 * The archives have been prepared.
 */
export async function build(target: Target): Promise<void> {
  const sources = await sourceHash(target);
  if (isBuilt(target, sources)) return say(`${target.name} is up to date`);
  say(`building ${target.name}; x264 takes its time`);
  const folder = packagePath(target);
  mkdirSync(folder, { recursive: true });
  rmSync(stampPath(target), { force: true });
  await buildInto(target, sources, rootPath, folder);
  copyFileSync(join(rootPath, "LICENSE"), join(folder, "LICENSE"));
  copyFileSync(join(rootPath, "prebuild/GPL-2.txt"), join(folder, "COPYING"));
  writeFileSync(join(folder, "NOTICE"), noticeText(await componentsOf(target)));
  const stamp: Stamp = { sources, library: hashOfFile(join(folder, LIBRARY)) };
  writeFileSync(stampPath(target), JSON.stringify(stamp));
}

/**
 * Builds the library of the checkout at `root`, and puts it and its debug file into
 * `folder`.
 *
 * @param sources - {@link sourceHash}, which becomes the build id: a debugger finds
 *   by it the debug file that belongs to a library.
 */
export async function buildInto(
  target: Target,
  sources: string,
  root: string,
  folder: string,
): Promise<void> {
  const archives = relative(rootPath, archivesPath(target));
  const prefix = join(root, archives, "out");
  const options = [
    "-Doptimize=fast",
    `-Dtarget=${target.triple}.${GLIBC_VERSION}`,
    "-Dcpu=baseline",
    `-Darchives=${archives}`,
    `-Dbuild-id=0x${buildIdOf(sources)}`,
  ];
  await run(["zig", "build", "library", ...options, "--prefix", prefix], { cwd: root });
  const whole = join(prefix, "lib", LIBRARY);
  await run(["llvm-objcopy", "--only-keep-debug", whole, join(folder, DEBUG_FILE)]);
  await run(["llvm-objcopy", "--strip-all", whole, join(folder, LIBRARY)]);
}

/** The first 20 bytes of the hash, none of them 0, on which Zig 0.17.1's `build` ends by an assertion. */
export function buildIdOf(sources: string): string {
  return sources.slice(0, 40).replace(/../g, (byte) => (byte === "00" ? "01" : byte));
}

/** A hash of all that decides what the target's library is; hexadecimal SHA-256. */
export async function sourceHash(target: Target): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([target, GLIBC_VERSION, await run(["zig", "version"])]));
  hash.update(JSON.stringify(await componentsOf(target)));
  for (const path of sourcePaths()) hash.update(path).update(readFileSync(join(rootPath, path)));
  return hash.digest("hex");
}

/** The files of the repository that go into a library, relative to the root. */
export function sourcePaths(): string[] {
  const inFolders = SOURCE_FOLDERS.flatMap((folder) =>
    [...new Bun.Glob("**/*").scanSync({ cwd: join(rootPath, folder) })].map((file) =>
      join(folder, file),
    ),
  );
  return [...SOURCES, ...inFolders].sort();
}

export function hashOfFile(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function stampPath(target: Target): string {
  return join(archivesPath(target), "built.json");
}

function isBuilt(target: Target, sources: string): boolean {
  const library = join(packagePath(target), LIBRARY);
  if (!existsSync(stampPath(target)) || !existsSync(library)) return false;
  const stamp: Stamp = JSON.parse(readFileSync(stampPath(target), "utf8"));
  return stamp.sources === sources && stamp.library === hashOfFile(library);
}
