/* SPDX-License-Identifier: MPL-2.0 */
/** What the library is and can do: its version, its structures' layout, its clock. */
#ifndef PIXELFLUX_LIBRARY_H
#define PIXELFLUX_LIBRARY_H

#include "api.h"
#include "status.h"

/** Raised with every change that an old caller could not survive. */
#define PF_ABI_VERSION 4u

/** Bytes of the fixed string fields of pf_capabilities, their NUL included. */
#define PF_VERSION_BYTES_MAX 32
#define PF_LICENCE_BYTES_MAX 64

/** Bits of pf_capabilities.cpu_features. */
typedef enum pf_cpu_feature {
    /** The hashes that find changed pixels use AVX2. */
    PF_CPU_AVX2 = 1
} pf_cpu_feature;

/** What the library was built with, and what of this CPU its own code uses; the
 * codecs choose their vector code for themselves. The same in every call. */
typedef struct pf_capabilities {
    uint32_t size_bytes;
    /** PF_ABI_VERSION. */
    uint32_t abi_version;
    /** The bit 1 << mode for each pf_output_mode that can be used. */
    uint32_t codecs;
    /** pf_cpu_feature; 0 on CPUs without any of them. */
    uint32_t cpu_features;
    /** The package's version, such as "0.1.0"; NUL-terminated ASCII. */
    char version[PF_VERSION_BYTES_MAX];
    /** The licence that the library is under as it was built, as an SPDX
     * expression: "GPL-2.0-or-later AND MPL-2.0" with x264, "MPL-2.0" without;
     * NUL-terminated ASCII. */
    char licence[PF_LICENCE_BYTES_MAX];
} pf_capabilities;

/** PF_ABI_VERSION of the library. Never fails. */
PF_API uint32_t pf_abi_version(void);

/**
 * The layout of every structure of the ABI, as static NUL-terminated ASCII, for
 * bindings that lay structures out by hand:
 *
 *   pf_settings <sizeof>\n
 *    <field> <type> <offset>\n ...
 *
 * where type is u32, i32, u64, f64 or char[N]. Never fails, never freed.
 */
PF_API const char *pf_layout(void);

/**
 * Microseconds of CLOCK_MONOTONIC, the clock of pf_stripe's timestamps. Any
 * thread; does not block; never fails.
 */
PF_API uint64_t pf_clock_us(void);

/** Reads what the library can do. capabilities->size_bytes must be set. Any
 * thread; does not block. Errors: INVALID_ARGUMENT. */
PF_API int32_t pf_capabilities_read(pf_capabilities *capabilities);

#endif
