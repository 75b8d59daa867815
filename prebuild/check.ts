// SPDX-License-Identifier: MPL-2.0
/** Whether a prebuilt library is what users are promised. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { buildInto, DEBUG_FILE, hashOfFile, LIBRARY, sourceHash, sourcePaths } from "./build.ts";
import { PrebuildError, rootPath, say, workPath } from "./command.ts";
import { type ElfFile, readElf } from "./elf.ts";
import { declaredFunctions } from "./headers.ts";
import { archivesPath, GLIBC_VERSION, packagePath, type Target } from "./targets.ts";

const SIZE_BYTES_MAX = 4_000_000;

/** Parts of glibc. Its threads were a library of their own before 2.34. */
const LIBC = ["libc.so.6", "libm.so.6", "libpthread.so.0"];

/** A library as the checks see it. */
export interface Subject {
  readonly target: Target;
  readonly path: string;
  readonly elf: ElfFile;
}

/** Says what is wrong with the subject; empty where nothing is. */
type Check = (subject: Subject) => string[];

const CHECKS: readonly Check[] = [
  ({ elf, target }) => unless(elf.machine === target.machine, `it is for ${elf.machine}`),
  ({ elf }) => unless(elf.soname === LIBRARY, `its name for the loader is ${elf.soname}`),
  ({ elf, target }) =>
    elf.needed
      .filter((name) => ![...LIBC, target.loader].includes(name))
      .map((name) => `it needs ${name}, which is not part of glibc`),
  ({ elf }) =>
    elf.versions
      .filter(isTooNew)
      .map((version) => `it needs ${version}, newer than ${GLIBC_VERSION}`),
  checkExports,
  checkLoading,
  checkSegments,
  checkStripped,
  ({ path }) => {
    const sizeBytes = statSync(path).size;
    return unless(sizeBytes <= SIZE_BYTES_MAX, `it has ${sizeBytes} bytes, over ${SIZE_BYTES_MAX}`);
  },
  ({ path }) => unless(!readFileSync(path).includes(rootPath), "it tells where it was built"),
];

/**
 * Checks the target's library in its package.
 *
 * @param options.twice - build it a second time, elsewhere, and compare.
 * @throws {PrebuildError} that lists all that is wrong.
 */
export async function check(target: Target, options: { readonly twice: boolean }): Promise<void> {
  const path = join(packagePath(target), LIBRARY);
  const elf = await readElf(path);
  const failures = failuresOf({ target, path, elf });
  const debug = await readElf(join(packagePath(target), DEBUG_FILE));
  failures.push(
    ...unless(debug.sections.has(".debug_info"), `${DEBUG_FILE} has no debug information`),
    ...unless(debug.buildId === elf.buildId, `${DEBUG_FILE} is of another build`),
  );
  if (options.twice && failures.length === 0) failures.push(...(await checkReproducible(target)));
  if (failures.length > 0) {
    const list = failures.map((failure) => `  - ${failure}`).join("\n");
    throw new PrebuildError(`${relative(rootPath, path)} does not pass:\n${list}`);
  }
  const megabytes = (statSync(path).size / 1e6).toFixed(2);
  say(`${target.name} passes: ${megabytes} MB, needs ${elf.needed.join(", ")}`);
}

/** What is wrong with a library, all of it. */
export function failuresOf(subject: Subject): string[] {
  return CHECKS.flatMap((check) => check(subject));
}

function unless(condition: boolean, words: string): string[] {
  return condition ? [] : [words];
}

/** Whether it is a version of anything but glibc, or of a glibc after ours. */
function isTooNew(version: string): boolean {
  const [, number] = /^GLIBC_(\d+\.\d+(?:\.\d+)?)$/.exec(version) ?? [];
  if (number === undefined) return true;
  const parts = (text: string) => text.split(".").map(Number);
  const [major = 0, minor = 0] = parts(number);
  const [majorMax = 0, minorMax = 0] = parts(GLIBC_VERSION);
  return major > majorMax || (major === majorMax && minor > minorMax);
}

function checkExports({ elf }: Subject): string[] {
  const declared = declaredFunctions();
  return [
    ...declared
      .filter((name) => !elf.exported.includes(name))
      .map((name) => `it lacks ${name}, which the headers declare`),
    ...elf.exported
      .filter((name) => !declared.includes(name))
      .map((name) => `it exports ${name}, which the headers do not declare`),
  ];
}

function checkLoading({ elf }: Subject): string[] {
  const textRelocations = elf.dynamicTags.has("TEXTREL") || elf.flags.has("TEXTREL");
  return [
    ...unless(!textRelocations, "its code has to be changed when it is loaded (TEXTREL)"),
    ...unless(!elf.dynamicTags.has("RPATH"), "it names folders to search for libraries (RPATH)"),
    ...unless(
      !elf.dynamicTags.has("RUNPATH"),
      "it names folders to search for libraries (RUNPATH)",
    ),
    ...unless(elf.flags.has("NOW"), "its symbols are not all bound when it is loaded (NOW)"),
  ];
}

function checkSegments({ elf }: Subject): string[] {
  const stack = elf.segments.find(({ type }) => type === "GNU_STACK");
  const open = elf.segments.some(({ permissions }) => permissions === "RWE");
  return [
    ...unless(stack?.permissions === "RW", "it asks for a stack that can be executed"),
    ...unless(!open, "it has a segment that can be written and executed"),
    ...unless(
      elf.segments.some(({ type }) => type === "GNU_RELRO"),
      "its relocations stay writable (RELRO)",
    ),
  ];
}

function checkStripped({ elf }: Subject): string[] {
  const superfluous = [...elf.sections].filter((name) => /^\.(symtab|debug_)/.test(name));
  return superfluous.map((name) => `it is not stripped: it has the section ${name}`);
}

/**
 * Builds the same sources in another folder, with an empty cache. What has been
 * reproduced once is not built again.
 */
async function checkReproducible(target: Target): Promise<string[]> {
  const sources = await sourceHash(target);
  const first = hashOfFile(join(packagePath(target), LIBRARY));
  const stampPath = join(archivesPath(target), "reproduced");
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8") === `${sources} ${first}`) return [];
  say(`building ${target.name} a second time`);
  const root = join(workPath, "again", target.name);
  rmSync(root, { recursive: true, force: true });
  copySources(target, root);
  await buildInto(target, sources, root, root);
  const same = hashOfFile(join(root, LIBRARY)) === first;
  if (!same) return [`a second build gives other bytes: compare ${relative(rootPath, root)}`];
  rmSync(root, { recursive: true });
  writeFileSync(stampPath, `${sources} ${first}`);
  return [];
}

function copySources(target: Target, root: string): void {
  const archives = relative(rootPath, archivesPath(target));
  for (const path of sourcePaths()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(join(rootPath, path), join(root, path));
  }
  for (const folder of ["include", "lib", "x264"]) {
    cpSync(join(rootPath, archives, folder), join(root, archives, folder), { recursive: true });
  }
}
