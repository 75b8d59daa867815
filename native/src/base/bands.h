/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A set of bands: the 16-row slices of a frame that damage is counted in.
 * 16 rows are a macroblock of H.264 and an MCU of 4:2:0 JPEG, and every stripe
 * begins on a band.
 */
#ifndef PF_BASE_BANDS_H
#define PF_BASE_BANDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/image.h"

#define PF_BAND_ROWS 16u
#define PF_FRAME_SIDE_PX_MAX 16384u
#define PF_BAND_COUNT_MAX (PF_FRAME_SIDE_PX_MAX / PF_BAND_ROWS)

typedef struct pf_bands {
    uint64_t words[PF_BAND_COUNT_MAX / 64];
} pf_bands;

/** first...end-1 */
typedef struct pf_band_range {
    uint32_t first;
    uint32_t end;
} pf_band_range;

static inline uint32_t pf_band_count(uint32_t height_px) {
    return (height_px + PF_BAND_ROWS - 1) / PF_BAND_ROWS;
}

static inline void pf_bands_clear(pf_bands *bands) {
    memset(bands, 0, sizeof *bands);
}

static inline bool pf_bands_has(const pf_bands *bands, uint32_t band) {
    return (bands->words[band / 64] >> (band % 64)) & 1;
}

static inline void pf_bands_add(pf_bands *bands, pf_band_range range) {
    for (uint32_t band = range.first; band < range.end; band++) {
        bands->words[band / 64] |= 1ull << (band % 64);
    }
}

/** Adds the bands that hold the rows y...y+height_px-1. */
static inline void pf_bands_add_rows(pf_bands *bands, uint32_t y, uint32_t height_px) {
    if (height_px > 0) {
        pf_bands_add(bands, (pf_band_range){y / PF_BAND_ROWS, pf_band_count(y + height_px)});
    }
}

static inline bool pf_bands_any(const pf_bands *bands, pf_band_range range) {
    for (uint32_t band = range.first; band < range.end; band++) {
        if (pf_bands_has(bands, band)) {
            return true;
        }
    }
    return false;
}

/** Where pixels may have changed: bands, and of each of those the columns
 * left_px...right_px-1. */
typedef struct pf_damage {
    pf_bands bands;
    uint16_t left_px[PF_BAND_COUNT_MAX];
    uint16_t right_px[PF_BAND_COUNT_MAX];
} pf_damage;

static inline void pf_damage_add(pf_damage *damage, pf_rect rect) {
    uint16_t left = (uint16_t)rect.x, right = (uint16_t)(rect.x + rect.width);
    uint32_t end = rect.height > 0 ? pf_band_count(rect.y + rect.height) : 0;
    for (uint32_t band = rect.y / PF_BAND_ROWS; band < end; band++) {
        bool known = pf_bands_has(&damage->bands, band);
        damage->left_px[band] =
            known && damage->left_px[band] < left ? damage->left_px[band] : left;
        damage->right_px[band] =
            known && damage->right_px[band] > right ? damage->right_px[band] : right;
        pf_bands_add(&damage->bands, (pf_band_range){band, band + 1});
    }
}

/** The next run of bands in the set at or after `from`; empty where none is. */
static inline pf_band_range pf_bands_next_run(const pf_bands *bands, uint32_t from,
                                              uint32_t count) {
    while (from < count && !pf_bands_has(bands, from)) {
        from++;
    }
    uint32_t end = from;
    while (end < count && pf_bands_has(bands, end)) {
        end++;
    }
    return (pf_band_range){from, end};
}

#endif
