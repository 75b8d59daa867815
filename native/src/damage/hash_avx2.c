/* SPDX-License-Identifier: MPL-2.0 */
/* The one file that is compiled with -mavx2; Debian's libxxhash has no
 * dispatch of its own in its static library. */
#include "damage/hash_avx2.h"

#if defined(__x86_64__)
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "damage/hash_tiles.h"

void pf_hash_tiles_avx2(pf_image image, uint32_t tile_width_px, uint64_t *hashes) {
    hash_tiles(image, tile_width_px, hashes);
}
#endif
