/* SPDX-License-Identifier: MPL-2.0 */
#include "damage/layout.h"

/* JPEG: of a 1080p screen, stripes of 64 rows cost video 8 % more bytes than one
 * picture, and small changes a seventh of the CPU that two stripes do. All
 * curves: docs/stripe-height.md. */
#define JPEG_STRIPE_ROWS 64u
/* H.264: motion is lost across edges, and each stripe is a decoder that the
 * browser has to open: no more than this many (w3c/webcodecs#363). */
#define H264_STRIPE_COUNT_MAX 8u
#define H264_STRIPE_ROWS_MIN 64u

static uint32_t round_up_to_bands(uint32_t rows) {
    return pf_band_count(rows) * PF_BAND_ROWS;
}

static uint32_t automatic_rows(uint32_t height_px, pf_layout_kind kind) {
    if (kind == PF_LAYOUT_JPEG) {
        return JPEG_STRIPE_ROWS;
    }
    uint32_t rows =
        round_up_to_bands((height_px + H264_STRIPE_COUNT_MAX - 1) / H264_STRIPE_COUNT_MAX);
    return rows > H264_STRIPE_ROWS_MIN ? rows : H264_STRIPE_ROWS_MIN;
}

pf_layout_plan pf_layout_make(uint32_t height_px, pf_layout_kind kind, uint32_t stripe_height_px) {
    uint32_t rows = stripe_height_px;
    if (kind == PF_LAYOUT_FULL_FRAME) {
        rows = round_up_to_bands(height_px);
    } else if (rows == 0) {
        rows = automatic_rows(height_px, kind);
    }
    return (pf_layout_plan){.height_px = height_px,
                            .stripe_height_px = rows,
                            .stripe_count = (height_px + rows - 1) / rows};
}

uint32_t pf_layout_stripe_y(const pf_layout_plan *plan, uint32_t stripe) {
    return stripe * plan->stripe_height_px;
}

uint32_t pf_layout_stripe_rows(const pf_layout_plan *plan, uint32_t stripe) {
    uint32_t rest = plan->height_px - pf_layout_stripe_y(plan, stripe);
    return rest < plan->stripe_height_px ? rest : plan->stripe_height_px;
}

pf_band_range pf_layout_stripe_bands(const pf_layout_plan *plan, uint32_t stripe) {
    uint32_t y = pf_layout_stripe_y(plan, stripe);
    return (pf_band_range){y / PF_BAND_ROWS,
                           pf_band_count(y + pf_layout_stripe_rows(plan, stripe))};
}
