/* SPDX-License-Identifier: MPL-2.0 */
#include "overlay/watermark.h"

#include <stdatomic.h>
#include <string.h>

#include <png.h>

#include "base/memory.h"

#define ANIMATION_PX_PER_FRAME 2u

/* A file that decodes to more is a mistake, or an attack: 256 MiB. */
#define PIXEL_COUNT_MAX ((size_t)64 << 20)

static void premultiply(uint8_t *pixels, size_t pixel_count) {
    for (; pixel_count > 0; pixel_count--, pixels += PF_BYTES_PER_PIXEL) {
        for (int channel = 0; channel < 3; channel++) {
            pixels[channel] = (uint8_t)((pixels[channel] * pixels[3] + 127) / 255);
        }
    }
}

static pf_status refuse(const char *path, const char *reason, pf_error *error) {
    return pf_error_set(error, PF_STATUS_WATERMARK, "watermark_path: cannot read \"%s\" as PNG: %s",
                        path, reason);
}

/** Decodes what png_image_begin_read_from_file has opened. */
static pf_status decode(png_image *image, const char *path, pf_watermark **watermark,
                        pf_error *error) {
    static atomic_uint_fast64_t serial;
    size_t pixel_count = (size_t)image->width * image->height;
    if (pixel_count > PIXEL_COUNT_MAX) {
        return refuse(path, "it is larger than 64 megapixels", error);
    }
    pf_watermark *self = pf_alloc_bytes(sizeof *self + pixel_count * PF_BYTES_PER_PIXEL);
    if (self == NULL) {
        return pf_error_no_memory(error, "the watermark");
    }
    image->format = PNG_FORMAT_BGRA;
    if (!png_image_finish_read(image, NULL, self->pixels, 0, NULL)) {
        pf_free(self);
        return refuse(path, image->message, error);
    }
    premultiply(self->pixels, pixel_count);
    self->width_px = image->width;
    self->height_px = image->height;
    self->serial = atomic_fetch_add(&serial, 1);
    *watermark = self;
    return PF_STATUS_OK;
}

pf_status pf_watermark_load(const char *path, pf_watermark **watermark, pf_error *error) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path)) {
        return refuse(path, image.message, error);
    }
    /* Else libpng takes 16-bit files that say nothing for linear light. */
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    pf_status status = decode(&image, path, watermark, error);
    png_image_free(&image);
    return status;
}

void pf_watermark_free(pf_watermark *watermark) {
    pf_free(watermark);
}

/** Runs to and fro between 0 and `limit`. */
static uint32_t bounce(uint64_t travelled, uint32_t limit) {
    if (limit == 0) {
        return 0;
    }
    uint64_t phase = travelled % (2ull * limit);
    return (uint32_t)(phase < limit ? phase : 2ull * limit - phase);
}

pf_overlay pf_watermark_place(const pf_watermark *watermark, uint32_t location,
                              uint32_t frame_width, uint32_t frame_height, uint64_t step) {
    /* One that is larger than the frame begins in its corner and is cut. */
    uint32_t room_x = frame_width > watermark->width_px ? frame_width - watermark->width_px : 0;
    uint32_t room_y = frame_height > watermark->height_px ? frame_height - watermark->height_px : 0;
    bool right = location == PF_WATERMARK_TOP_RIGHT || location == PF_WATERMARK_BOTTOM_RIGHT;
    bool bottom = location == PF_WATERMARK_BOTTOM_LEFT || location == PF_WATERMARK_BOTTOM_RIGHT;
    uint32_t x = right ? room_x : 0, y = bottom ? room_y : 0;
    if (location == PF_WATERMARK_MIDDLE) {
        x = room_x / 2;
        y = room_y / 2;
    } else if (location == PF_WATERMARK_ANIMATED) {
        x = bounce(step * ANIMATION_PX_PER_FRAME, room_x);
        y = bounce(step * ANIMATION_PX_PER_FRAME, room_y);
    }
    return (pf_overlay){.pixels = watermark->pixels,
                        .width_px = watermark->width_px,
                        .height_px = watermark->height_px,
                        .x = (int32_t)x,
                        .y = (int32_t)y,
                        .serial = watermark->serial};
}
