// SPDX-License-Identifier: MPL-2.0
/** Checks of Bun, of the machine, and of the native library. */
import { readFileSync } from "node:fs";
import manifest from "../../../package.json" with { type: "json" };
import { capabilities } from "../../index.ts";
import { nativeLibrary } from "../../native/library.ts";
import { libraryRemedies } from "../../native/library-error.ts";
import { type Check, failed, ok, warning } from "./check.ts";

/** What the prebuilt libraries need. */
const GLIBC_VERSION_MIN = "2.31";
const ARCHITECTURES = ["x64", "arm64"];
/** A capture has about ten, and each viewer of `serve` one. */
const OPEN_FILES_MIN = 256;

export function machineChecks(): Check[] {
  return [bunCheck(), platformCheck(), libcCheck(), libraryCheck(), openFilesCheck()];
}

function bunCheck(): Check {
  const wanted = manifest.engines.bun;
  if (Bun.semver.satisfies(Bun.version, wanted)) return ok("bun", Bun.version);
  return failed("bun", `${Bun.version}, where ${wanted} is needed`, "bun upgrade");
}

function platformCheck(): Check {
  const { platform, arch } = process;
  const name = `${platform} ${arch}`;
  if (platform === "linux" && ARCHITECTURES.includes(arch)) return ok("platform", name);
  return failed("platform", name, "use Linux on x64 or arm64");
}

/** Whether the library loads is for its own check to say. */
function libcCheck(): Check {
  const version = glibcVersion();
  if (version === undefined) {
    return warning("libc", "not glibc (musl?)", "use a distribution with glibc, or build it there");
  }
  if (Bun.semver.order(`${version}.0`, `${GLIBC_VERSION_MIN}.0`) >= 0) {
    return ok("libc", `glibc ${version}`);
  }
  const words = `glibc ${version}, where the prebuilt library needs ${GLIBC_VERSION_MIN}`;
  return warning("libc", words, "update the system (Debian 11, Ubuntu 20.04), or build it there");
}

function glibcVersion(): string | undefined {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report?.header?.glibcVersionRuntime;
}

function libraryCheck(): Check {
  try {
    const { path } = nativeLibrary();
    const { version, abiVersion, codecs, licence } = capabilities();
    const words = `version ${version}, ABI ${abiVersion}, ${codecs.join(" and ")}, ${licence}`;
    return ok("library", `${path}\n${words}`);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const remedies = libraryRemedies();
    return failed("library", words.replace(/^load: /, "").replace(`\n${remedies}`, ""), remedies);
  }
}

function openFilesCheck(): Check {
  const limit = openFilesMax();
  const words = `${limit} at most`;
  if (limit >= OPEN_FILES_MIN) return ok("open files", words);
  return warning("open files", `${words}; a capture has about 10, a viewer 1`, "ulimit -n 1024");
}

/** The soft limit (proc(5), /proc/pid/limits); Infinity where there is none. */
function openFilesMax(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}
