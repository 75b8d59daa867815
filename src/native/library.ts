// SPDX-License-Identifier: MPL-2.0
/**
 * Finds, checks and loads the native library: on first use, once a realm (the
 * main thread or a worker), and never unloads it, because deallocators of
 * stripes outlive everything else.
 */
import { dlopen, type Library, type Pointer } from "bun:ffi";
import { existsSync } from "node:fs";
import { PixelfluxError } from "../errors.ts";
import { reasonNotToMap } from "./elf.ts";
import { type Layout, mismatch, resolveLayout } from "./layout.ts";
import { libraryNotFound } from "./library-error.ts";
import { libraryPlaces } from "./library-places.ts";
import { ABI_SYMBOLS, CAPTURE_SYMBOLS } from "./symbols.ts";

/** `PF_ABI_VERSION` of the header this package was written for. */
export const ABI_VERSION = 4;

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
  for (const place of libraryPlaces()) {
    const found = place.locate();
    if ("reason" in found) {
      failures.push(`${place.label}: ${found.reason}`);
      continue;
    }
    const reason = reasonNotToOpen(found.path);
    if (reason === undefined) return open(found.path);
    failures.push(`${place.label}, ${found.path}: ${reason}`);
  }
  throw libraryNotFound(failures);
}

/** Tries the two functions that every version has, so that a foreign library is told apart. */
function reasonNotToOpen(path: string): string | undefined {
  if (!existsSync(path)) return "there is no such file";
  try {
    const reason = reasonNotToMap(path);
    if (reason !== undefined) return reason;
    checkVersion(path, dlopen(path, ABI_SYMBOLS).symbols.pf_abi_version());
    return undefined;
  } catch (error) {
    if (error instanceof PixelfluxError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

function checkVersion(path: string, version: number): void {
  if (version === ABI_VERSION) return;
  throw mismatch(`the ABI version of ${path} is ${version}, where ${ABI_VERSION} is needed`);
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
