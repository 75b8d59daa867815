/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/tiles.h"

#include <string.h>

#include "base/memory.h"
#include "damage/hash.h"

#define BLOCK_PX 16u

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

bool pf_tiles_create(pf_tiles *tiles, uint32_t width_px, uint32_t height_px) {
    uint32_t columns = (width_px + PF_TILE_WIDTH_PX - 1) / PF_TILE_WIDTH_PX;
    uint32_t bands = pf_band_count(height_px);
    *tiles = (pf_tiles){.width_px = width_px,
                        .height_px = height_px,
                        .column_count = columns,
                        .band_count = bands,
                        .hashes = pf_alloc((size_t)columns * bands, sizeof *tiles->hashes),
                        .flags = pf_alloc((size_t)columns * bands, sizeof *tiles->flags)};
    if (tiles->hashes == NULL || tiles->flags == NULL) {
        pf_tiles_destroy(tiles);
        return false;
    }
    pf_tiles_mark_all(tiles, PF_TILE_CHANGED);
    return true;
}

void pf_tiles_destroy(pf_tiles *tiles) {
    pf_free(tiles->hashes);
    pf_free(tiles->flags);
    *tiles = (pf_tiles){0};
}

static void look_at_tile(pf_tiles *tiles, size_t tile, uint64_t hash, bool grabbed) {
    bool unseen = tiles->flags[tile] & PF_TILE_UNSEEN;
    bool changed = unseen ? grabbed : tiles->hashes[tile] != hash;
    tiles->flags[tile] =
        (uint8_t)((tiles->flags[tile] & ~PF_TILE_UNSEEN) | (changed ? PF_TILE_CHANGED : 0));
    tiles->hashes[tile] = hash;
}

static bool has_unseen(const pf_tiles *tiles, size_t first, pf_band_range columns) {
    for (uint32_t column = columns.first; column < columns.end; column++) {
        if (tiles->flags[first + column] & PF_TILE_UNSEEN) {
            return true;
        }
    }
    return false;
}

static bool look_at_columns(pf_tiles *tiles, pf_image stripe, uint32_t band, pf_band_range columns,
                            bool grabbed) {
    uint64_t hashes[PF_HASH_TILES_MAX];
    uint32_t x = columns.first * PF_TILE_WIDTH_PX, y = band * PF_BAND_ROWS;
    uint32_t right = smaller(columns.end * PF_TILE_WIDTH_PX, tiles->width_px);
    if (columns.first >= columns.end) {
        return false;
    }
    pf_rect part = {x, y, right - x, smaller(PF_BAND_ROWS, tiles->height_px - y)};
    pf_hash_tiles(pf_image_part(stripe, part), PF_TILE_WIDTH_PX, hashes);
    size_t first = (size_t)band * tiles->column_count;
    bool any_unknown = grabbed && tiles->any_unseen && has_unseen(tiles, first, columns);
    for (uint32_t column = columns.first; column < columns.end; column++) {
        look_at_tile(tiles, first + column, hashes[column - columns.first], grabbed);
    }
    return any_unknown;
}

bool pf_tiles_look(pf_tiles *tiles, pf_image stripe, uint32_t band, bool grabbed) {
    return look_at_columns(tiles, stripe, band, (pf_band_range){0, tiles->column_count}, grabbed);
}

static uint32_t columns_until(uint32_t px) {
    return (px + PF_TILE_WIDTH_PX - 1) / PF_TILE_WIDTH_PX;
}

void pf_tiles_assume(pf_tiles *tiles, uint32_t band, uint32_t left_px, uint32_t right_px) {
    uint8_t *flags = tiles->flags + (size_t)band * tiles->column_count;
    for (uint32_t column = left_px / PF_TILE_WIDTH_PX; column < columns_until(right_px); column++) {
        flags[column] |= PF_TILE_CHANGED | PF_TILE_UNSEEN;
    }
    tiles->any_unseen = true;
}

bool pf_tiles_look_beside(pf_tiles *tiles, pf_image stripe, uint32_t band, uint32_t left_px,
                          uint32_t right_px) {
    pf_band_range left = {0, left_px / PF_TILE_WIDTH_PX};
    pf_band_range right = {columns_until(right_px), tiles->column_count};
    bool any_unknown = look_at_columns(tiles, stripe, band, left, true);
    any_unknown |= look_at_columns(tiles, stripe, band, right, true);
    pf_tiles_assume(tiles, band, left_px, right_px);
    return any_unknown;
}

