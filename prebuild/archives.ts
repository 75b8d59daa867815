// SPDX-License-Identifier: MPL-2.0
/**
 * What is linked into a prebuilt library: Debian's static archives and their
 * headers, and the source of x264, which prebuild/x264.zig compiles.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PrebuildError, run, say, workPath } from "./command.ts";
import { type DebianPackage, fetchPackages, fetchSource, unpack, updateLists } from "./debian.ts";
import { archivesPath, TARGETS, type Target } from "./targets.ts";

const PACKAGES = [
  "libjpeg62-turbo-dev",
  "libpng-dev",
  "libxau-dev",
  "libxcb-composite0-dev",
  "libxcb-damage0-dev",
  "libxcb-randr0-dev",
  "libxcb-render0-dev",
  "libxcb-shape0-dev",
  "libxcb-shm0-dev",
  "libxcb-xfixes0-dev",
  "libxcb-xinput-dev",
  "libxcb1-dev",
  "libxdmcp-dev",
  "libxxhash-dev",
  "libyuv-dev",
  "zlib1g-dev",
];

/**
 * Debian compiles its archives for programs, where a variable of libc's is reached
 * by its distance. A shared library can do that only with one of its own, which
 * native/src/base/archive.c is.
 */
const RENAMED_SYMBOLS = [["stderr", "pf_archive_stderr"]] as const;

/** A piece of other people's software that a library contains. */
export interface Component {
  /** Debian's name of its source. */
  readonly source: string;
  readonly version: string;
  /** The text of its licences. */
  readonly copyright: string;
}

/** Raised with every change of the packages, and of what this file makes of them. */
const RECIPE = 2;

/** Fetches and prepares what is missing, or all of it anew. */
export async function prepareArchives(targets: readonly Target[], anew: boolean): Promise<void> {
  const missing = anew ? targets : targets.filter((target) => !isPrepared(target));
  if (missing.length === 0) return;
  await updateLists();
  const sourceFolder = join(workPath, "source");
  rmSync(sourceFolder, { recursive: true, force: true });
  const x264 = { folder: join(sourceFolder, "x264"), version: await fetchX264(sourceFolder) };
  for (const target of missing) await prepare(target, x264);
}

/** What the target's library will contain; its archives have been prepared. */
export async function componentsOf(target: Target): Promise<readonly Component[]> {
  const { components } = await Bun.file(stampPath(target)).json();
  return components;
}

interface X264Source {
  readonly folder: string;
  readonly version: string;
}

function stampPath(target: Target): string {
  return join(archivesPath(target), `components-${RECIPE}.json`);
}

function isPrepared(target: Target): boolean {
  return existsSync(stampPath(target));
}

async function fetchX264(folder: string): Promise<string> {
  say("fetching the source of x264");
  const version = await fetchSource("x264", folder);
  // What its configure would write, for the features that x264.zig chooses.
  const lines = ["GPL 1", "INTERLACED 1", "BIT_DEPTH 8", "CHROMA_FORMAT 0"];
  const x264 = join(folder, "x264");
  const header = lines.map((line) => `#define X264_${line}\n`).join("");
  writeFileSync(
    join(x264, "x264_config.h"),
    header + (await run(["sh", "version.sh"], { cwd: x264 })),
  );
  return version;
}

async function prepare(target: Target, x264: X264Source): Promise<void> {
  say(`fetching the archives for ${target.name}`);
  const folder = join(workPath, `${target.name}.new`);
  rmSync(folder, { recursive: true, force: true });
  const packages = await fetchPackages(PACKAGES, target.debian, join(folder, "packages"));
  const rootFolder = join(folder, "root");
  await unpack(packages, rootFolder);
  collectHeaders(rootFolder, target, join(folder, "include"));
  await collectArchives(join(rootFolder, "usr/lib", target.triple), join(folder, "lib"));
  cpSync(x264.folder, join(folder, "x264"), { recursive: true });
  const components = await describeComponents(packages, rootFolder, x264);
  for (const done of ["packages", "root"]) rmSync(join(folder, done), { recursive: true });
  rmSync(archivesPath(target), { recursive: true, force: true });
  renameSync(folder, archivesPath(target));
  writeFileSync(stampPath(target), JSON.stringify({ components }, null, 2));
}

/** Puts those of the architecture among the others. */
function collectHeaders(rootFolder: string, target: Target, into: string): void {
  const headers = join(rootFolder, "usr/include");
  const options = { recursive: true, dereference: true };
  cpSync(headers, into, { ...options, filter: (path) => !path.endsWith(target.triple) });
  cpSync(join(headers, target.triple), into, options);
}

async function collectArchives(folder: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const renaming = RENAMED_SYMBOLS.map(([from, to]) => `--redefine-sym=${from}=${to}`);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".a"))) {
    await run(["llvm-objcopy", ...renaming, join(folder, file), join(into, file)]);
  }
}

async function describeComponents(
  packages: readonly DebianPackage[],
  rootFolder: string,
  x264: X264Source,
): Promise<Component[]> {
  const components = new Map<string, Component>();
  for (const { name, source, sourceVersion } of packages) {
    const path = join(rootFolder, "usr/share/doc", name, "copyright");
    if (!existsSync(path)) throw new PrebuildError(`${name} comes without a text of its licence`);
    const copyright = await Bun.file(path).text();
    components.set(source, { source, version: sourceVersion, copyright });
  }
  const copyright = await Bun.file(join(x264.folder, "debian/copyright")).text();
  components.set("x264", { source: "x264", version: x264.version, copyright });
  return [...components.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}

/** A folder with the target's libc, in which its programs run under qemu. */
export async function prepareSysroot(target: Target): Promise<string> {
  const folder = join(workPath, `sysroot-${target.debian}`);
  if (existsSync(folder)) return folder;
  await updateLists();
  say(`fetching libc for ${target.name}`);
  const unpacked = `${folder}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  const packages = await fetchPackages(["libc6"], target.debian, join(unpacked, "packages"));
  await unpack(packages, unpacked);
  renameSync(unpacked, folder);
  return folder;
}

/** The targets that a command line names, or all. */
export function targetsNamed(names: readonly string[] | undefined): readonly Target[] {
  return (names ?? TARGETS.map(({ name }) => name)).map((name) => {
    const target = TARGETS.find((candidate) => candidate.name === name);
    if (target) return target;
    const known = TARGETS.map((candidate) => candidate.name).join(", ");
    throw new PrebuildError(`there is no target ${JSON.stringify(name)}; the targets are ${known}`);
  });
}
