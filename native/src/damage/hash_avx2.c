/* SPDX-License-Identifier: MPL-2.0 */
/* The one file that is compiled with -mavx2; Debian's libxxhash has no
 * dispatch of its own in its static library. */
#include "damage/hash_avx2.h"

#if defined(__x86_64__)
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t pf_hash_bytes_avx2(const void *bytes, size_t size_bytes) {
    return XXH3_64bits(bytes, size_bytes);
}
#endif
