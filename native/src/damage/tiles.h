/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Which parts of a stripe have changed: one hash for each tile of 64 by 16 px.
 * Pure; one thread at a time.
 */
#ifndef PF_DAMAGE_TILES_H
#define PF_DAMAGE_TILES_H

#include <stdbool.h>

#include "base/bands.h"
#include "base/image.h"

#define PF_TILE_WIDTH_PX 64u

typedef struct pf_tiles {
    uint32_t width_px;
    uint32_t height_px;
    uint32_t column_count;
    uint32_t band_count;
    /** Of the pixels last looked at; bands one behind the other. Owned. */
    uint64_t *hashes;
    /** What is known of each tile, PF_TILE_ flags. */
    uint8_t *flags;
    /** Some tile was sent without a look: its hash says nothing. */
    bool any_unseen;
} pf_tiles;

/** Differs from what the picture sent last shows. */
#define PF_TILE_CHANGED 1u
/** Has changed since the last picture that was good enough for rest. */
#define PF_TILE_UNREFINED 2u
#define PF_TILE_UNSEEN 4u

/** Tiles of a stripe of this size, all of them changed. False without memory. */
bool pf_tiles_create(pf_tiles *tiles, uint32_t width_px, uint32_t height_px);
void pf_tiles_destroy(pf_tiles *tiles);

/** Hashes one band of the stripe's image and marks what has changed. Tiles that
 * were sent unseen count as changed where the band was `grabbed` since; whether
 * there are any of those. Their hashes may be what they were all the same. */
bool pf_tiles_look(pf_tiles *tiles, pf_image stripe, uint32_t band, bool grabbed);

/** Marks columns left...right-1 px of a band as changed without a look. */
void pf_tiles_assume(pf_tiles *tiles, uint32_t band, uint32_t left_px, uint32_t right_px);

/** pf_tiles_assume, and a look at the columns beside, of a band that was grabbed. */
bool pf_tiles_look_beside(pf_tiles *tiles, pf_image stripe, uint32_t band, uint32_t left_px,
                          uint32_t right_px);

/** Marks a rectangle of the stripe: something else is drawn over it. */
void pf_tiles_mark(pf_tiles *tiles, pf_rect rect, uint8_t flag);
void pf_tiles_mark_all(pf_tiles *tiles, uint8_t flag);

/** Whether the reader has the pixels of a tile (in px of the stripe) already. */
typedef bool (*pf_tile_is_right)(void *context, pf_rect tile);

/** Asks it of each tile that touches the rectangle; those that are right count as
 * unchanged, and the others as changed. Whether there are any of these. */
bool pf_tiles_judge(pf_tiles *tiles, pf_rect rect, pf_tile_is_right is_right, void *context);

/** A hash of all tiles' hashes. */
uint64_t pf_tiles_digest(const pf_tiles *tiles);

/** The smallest rectangle with every tile that has one of the flags, in px of
 * the stripe; of height 0 where none has. */
pf_rect pf_tiles_area(const pf_tiles *tiles, uint8_t flags);

/** Writes a byte for each 16 by 16 px, row by row: 1 where nothing has changed
 * (pf_encode_request.constant). */
void pf_tiles_write_constant(const pf_tiles *tiles, uint8_t *constant);

/** A picture of every changed tile was sent, or, `all`, of every unrefined one
 * too; `refined`: good enough for rest. */
void pf_tiles_note_picture(pf_tiles *tiles, bool all, bool refined);

#endif
