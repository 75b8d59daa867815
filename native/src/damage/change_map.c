/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/change_map.h"

#include "base/memory.h"

bool pf_change_map_resize(pf_change_map *map, uint32_t width_px, uint32_t height_px) {
    uint32_t columns = (width_px + PF_TILE_WIDTH_PX - 1) / PF_TILE_WIDTH_PX;
    uint32_t bands = pf_band_count(height_px);
    pf_change_tile *tiles = pf_alloc((size_t)columns * bands, sizeof *tiles);
    if (tiles == NULL) {
        return false;
    }
    pf_free(map->tiles);
    map->tiles = tiles;
    map->width_px = width_px;
    map->height_px = height_px;
    map->column_count = columns;
    map->band_count = bands;
    map->any_assumed = false;
    return true;
}

void pf_change_map_destroy(pf_change_map *map) {
    pf_free(map->tiles);
    *map = (pf_change_map){0};
}

void pf_change_map_stamp(pf_change_map *map, uint64_t now_us, uint32_t frame_id) {
    map->stamp_us = now_us > map->changed_us ? now_us : map->changed_us + 1;
    map->stamp_frame_id = frame_id;
}

static void mark(pf_change_map *map, pf_change_tile *tile) {
    tile->changed_us = map->stamp_us;
    tile->frame_id = map->stamp_frame_id;
    map->changed_us = map->stamp_us;
}

static bool has_changed(const pf_change_tile *tile, uint64_t hash, bool damaged) {
    switch ((pf_change_tile_state)tile->state) {
    case PF_CHANGE_TILE_NEW:
        return false;
    case PF_CHANGE_TILE_KNOWN:
        return tile->hash != hash;
    case PF_CHANGE_TILE_ASSUMED:
        return damaged;
    }
    return true;
}

void pf_change_map_note_other(pf_change_map *map, size_t tile, uint64_t hash, bool damaged) {
    pf_change_tile *noted = &map->tiles[tile];
    if (has_changed(noted, hash, damaged)) {
        mark(map, noted);
    }
    noted->hash = hash;
    noted->state = PF_CHANGE_TILE_KNOWN;
}

void pf_change_map_assume(pf_change_map *map, uint32_t band, pf_band_range columns) {
    pf_change_tile assumed = {.changed_us = map->stamp_us,
                              .frame_id = map->stamp_frame_id,
                              .state = PF_CHANGE_TILE_ASSUMED};
    pf_change_tile *tiles = map->tiles + (size_t)band * map->column_count;
    for (uint32_t column = columns.first; column < columns.end; column++) {
        tiles[column] = assumed;
        map->changed_us = map->stamp_us;
        map->any_assumed = true;
    }
}

void pf_change_map_forget(pf_change_map *map) {
    size_t count = (size_t)map->column_count * map->band_count;
    for (size_t tile = 0; tile < count; tile++) {
        mark(map, &map->tiles[tile]);
        map->tiles[tile].state = PF_CHANGE_TILE_NEW;
    }
    map->any_assumed = false;
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static bool touch(pf_rect a, pf_rect b) {
    return a.x < (uint64_t)b.x + b.width && b.x < (uint64_t)a.x + a.width &&
           a.y < (uint64_t)b.y + b.height && b.y < (uint64_t)a.y + a.height;
}

static pf_rect hull(pf_rect a, pf_rect b) {
    uint32_t x = smaller(a.x, b.x), y = smaller(a.y, b.y);
    return (pf_rect){x, y, larger(a.x + a.width, b.x + b.width) - x,
                     larger(a.y + a.height, b.y + b.height) - y};
}

static uint64_t area(pf_rect rect) {
    return (uint64_t)rect.width * rect.height;
}

/** Widens the rectangle that grows the least by it. */
static void squeeze(pf_change_map_reading *reading, pf_rect rect) {
    uint32_t best = 0;
    uint64_t least = UINT64_MAX;
    for (uint32_t index = 0; index < reading->rect_count; index++) {
        uint64_t growth = area(hull(reading->rects[index], rect)) - area(reading->rects[index]);
        if (growth < least) {
            least = growth;
            best = index;
        }
    }
    reading->rects[best] = hull(reading->rects[best], rect);
}

/** Adds a run of tiles of one band: below a run of the same columns it lengthens
 * that one's rectangle. */
static void add(pf_change_map_reading *reading, pf_rect rect) {
    for (uint32_t index = reading->rect_count; index > 0; index--) {
        pf_rect *above = &reading->rects[index - 1];
        if (above->x == rect.x && above->width == rect.width &&
            above->y + above->height == rect.y) {
            above->height += rect.height;
            return;
        }
    }
    if (reading->rect_count == PF_CHANGE_RECT_COUNT_MAX) {
        squeeze(reading, rect);
    } else {
        reading->rects[reading->rect_count++] = rect;
    }
}

static bool is_ignored(const pf_change_map_query *query, uint32_t column, uint32_t band) {
    pf_rect tile = {column * PF_TILE_WIDTH_PX, band * PF_BAND_ROWS, PF_TILE_WIDTH_PX, PF_BAND_ROWS};
    for (uint32_t index = 0; index < query->ignored_count; index++) {
        if (touch(tile, query->ignored[index])) {
            return true;
        }
    }
    return false;
}

/** The tiles first...end-1 of a band, cut to the region. */
static pf_rect cut(pf_rect region, pf_band_range columns, uint32_t band) {
    uint32_t x = larger(region.x, columns.first * PF_TILE_WIDTH_PX);
    uint32_t y = larger(region.y, band * PF_BAND_ROWS);
    uint32_t right = smaller(region.x + region.width, columns.end * PF_TILE_WIDTH_PX);
    uint32_t bottom = smaller(region.y + region.height, (band + 1) * PF_BAND_ROWS);
    return (pf_rect){x, y, right - x, bottom - y};
}

static void read_band(const pf_change_map *map, const pf_change_map_query *query,
                      pf_band_range columns, uint32_t band, pf_change_map_reading *reading) {
    const pf_change_tile *tiles = map->tiles + (size_t)band * map->column_count;
    pf_band_range run = {columns.first, columns.first};
    for (uint32_t column = columns.first; column < columns.end; column++) {
        const pf_change_tile *tile = &tiles[column];
        bool recent = tile->changed_us > query->since_us;
        bool last = tile->changed_us > reading->changed_us;
        bool counts = (recent || last) && !is_ignored(query, column, band);
        if (counts && last) {
            reading->changed_us = tile->changed_us;
            reading->frame_id = tile->frame_id;
        }
        if (counts && recent) {
            run.end = column + 1;
        } else {
            if (run.end > run.first) {
                add(reading, cut(query->region, run, band));
            }
            run = (pf_band_range){column + 1, column + 1};
        }
    }
    if (run.end > run.first) {
        add(reading, cut(query->region, run, band));
    }
}

void pf_change_map_read(const pf_change_map *map, const pf_change_map_query *query,
                        pf_change_map_reading *reading) {
    *reading = (pf_change_map_reading){0};
    pf_rect region = query->region;
    if (region.width == 0 || region.height == 0) {
        return;
    }
    pf_band_range columns = pf_change_map_columns(region.x, region.x + region.width);
    uint32_t end = pf_band_count(region.y + region.height);
    for (uint32_t band = region.y / PF_BAND_ROWS; band < end; band++) {
        read_band(map, query, columns, band, reading);
    }
}
