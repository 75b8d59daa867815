/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "damage/hash_avx2.h"

uint64_t pf_hash_image(pf_image image) {
    size_t size_bytes = (size_t)image.stride_bytes * image.height_px;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return pf_hash_bytes_avx2(image.pixels, size_bytes);
    }
#endif
    return XXH3_64bits(image.pixels, size_bytes);
}
