// SPDX-License-Identifier: MPL-2.0
/**
 * Finds, checks and loads the native library: on first use, once a realm (the
 * main thread or a worker), and never unloads it, because deallocators of
 * stripes outlive everything else.
 */
import { dlopen, type Library, type Pointer } from "bun:ffi";
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { PixelfluxError } from "../errors.ts";
import { type Layout, mismatch, resolveLayout } from "./layout.ts";
import { ABI_SYMBOLS, CAPTURE_SYMBOLS } from "./symbols.ts";

/** `PF_ABI_VERSION` of the header this package was written for. */
export const ABI_VERSION = 3;

/** Names an absolute path to the library; nothing else is tried then. */
export const LIBRARY_VARIABLE = "PIXELFLUX_FFI_LIBRARY";

/** The loaded library. */
export interface NativeLibrary {
  /** Absolute path it was loaded from; poll workers load the same. */
  readonly path: string;
  readonly call: Library<typeof CAPTURE_SYMBOLS>["symbols"];
  readonly layout: Layout;
  /** Address of `pf_stripe_release`, the deallocator of stripes' buffers. */
  readonly releaseAddress: Pointer;
  /** Address of `pf_lease_end`, the deallocator of leases. */
  readonly endLeaseAddress: Pointer;
}

/** A place the library may be, and what to say where it is not. */
interface Place {
  readonly label: string;
  /** An absolute path, or why there is none. */
  locate(): { readonly path: string } | { readonly reason: string };
}

/**
 * In order of preference. Every path is absolute and none depends on the
 * working directory, from which an attacker's file could be picked up.
 */
const PLACES: readonly Place[] = [
  {
    label: "the checkout's build",
    locate: () => ({ path: resolve(import.meta.dir, "../../zig-out/lib/libpixelflux.so") }),
  },
];

let loaded: NativeLibrary | undefined;

/**
 * The native library, loaded on the first call. A failure is not remembered:
 * the next call tries again.
 *
 * @throws {PixelfluxError} `ERR_LIBRARY_NOT_FOUND` with every place tried, or
 *   `ERR_ABI_MISMATCH`.
 */
export function nativeLibrary(): NativeLibrary {
  loaded ??= load();
  return loaded;
}

function load(): NativeLibrary {
  const failures: string[] = [];
  for (const place of placesToTry()) {
    const found = place.locate();
    if ("reason" in found) {
      failures.push(`${place.label}: ${found.reason}`);
      continue;
    }
    const reason = reasonNotToOpen(found.path);
    if (reason === undefined) return open(found.path);
    failures.push(`${place.label}, ${found.path}: ${reason}`);
  }
  throw notFound(failures);
}

function placesToTry(): readonly Place[] {
  const override = process.env[LIBRARY_VARIABLE];
  if (override === undefined || override === "") return PLACES;
  const locate = () =>
    isAbsolute(override)
      ? { path: override }
      : { reason: `${JSON.stringify(override)} is not an absolute path` };
  return [{ label: `$${LIBRARY_VARIABLE}`, locate }];
}

/** Tries the two functions that every version has, so that a foreign library is told apart. */
function reasonNotToOpen(path: string): string | undefined {
  if (!existsSync(path)) return "there is no such file";
  try {
    checkVersion(dlopen(path, ABI_SYMBOLS).symbols.pf_abi_version());
    return undefined;
  } catch (error) {
    if (error instanceof PixelfluxError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

function checkVersion(version: number): void {
  if (version === ABI_VERSION) return;
  throw mismatch(`its ABI version is ${version}, where ${ABI_VERSION} is needed`);
}

function open(path: string): NativeLibrary {
  const call = openSymbols(path);
  const layout = resolveLayout(dlopen(path, ABI_SYMBOLS).symbols.pf_layout() ?? "");
  const releaseAddress = addressOf(call.pf_stripe_release);
  return { path, call, layout, releaseAddress, endLeaseAddress: addressOf(call.pf_lease_end) };
}

/** Bun gives every symbol its address as `ptr`, which the types leave out. */
function addressOf(symbol: unknown): Pointer {
  return (symbol as { readonly ptr: Pointer }).ptr;
}

function openSymbols(path: string): NativeLibrary["call"] {
  try {
    return dlopen(path, CAPTURE_SYMBOLS).symbols;
  } catch (error) {
    throw mismatch(error instanceof Error ? error.message : String(error));
  }
}

function notFound(failures: readonly string[]): PixelfluxError {
  const text = [
    `load: the native library of pixelflux-ffi could not be loaded on ${process.platform} ${process.arch}. Tried:`,
    ...failures.map((failure) => `  - ${failure}`),
    "In a checkout, ./scripts/bootstrap installs what is needed and `zig build` makes the library;",
    `or set ${LIBRARY_VARIABLE} to the absolute path of libpixelflux.so.`,
  ];
  return new PixelfluxError("ERR_LIBRARY_NOT_FOUND", "load", text.join("\n"));
}
