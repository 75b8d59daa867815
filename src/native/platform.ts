// SPDX-License-Identifier: MPL-2.0
/** On which machine this process runs, as far as it decides which library fits. */
import { readdirSync } from "node:fs";

/** The C library of this process, and how that was told. */
export interface Libc {
  readonly kind: "glibc" | "musl" | "unknown";
  /** For an error's text. */
  readonly words: string;
}

/**
 * Tells the C library that Bun itself was started with, which is the one a library
 * has to fit. Takes a few ms: for errors, not for the way to a capture.
 *
 * @param report - Node.js's diagnostic report.
 * @param libFolder - where musl's loader is, on a system with musl.
 */
export function readLibc(report: unknown = process.report?.getReport(), libFolder = "/lib"): Libc {
  const { header } = (report ?? {}) as { header?: { glibcVersionRuntime?: string } };
  const version = header?.glibcVersionRuntime;
  if (version) return { kind: "glibc", words: `glibc ${version} (as process.report tells)` };
  const loader = muslLoader(libFolder);
  if (loader) return { kind: "musl", words: `musl (there is ${loader}, and no glibc)` };
  return { kind: "unknown", words: "neither glibc nor musl that could be told" };
}

/** musl's loader, of which programs that use musl have the path in them. */
function muslLoader(libFolder: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  const name = readdirSync(libFolder).find((entry) => /^ld-musl-.*\.so\.1$/.test(entry));
  return name === undefined ? undefined : `${libFolder}/${name}`;
}

/**
 * Name of the package with the library for this system and processor; undefined
 * where there is none. It is for glibc: where another C library is found out, the
 * loader of that one says what is missing.
 */
export function platformPackage(): string | undefined {
  if (process.platform !== "linux") return undefined;
  if (process.arch !== "x64" && process.arch !== "arm64") return undefined;
  return `@pixelflux-ffi/linux-${process.arch}-gnu`;
}
