// SPDX-License-Identifier: MPL-2.0
/** Where the native library may be: in a checkout, an installed package, or a bundle. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { platformPackage } from "./platform.ts";

/** Names an absolute path to the library; nothing else is tried then. */
export const LIBRARY_VARIABLE = "PIXELFLUX_FFI_LIBRARY";

/** What the user has named by that variable. */
export function libraryOverride(): string | undefined {
  const override = process.env[LIBRARY_VARIABLE];
  return override === "" ? undefined : override;
}

const LIBRARY_FILE = "libpixelflux.so";

/** A place the library may be, and what to say where it is not. */
export interface Place {
  readonly label: string;
  /** An absolute path, or why there is none. */
  locate(): { readonly path: string } | { readonly reason: string };
}

/**
 * How this module came here: as the file that it is in the repository and in the
 * package, or within a bundle, whose files have other names.
 */
const isBundled = import.meta.file !== "library-places.ts";

/** Root of the checkout or of the package; of no use in a bundle. */
const packageRoot = resolve(import.meta.dir, "../..");

/** How the package was put here, which decides what mends a missing library. */
export function installation(): "bundle" | "checkout" | "package" {
  if (isBundled) return "bundle";
  // The package has no build of its own.
  return existsSync(join(packageRoot, "build.zig")) ? "checkout" : "package";
}

/**
 * The places, in order of preference. Every path is absolute and none depends on
 * the working directory, from which an attacker's file could be picked up.
 */
export function libraryPlaces(): readonly Place[] {
  const override = libraryOverride();
  if (override !== undefined) return [overridePlace(override)];
  switch (installation()) {
    case "bundle":
      return [bundlePlace, packagePlace];
    case "checkout":
      return [checkoutPlace, packagePlace];
    case "package":
      return [packagePlace];
  }
}

function overridePlace(override: string): Place {
  const locate = () =>
    isAbsolute(override)
      ? { path: override }
      : { reason: `${JSON.stringify(override)} is not an absolute path` };
  return { label: `$${LIBRARY_VARIABLE}`, locate };
}

const checkoutPlace: Place = {
  label: "the checkout's build",
  locate: () => ({ path: join(packageRoot, "zig-out/lib", LIBRARY_FILE) }),
};

const bundlePlace: Place = {
  label: "the bundle's copy",
  locate() {
    if (platformPackage() === undefined) return { reason: noPackage() };
    const asset = bundledLibrary();
    if (asset instanceof Error) return { reason: asset.message };
    // `bun build` gives a path relative to the bundle, `--compile` an absolute one.
    return { path: resolve(import.meta.dir, asset) };
  },
};

/**
 * The library that a bundler has put beside the bundle or into the program, or why it
 * has not. The names have to be written out for it to see, and within a try, or it
 * refuses to bundle where a package is not installed; now it leaves a call that throws.
 * Outside of a bundle Bun would run the file as a program.
 */
function bundledLibrary(): string | Error {
  try {
    if (process.arch === "x64") return require("@pixelflux-ffi/linux-x64-gnu/libpixelflux.so");
    return require("@pixelflux-ffi/linux-arm64-gnu/libpixelflux.so");
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * The installed package, in the folders in which Bun looks for packages. They are
 * walked here because Bun's own resolution downloads a package that it cannot find,
 * where there is no `node_modules` at all.
 */
const packagePlace: Place = {
  label: "the platform's package",
  locate() {
    const name = platformPackage();
    if (name === undefined) return { reason: noPackage() };
    for (const folder of ancestors(import.meta.dir)) {
      const path = join(folder, "node_modules", name);
      if (existsSync(path)) return { path: join(path, LIBRARY_FILE) };
    }
    return { reason: `${name} is not installed in any node_modules from ${import.meta.dir} up` };
  },
};

function noPackage(): string {
  return `there is none for ${process.platform} ${process.arch}`;
}

function* ancestors(folder: string): Generator<string> {
  yield folder;
  const parent = dirname(folder);
  if (parent !== folder) yield* ancestors(parent);
}
