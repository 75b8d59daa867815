/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_BASE_IMAGE_H
#define PF_BASE_IMAGE_H

#include <stdint.h>

#define PF_BYTES_PER_PIXEL 4

/** A view of BGRX pixels, rows top-down, stride_bytes * height_px bytes. It
 * owns nothing. */
typedef struct pf_image {
    const uint8_t *pixels;
    uint32_t stride_bytes;
    uint32_t width_px;
    uint32_t height_px;
} pf_image;

/** A rectangle of a frame, in px. */
typedef struct pf_rect {
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_rect;

/** The rows y...y+height_px-1 of an image. */
static inline pf_image pf_image_rows(pf_image image, uint32_t y, uint32_t height_px) {
    image.pixels += (uint64_t)y * image.stride_bytes;
    image.height_px = height_px;
    return image;
}

#endif
