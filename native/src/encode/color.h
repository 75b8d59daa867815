/* SPDX-License-Identifier: MPL-2.0 */
/**
 * BGRX to planar YUV: full range, BT.601 matrix (ITU-T H.273: matrix
 * coefficients 6), which is what pf_h264's VUI announces.
 */
#ifndef PF_ENCODE_COLOR_H
#define PF_ENCODE_COLOR_H

#include <stdbool.h>

#include "base/image.h"

/** Y, U and V; one allocation, owned. The size is even in both directions. */
typedef struct pf_planes {
    uint8_t *plane[3];
    int stride_bytes[3];
    uint32_t width_px;
    uint32_t height_px;
    bool full_color;
} pf_planes;

/** Planes for pictures of this size, rounded up to even. False without memory. */
bool pf_planes_create(pf_planes *planes, uint32_t width_px, uint32_t height_px, bool full_color);
void pf_planes_destroy(pf_planes *planes);

/** Fills the planes from an image of the size they were made for; an odd edge
 * is padded by its last column or row. */
void pf_planes_convert(pf_planes *planes, pf_image image);

#endif
