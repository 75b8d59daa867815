/* SPDX-License-Identifier: MPL-2.0 */
/**
 * BGRX to planar YUV: full range, BT.601 matrix (ITU-T H.273: matrix
 * coefficients 6), which is what pf_h264's VUI announces. And to RGBA.
 */
#ifndef PF_ENCODE_COLOR_H
#define PF_ENCODE_COLOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/image.h"

/** Y, U and V; one allocation, owned. */
typedef struct pf_planes {
    uint8_t *plane[3];
    int stride_bytes[3];
    /** The size is a multiple of `alignment` in both directions. */
    uint32_t alignment;
    uint32_t width_px;
    uint32_t height_px;
    bool full_color;
} pf_planes;

/** Planes for images of at most this size, rounded up to the alignment (2...16,
 * a power of two). False without memory. */
bool pf_planes_create(pf_planes *planes, uint32_t width_px, uint32_t height_px, uint32_t alignment,
                      bool full_color);
void pf_planes_destroy(pf_planes *planes);

/** Fills rows y...y+image.height_px-1 of the planes; y is even. Where the image
 * ends off the alignment its last column and row are repeated up to it. */
void pf_planes_convert(pf_planes *planes, pf_image image, uint32_t y);

/** Makes RGBA of BGRX in place; what is in X is dropped, and A is 255. */
void pf_bgrx_to_rgba(uint8_t *pixels, size_t pixel_count);

#endif
