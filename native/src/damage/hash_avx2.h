/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_DAMAGE_HASH_AVX2_H
#define PF_DAMAGE_HASH_AVX2_H

#include "base/image.h"

/** pf_hash_tiles for a CPU that has AVX2. Defined on x86-64 only. */
void pf_hash_tiles_avx2(pf_image image, uint32_t tile_width_px, uint64_t *hashes);

#endif
