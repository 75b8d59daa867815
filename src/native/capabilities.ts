// SPDX-License-Identifier: MPL-2.0
/** What the loaded native library can do. */
import { errorOfStatus } from "../errors.ts";
import { nativeLibrary } from "./library.ts";
import { sizedStruct } from "./struct-buffer.ts";

/** In the order of `pf_output_mode`, whose values are bits of `codecs`. */
const CODECS = ["jpeg", "h264"] as const;

/** In the order of the bits of `pf_cpu_feature`. */
const CPU_FEATURES = ["avx2"] as const;

/** A value of the setting `outputMode`. */
export type Codec = (typeof CODECS)[number];

/** What the native library was built with; see {@link capabilities}. Frozen. */
export interface Capabilities {
  /** The library's version, as in `"0.1.0"`: that of the package it was built for. */
  readonly version: string;
  /** Version of its C interface, which this package needs to be its own. */
  readonly abiVersion: number;
  /**
   * What `outputMode` may be. A library that was built without x264 has `"jpeg"`
   * alone, and refuses the other with `ERR_CODEC_MISSING`.
   */
  readonly codecs: readonly Codec[];
  /**
   * Vector instructions of this CPU that the library's own code uses. The codecs
   * choose theirs for themselves, and do not tell.
   */
  readonly cpuFeatures: readonly (typeof CPU_FEATURES)[number][];
  /**
   * The licence of the library as it was built, as an SPDX expression:
   * `"GPL-2.0-or-later AND MPL-2.0"` with x264, `"MPL-2.0"` without.
   */
  readonly licence: string;
}

/**
 * Tells what the native library can do. Loads it on first use; does not block.
 *
 * @throws {PixelfluxError} `ERR_LIBRARY_NOT_FOUND` or `ERR_ABI_MISMATCH`.
 */
export function capabilities(): Capabilities {
  const { call, layout } = nativeLibrary();
  const native = sizedStruct("pf_capabilities", layout.pf_capabilities);
  const status = call.pf_capabilities_read(native.bytes);
  if (status < 0) throw errorOfStatus(status, "capabilities", "");
  return Object.freeze({
    version: native.text("version"),
    abiVersion: native.number("abi_version"),
    codecs: namesOfBits(CODECS, native.number("codecs")),
    cpuFeatures: namesOfBits(CPU_FEATURES, native.number("cpu_features")),
    licence: native.text("licence"),
  });
}

function namesOfBits<T>(names: readonly T[], bits: number): readonly T[] {
  return Object.freeze(names.filter((_, index) => (bits >> index) & 1));
}