void pf_tiles_mark(pf_tiles *tiles, pf_rect rect, uint8_t flag) {
    uint32_t end = pf_band_count(rect.y + rect.height);
    for (uint32_t band = rect.y / PF_BAND_ROWS; band < end; band++) {
        uint8_t *flags = tiles->flags + (size_t)band * tiles->column_count;
        for (uint32_t column = rect.x / PF_TILE_WIDTH_PX;
             column < columns_until(rect.x + rect.width); column++) {
            flags[column] |= flag;
        }
    }
}

void pf_tiles_mark_all(pf_tiles *tiles, uint8_t flag) {
    pf_tiles_mark(tiles, (pf_rect){0, 0, tiles->width_px, tiles->height_px}, flag);
}

static pf_rect tile_rect(const pf_tiles *tiles, uint32_t column, uint32_t band) {
    uint32_t x = column * PF_TILE_WIDTH_PX, y = band * PF_BAND_ROWS;
    return (pf_rect){x, y, smaller(PF_TILE_WIDTH_PX, tiles->width_px - x),
                     smaller(PF_BAND_ROWS, tiles->height_px - y)};
}

bool pf_tiles_judge(pf_tiles *tiles, pf_rect rect, pf_tile_is_right is_right, void *context) {
    uint32_t band_end = pf_band_count(rect.y + rect.height);
    bool any_wrong = false;
    for (uint32_t band = rect.y / PF_BAND_ROWS; band < band_end; band++) {
        uint8_t *flags = tiles->flags + (size_t)band * tiles->column_count;
        for (uint32_t column = rect.x / PF_TILE_WIDTH_PX;
             column < columns_until(rect.x + rect.width); column++) {
            bool right = is_right(context, tile_rect(tiles, column, band));
            flags[column] =
                (uint8_t)((flags[column] & ~PF_TILE_CHANGED) | (right ? 0 : PF_TILE_CHANGED));
            any_wrong |= !right;
        }
    }
    return any_wrong;
}

uint64_t pf_tiles_digest(const pf_tiles *tiles) {
    size_t count = (size_t)tiles->column_count * tiles->band_count;
    return pf_hash_bytes(tiles->hashes, count * sizeof *tiles->hashes);
}

/** first...end-1 of the columns that have one of the flags in some band. */
static pf_band_range flagged_columns(const pf_tiles *tiles, uint8_t flags, uint32_t band) {
    const uint8_t *row = tiles->flags + (size_t)band * tiles->column_count;
    pf_band_range range = {tiles->column_count, 0};
    for (uint32_t column = 0; column < tiles->column_count; column++) {
        if (row[column] & flags) {
            range.first = range.end == 0 ? column : range.first;
            range.end = column + 1;
        }
    }
    return range;
}

pf_rect pf_tiles_area(const pf_tiles *tiles, uint8_t flags) {
    uint32_t left = tiles->column_count, right = 0, top = tiles->band_count, bottom = 0;
    for (uint32_t band = 0; band < tiles->band_count; band++) {
        pf_band_range columns = flagged_columns(tiles, flags, band);
        if (columns.end > 0) {
            left = smaller(left, columns.first);
            right = columns.end > right ? columns.end : right;
            top = smaller(top, band);
            bottom = band + 1;
        }
    }
    if (right == 0) {
        return (pf_rect){0};
    }
    uint32_t x = left * PF_TILE_WIDTH_PX, y = top * PF_BAND_ROWS;
    return (pf_rect){x, y, smaller(right * PF_TILE_WIDTH_PX, tiles->width_px) - x,
                     smaller(bottom * PF_BAND_ROWS, tiles->height_px) - y};
}

void pf_tiles_note_picture(pf_tiles *tiles, bool all, bool refined) {
    size_t count = (size_t)tiles->column_count * tiles->band_count;
    for (size_t tile = 0; tile < count; tile++) {
        uint8_t flags = tiles->flags[tile];
        bool shown = all || flags & PF_TILE_CHANGED;
        bool unrefined = shown ? !refined : flags & PF_TILE_UNREFINED;
        tiles->flags[tile] =
            (uint8_t)((flags & PF_TILE_UNSEEN) | (unrefined ? PF_TILE_UNREFINED : 0));
    }
}

void pf_tiles_write_constant(const pf_tiles *tiles, uint8_t *constant) {
    uint32_t count = (tiles->width_px + BLOCK_PX - 1) / BLOCK_PX;
    for (uint32_t band = 0; band < tiles->band_count; band++) {
        const uint8_t *flags = tiles->flags + (size_t)band * tiles->column_count;
        for (uint32_t block = 0; block < count; block++) {
            *constant++ = !(flags[block * BLOCK_PX / PF_TILE_WIDTH_PX] & PF_TILE_CHANGED);
        }
    }
}
