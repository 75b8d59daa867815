/* SPDX-License-Identifier: MPL-2.0 */
/** How a frame is cut into stripes. Pure. */
#ifndef PF_DAMAGE_LAYOUT_H
#define PF_DAMAGE_LAYOUT_H

#include <stdbool.h>

#include "base/bands.h"

/**
 * Full-width stripes that cover every row once, top-down, all of
 * stripe_height_px (a multiple of PF_BAND_ROWS) but the last, which has the
 * rows that are left.
 */
typedef struct pf_layout_plan {
    uint32_t height_px;
    uint32_t stripe_height_px;
    uint32_t stripe_count;
} pf_layout_plan;

typedef enum pf_layout_kind {
    PF_LAYOUT_JPEG,
    PF_LAYOUT_H264,
    /** One stripe, whatever height was asked for. */
    PF_LAYOUT_FULL_FRAME
} pf_layout_kind;

/** stripe_height_px 0 means automatic; height_px is 1...PF_FRAME_SIDE_PX_MAX. */
pf_layout_plan pf_layout_make(uint32_t height_px, pf_layout_kind kind, uint32_t stripe_height_px);

uint32_t pf_layout_stripe_y(const pf_layout_plan *plan, uint32_t stripe);
uint32_t pf_layout_stripe_rows(const pf_layout_plan *plan, uint32_t stripe);
pf_band_range pf_layout_stripe_bands(const pf_layout_plan *plan, uint32_t stripe);

#endif
