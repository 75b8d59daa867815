/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_DAMAGE_HASH_H
#define PF_DAMAGE_HASH_H

#include "base/image.h"

/** XXH3-64 of an image whose rows lie without gaps (stride = width). The same
 * on every machine, by the widest vector unit it has. */
uint64_t pf_hash_image(pf_image image);

#endif
