/* SPDX-License-Identifier: MPL-2.0 */
#include "overlay/overlay.h"

#include <string.h>

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

pf_rect pf_overlay_part(const pf_sprite *overlay, uint32_t frame_width, uint32_t y, uint32_t rows) {
    int64_t left = larger(overlay->x, 0);
    int64_t right = smaller((int64_t)overlay->x + overlay->width_px, frame_width);
    int64_t top = larger(overlay->y, y);
    int64_t bottom = smaller((int64_t)overlay->y + overlay->height_px, (int64_t)y + rows);
    if (overlay->pixels == NULL || left >= right || top >= bottom) {
        return (pf_rect){0};
    }
    return (pf_rect){(uint32_t)left, (uint32_t)top, (uint32_t)(right - left),
                     (uint32_t)(bottom - top)};
}

bool pf_overlay_same(const pf_sprite *a, const pf_sprite *b) {
    if (a->pixels == NULL || b->pixels == NULL) {
        return a->pixels == b->pixels;
    }
    return a->serial == b->serial && a->x == b->x && a->y == b->y;
}

uint64_t pf_overlay_mix_hash(const pf_sprite *overlay, uint64_t hash) {
    /* Odd 64-bit constants; each product is a permutation of its factor. */
    hash = (hash ^ overlay->serial) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 32;
    hash = (hash ^ ((uint64_t)(uint32_t)overlay->x << 32 | (uint32_t)overlay->y)) *
           0xd6e8feb86659fd93ull;
    return hash ^ hash >> 32;
}

static uint8_t blend_channel(uint8_t over, uint8_t under, uint8_t alpha) {
    /* Rounded; `over` has its alpha in it already. */
    uint32_t sum = over + (under * (255u - alpha) + 127) / 255;
    return sum < 255 ? (uint8_t)sum : 255;
}

static void blend_row(uint8_t *row, const uint8_t *over, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, row += PF_BYTES_PER_PIXEL, over += PF_BYTES_PER_PIXEL) {
        uint8_t alpha = over[3];
        for (int channel = 0; channel < 3; channel++) {
            row[channel] = blend_channel(over[channel], row[channel], alpha);
        }
    }
}

void pf_overlay_draw(const pf_sprite *overlay, pf_rect part, uint8_t *frame, uint32_t stride_bytes,
                     uint8_t *saved) {
    size_t row_bytes = (size_t)part.width * PF_BYTES_PER_PIXEL;
    size_t column = (size_t)((int64_t)part.x - overlay->x);
    for (uint32_t row = 0; row < part.height; row++) {
        uint8_t *at =
            frame + (size_t)(part.y + row) * stride_bytes + (size_t)part.x * PF_BYTES_PER_PIXEL;
        size_t line = (size_t)((int64_t)part.y + row - overlay->y);
        if (saved != NULL) {
            memcpy(saved + row * row_bytes, at, row_bytes);
        }
        blend_row(at, overlay->pixels + (line * overlay->width_px + column) * PF_BYTES_PER_PIXEL,
                  part.width);
    }
}

void pf_overlay_undraw(pf_rect part, uint8_t *frame, uint32_t stride_bytes, const uint8_t *saved) {
    size_t row_bytes = (size_t)part.width * PF_BYTES_PER_PIXEL;
    for (uint32_t row = 0; row < part.height; row++) {
        memcpy(frame + (size_t)(part.y + row) * stride_bytes + (size_t)part.x * PF_BYTES_PER_PIXEL,
               saved + row * row_bytes, row_bytes);
    }
}
