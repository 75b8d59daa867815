/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/color.h"

#include <string.h>

#include <libyuv/convert_from_argb.h>

#include "base/memory.h"

static uint32_t even(uint32_t size) {
    return (size + 1) & ~1u;
}

bool pf_planes_create(pf_planes *planes, uint32_t width_px, uint32_t height_px, bool full_color) {
    uint32_t width = even(width_px), height = even(height_px);
    /* Rows begin on vector boundaries. */
    size_t luma_stride = (width + 63) & ~63u;
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
static void convert_444(pf_planes *planes, pf_image image) {
    for (uint32_t row = 0; row < image.height_px; row++) {
        convert_row_444(image.pixels + (size_t)row * image.stride_bytes,
                        planes->plane[0] + (size_t)row * (size_t)planes->stride_bytes[0],
                        planes->plane[1] + (size_t)row * (size_t)planes->stride_bytes[1],
                        planes->plane[2] + (size_t)row * (size_t)planes->stride_bytes[2],
                        image.width_px);
    }
}

/** Repeats the last column and row where the plane is one larger. */
static void pad(uint8_t *plane, size_t stride, uint32_t width, uint32_t height,
                uint32_t padded_width, uint32_t padded_height) {
    if (padded_width > width) {
        for (uint32_t row = 0; row < height; row++) {
            plane[row * stride + width] = plane[row * stride + width - 1];
        }
    }
    if (padded_height > height) {
        memcpy(plane + height * stride, plane + (height - 1) * stride, padded_width);
    }
}

void pf_planes_convert(pf_planes *planes, pf_image image) {
    if (planes->full_color) {
        convert_444(planes, image);
    } else {
        ARGBToJ420(image.pixels, (int)image.stride_bytes, planes->plane[0], planes->stride_bytes[0],
                   planes->plane[1], planes->stride_bytes[1], planes->plane[2],
                   planes->stride_bytes[2], (int)image.width_px, (int)image.height_px);
    }
    /* Subsampled chroma of an odd size has its half pixel already. */
    int padded_planes = planes->full_color ? 3 : 1;
    for (int index = 0; index < padded_planes; index++) {
        pad(planes->plane[index], (size_t)planes->stride_bytes[index], image.width_px,
            image.height_px, planes->width_px, planes->height_px);
    }
}
