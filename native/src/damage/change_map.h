/* SPDX-License-Identifier: MPL-2.0 */
/**
 * When each tile of a frame changed last, and to what: the memory that waiting for
 * changes is built on. Tiles are those of pf_tiles, over all of the frame whatever
 * its stripes are. Pure; one thread at a time.
 */
#ifndef PF_DAMAGE_CHANGE_MAP_H
#define PF_DAMAGE_CHANGE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bands.h"
#include "base/image.h"
#include "damage/tiles.h"

typedef enum pf_change_tile_state {
    /** Nobody has seen it. That it is another has been told with pf_change_map_forget. */
    PF_CHANGE_TILE_NEW,
    /** The hash is that of its pixels. */
    PF_CHANGE_TILE_KNOWN,
    /** It was believed to have changed: the hash says nothing. */
    PF_CHANGE_TILE_ASSUMED
} pf_change_tile_state;

typedef struct pf_change_tile {
    uint64_t hash;
    /** 0: never. */
    uint64_t changed_us;
    uint32_t frame_id;
    uint8_t state;
} pf_change_tile;

typedef struct pf_change_map {
    uint32_t width_px;
    uint32_t height_px;
    uint32_t column_count;
    uint32_t band_count;
    /** Bands one behind the other. Owned. */
    pf_change_tile *tiles;
    /** Some tile may be PF_CHANGE_TILE_ASSUMED. */
    bool any_assumed;
    /** When any tile changed last: grows with every stamp that changed one. */
    uint64_t changed_us;
    /** Of the look under way. */
    uint64_t stamp_us;
    uint32_t stamp_frame_id;
} pf_change_map;

/** Rectangles that a reading gives at most. */
#define PF_CHANGE_RECT_COUNT_MAX 64u

/** What is asked of a map. */
typedef struct pf_change_map_query {
    /** Lies within the frame. */
    pf_rect region;
    /** Tiles that touch one of these do not count. */
    const pf_rect *ignored;
    uint32_t ignored_count;
    /** Rectangles are of tiles that changed later than this. */
    uint64_t since_us;
} pf_change_map_query;

typedef struct pf_change_map_reading {
    /** When a tile of the region changed last, and in which frame; 0: never. */
    uint64_t changed_us;
    uint32_t frame_id;
    uint32_t rect_count;
    /** Cut to the region. No two overlap but where there would be too many. */
    pf_rect rects[PF_CHANGE_RECT_COUNT_MAX];
} pf_change_map_reading;

/** A frame of this size of which nothing has been seen. False without memory, and
 * the map as it was. */
bool pf_change_map_resize(pf_change_map *map, uint32_t width_px, uint32_t height_px);
void pf_change_map_destroy(pf_change_map *map);

/** What is noted from here on changed at now_us, or just behind the change before,
 * and is shown by this frame. */
void pf_change_map_stamp(pf_change_map *map, uint64_t now_us, uint32_t frame_id);

/** Somebody looked at a tile. `damaged`: it was said to have changed, which is
 * believed where the hash before is not known. */
void pf_change_map_note_other(pf_change_map *map, size_t tile, uint64_t hash, bool damaged);

static inline void pf_change_map_note(pf_change_map *map, size_t tile, uint64_t hash,
                                      bool damaged) {
    const pf_change_tile *known = &map->tiles[tile];
    if (known->hash != hash || known->state != PF_CHANGE_TILE_KNOWN) {
        pf_change_map_note_other(map, tile, hash, damaged);
    }
}

/** Columns of a band are believed to have changed, and nobody looked. */
void pf_change_map_assume(pf_change_map *map, uint32_t band, pf_band_range columns);

/** Every tile counts as changed, and as not seen: the first look at it is no change. */
void pf_change_map_forget(pf_change_map *map);

void pf_change_map_read(const pf_change_map *map, const pf_change_map_query *query,
                        pf_change_map_reading *reading);

/** The columns first...end-1 that left_px...right_px-1 touch. */
static inline pf_band_range pf_change_map_columns(uint32_t left_px, uint32_t right_px) {
    return (pf_band_range){left_px / PF_TILE_WIDTH_PX,
                           (right_px + PF_TILE_WIDTH_PX - 1) / PF_TILE_WIDTH_PX};
}

#endif
