/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/cpu.h"
#include "damage/hash_avx2.h"
#include "damage/hash_tiles.h"

uint64_t pf_hash_bytes(const void *bytes, size_t size_bytes) {
    return XXH3_64bits(bytes, size_bytes);
}

void pf_hash_tiles(pf_image image, uint32_t tile_width_px, uint64_t *hashes) {
#if defined(__x86_64__)
    if (pf_cpu_has_avx2()) {
        pf_hash_tiles_avx2(image, tile_width_px, hashes);
        return;
    }
#endif
    hash_tiles(image, tile_width_px, hashes);
}
