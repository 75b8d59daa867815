/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_DAMAGE_HASH_AVX2_H
#define PF_DAMAGE_HASH_AVX2_H

#include <stddef.h>
#include <stdint.h>

/** XXH3-64 for a CPU that has AVX2. Defined on x86-64 only. */
uint64_t pf_hash_bytes_avx2(const void *bytes, size_t size_bytes);

#endif
