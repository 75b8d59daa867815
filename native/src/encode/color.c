/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/color.h"

#include <string.h>

#include <libyuv/convert_from_argb.h>

#include "base/memory.h"

static uint32_t round_up(uint32_t size, uint32_t alignment) {
    return (size + alignment - 1) & ~(alignment - 1);
}

bool pf_planes_create(pf_planes *planes, uint32_t width_px, uint32_t height_px, uint32_t alignment,
                      bool full_color) {
    uint32_t width = round_up(width_px, alignment), height = round_up(height_px, alignment);
    /* Rows begin on vector boundaries. */
    size_t luma_stride = round_up(width, 64);
    size_t chroma_stride = full_color ? luma_stride : luma_stride / 2;
    size_t luma_bytes = luma_stride * height;
    size_t chroma_bytes = chroma_stride * (full_color ? height : height / 2);
    uint8_t *memory = pf_alloc_aligned(luma_bytes + 2 * chroma_bytes);
    if (memory == NULL) {
        return false;
    }
    *planes =
        (pf_planes){.plane = {memory, memory + luma_bytes, memory + luma_bytes + chroma_bytes},
                    .stride_bytes = {(int)luma_stride, (int)chroma_stride, (int)chroma_stride},
                    .alignment = alignment,
                    .width_px = width,
                    .height_px = height,
                    .full_color = full_color};
    return true;
}

void pf_planes_destroy(pf_planes *planes) {
    pf_free(planes->plane[0]);
    planes->plane[0] = NULL;
}

/* BT.601, full range, in 1/65536ths; each row's weights add up to 65536 (luma)
 * or to 0 (chroma), so that greys stay grey. */
static void convert_row_444(const uint8_t *bgrx, uint8_t *y, uint8_t *u, uint8_t *v,
                            uint32_t width) {
    for (uint32_t x = 0; x < width; x++) {
        int32_t b = bgrx[4 * x], g = bgrx[4 * x + 1], r = bgrx[4 * x + 2];
        y[x] = (uint8_t)((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
        u[x] = (uint8_t)((-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767) >> 16);
        v[x] = (uint8_t)((32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16);
    }
}

/* libyuv has no full range 4:4:4 in the versions that Debian ships. */
static void convert_444(uint8_t *const rows[3], const int strides[3], pf_image image) {
    for (uint32_t row = 0; row < image.height_px; row++) {
        convert_row_444(image.pixels + (size_t)row * image.stride_bytes,
                        rows[0] + (size_t)row * (size_t)strides[0],
                        rows[1] + (size_t)row * (size_t)strides[1],
                        rows[2] + (size_t)row * (size_t)strides[2], image.width_px);
    }
}

/** Repeats the last column and row of `width` by `height` samples. */
static void pad(uint8_t *rows, size_t stride, uint32_t width, uint32_t height,
                uint32_t padded_width, uint32_t padded_height) {
    if (padded_width > width) {
        for (uint32_t row = 0; row < height; row++) {
            uint8_t *end = rows + row * stride + width;
            memset(end, end[-1], padded_width - width);
        }
    }
    for (uint32_t row = height; row < padded_height; row++) {
        memcpy(rows + row * stride, rows + (height - 1) * stride, padded_width);
    }
}

void pf_planes_convert(pf_planes *planes, pf_image image, uint32_t y) {
    uint32_t width = image.width_px, height = image.height_px;
    uint32_t padded_width = round_up(width, planes->alignment);
    uint32_t padded_height = round_up(y + height, planes->alignment) - y;
    uint32_t chroma_shift = planes->full_color ? 0 : 1;
    const int *strides = planes->stride_bytes;
    uint8_t *rows[3] = {planes->plane[0] + (size_t)y * (size_t)strides[0],
                        planes->plane[1] + (size_t)(y >> chroma_shift) * (size_t)strides[1],
                        planes->plane[2] + (size_t)(y >> chroma_shift) * (size_t)strides[2]};
    if (planes->full_color) {
        convert_444(rows, strides, image);
    } else {
        ARGBToJ420(image.pixels, (int)image.stride_bytes, rows[0], strides[0], rows[1], strides[1],
                   rows[2], strides[2], (int)width, (int)height);
    }
    for (uint32_t index = 0; index < 3; index++) {
        uint32_t shift = index > 0 ? chroma_shift : 0;
        pad(rows[index], (size_t)strides[index], (width + shift) >> shift,
            (height + shift) >> shift, padded_width >> shift, padded_height >> shift);
    }
}

void pf_bgrx_to_rgba(uint8_t *pixels, size_t pixel_count) {
    for (; pixel_count > 0; pixel_count--, pixels += PF_BYTES_PER_PIXEL) {
        uint32_t bgrx;
        memcpy(&bgrx, pixels, sizeof bgrx);
        uint32_t rgba = (bgrx >> 16 & 0xff) | (bgrx & 0xff00) | (bgrx & 0xff) << 16 | 0xff000000u;
        memcpy(pixels, &rgba, sizeof rgba);
    }
}
