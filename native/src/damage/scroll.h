/* SPDX-License-Identifier: MPL-2.0 */
/** Finds pixels that have moved up or down. Pure; one thread at a time. */
#ifndef PF_DAMAGE_SCROLL_H
#define PF_DAMAGE_SCROLL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/image.h"

/** Columns of this many px are looked at apart, so that what does not move
 * beside what does (a scroll bar, a clock) does not hide it. */
#define PF_SCROLL_STRIP_PX 128u

/** Less than this is not worth a message of its own. */
#define PF_SCROLL_ROWS_MIN 32u

/** Memory that is kept from one search to the next. Zeros to begin with. */
typedef struct pf_scroll_memory {
    void *bytes;
    size_t size_bytes;
} pf_scroll_memory;

typedef struct pf_scroll {
    /** Where the pixels are now, in px of the images. */
    pf_rect to;
    /** The first row where they were; the columns are the same. */
    uint32_t from_y;
} pf_scroll;

/**
 * Compares two images of the same size, the second taken later. True where most
 * of a rectangle of the later one lay in other rows of the earlier one. Hashes
 * say so, and parts of it may be different (a caret, a clock): which pixels are
 * really the same is for the caller to compare. Of several shifts the one that
 * most rows speak for is taken. False too where memory is refused.
 */
bool pf_scroll_find(pf_image before, pf_image after, pf_scroll_memory *memory, pf_scroll *scroll);

/**
 * Whether the same seems to have happened again between two other images: a few
 * rows are compared, and none hashed. Text that scrolls on does so by the same
 * number of rows.
 */
bool pf_scroll_again(pf_image before, pf_image after, const pf_scroll *last);

void pf_scroll_memory_free(pf_scroll_memory *memory);

#endif
