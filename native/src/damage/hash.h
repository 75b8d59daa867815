/* SPDX-License-Identifier: MPL-2.0 */
/** XXH3-64, the same on every machine, by the widest vector unit it has. */
#ifndef PF_DAMAGE_HASH_H
#define PF_DAMAGE_HASH_H

#include <stddef.h>

#include "base/image.h"

/** At most so many rows go into pf_hash_tiles. */
#define PF_HASH_ROWS_MAX 16u

/** Tiles of 64 px in a frame of the greatest width. */
#define PF_HASH_TILES_MAX 256u

uint64_t pf_hash_bytes(const void *bytes, size_t size_bytes);

/** Hashes each tile_width_px columns of an image of at most PF_HASH_ROWS_MAX
 * rows: XXH3-64 of the XXH3-64 of the tile's rows, as uint64_t in memory. */
void pf_hash_tiles(pf_image image, uint32_t tile_width_px, uint64_t *hashes);

#endif
