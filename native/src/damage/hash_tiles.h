/* SPDX-License-Identifier: MPL-2.0 */
/** The loop of pf_hash_tiles, for the files that compile XXH3 for one vector
 * unit each and include <xxhash.h> with XXH_INLINE_ALL before this. */
#ifndef PF_DAMAGE_HASH_TILES_H
#define PF_DAMAGE_HASH_TILES_H

#include "damage/hash.h"

static inline void hash_tiles(pf_image image, uint32_t tile_width_px, uint64_t *hashes) {
    for (uint32_t x = 0; x < image.width_px; x += tile_width_px) {
        uint32_t rest = image.width_px - x;
        size_t row_bytes =
            (size_t)(rest < tile_width_px ? rest : tile_width_px) * PF_BYTES_PER_PIXEL;
        const uint8_t *row = image.pixels + (size_t)x * PF_BYTES_PER_PIXEL;
        uint64_t rows[PF_HASH_ROWS_MAX];
        for (uint32_t y = 0; y < image.height_px; y++, row += image.stride_bytes) {
            rows[y] = XXH3_64bits(row, row_bytes);
        }
        *hashes++ = XXH3_64bits(rows, image.height_px * sizeof *rows);
    }
}

#endif
