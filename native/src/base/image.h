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

/** A picture at a place, to be drawn over a frame. It owns nothing; without
 * pixels there is nothing to be drawn. */
typedef struct pf_sprite {
    /** Premultiplied BGRA, rows without gaps. */
    const uint8_t *pixels;
    uint32_t width_px;
    uint32_t height_px;
    /** Its top left corner in the frame; may lie outside. */
    int32_t x;
    int32_t y;
    /** Another number for other pixels. */
    uint64_t serial;
} pf_sprite;

/** A rectangle of an image, which lies within it. */
static inline pf_image pf_image_part(pf_image image, pf_rect part) {
    image.pixels += (uint64_t)part.y * image.stride_bytes + (uint64_t)part.x * PF_BYTES_PER_PIXEL;
    image.width_px = part.width;
    image.height_px = part.height;
    return image;
}

/** The rows y...y+height_px-1 of an image. */
static inline pf_image pf_image_rows(pf_image image, uint32_t y, uint32_t height_px) {
    image.pixels += (uint64_t)y * image.stride_bytes;
    image.height_px = height_px;
    return image;
}

#endif
