// SPDX-License-Identifier: MPL-2.0
/** What is said where no library could be loaded: everything tried, and what mends it. */
import { PixelfluxError } from "../errors.ts";
import { installation, LIBRARY_VARIABLE, libraryOverride } from "./library-places.ts";
import { type Libc, platformPackage, readLibc } from "./platform.ts";

/**
 * The error for a machine on which no library could be loaded.
 *
 * @param failures - every place tried, with the reason why not.
 * @param libc - of this process.
 */
export function libraryNotFound(
  failures: readonly string[],
  libc: Libc = readLibc(),
): PixelfluxError {
  const machine = `${process.platform} ${process.arch}, ${libc.words}`;
  const text = [
    `load: the native library of pixelflux-ffi could not be loaded on ${machine}. Tried:`,
    ...failures.map((failure) => `  - ${failure}`),
    libraryRemedies(libc),
  ];
  return new PixelfluxError("ERR_LIBRARY_NOT_FOUND", "load", text.join("\n"));
}

/** What mends a library that is missing, or does not fit: whole lines. */
export function libraryRemedies(libc: Libc = readLibc()): string {
  // With it set, what is installed or built makes no difference.
  return libraryOverride()
    ? `Nothing else is tried while ${LIBRARY_VARIABLE} is set: unset it, or set it to the absolute path of libpixelflux.so.\n${remedy(libc)}`
    : `${remedy(libc)}\nOr set ${LIBRARY_VARIABLE} to the absolute path of libpixelflux.so.`;
}

function remedy(libc: Libc): string {
  if (libc.kind === "musl") {
    return "There is no library for musl, as in Alpine: run the program by the Bun for glibc, on Debian, Ubuntu or another system with it, or in a container of one.";
  }
  const from = installation();
  if (from === "checkout") {
    return "In this checkout ./scripts/bootstrap installs what is needed and builds the library; `zig build` builds it alone.";
  }
  const name = platformPackage();
  if (name === undefined) {
    return "There is no prebuilt library for this machine: they are for Linux with glibc, on x64 and arm64. It can be built in a checkout of the repository, by ./scripts/bootstrap.";
  }
  const install = `\`bun add pixelflux-ffi\` installs it, as ${name}, where optional dependencies are not left out; \`bun install --force\` installs it anew`;
  return from === "bundle"
    ? `${install}. Do that for ${process.platform} ${process.arch} where the program is bundled, and bundle it again.`
    : `${install}.`;
}
