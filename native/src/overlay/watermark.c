/* SPDX-License-Identifier: MPL-2.0 */
#include "overlay/watermark.h"

#include <errno.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "base/memory.h"

#define ANIMATION_PX_PER_FRAME 2u

/* A file that decodes to more is a mistake, or an attack: 256 MiB. */
#define PIXEL_COUNT_MAX ((size_t)64 << 20)
#define SIDE_PX_MAX 65535u

static void premultiply(uint8_t *pixels, size_t pixel_count) {
    for (; pixel_count > 0; pixel_count--, pixels += PF_BYTES_PER_PIXEL) {
        for (int channel = 0; channel < 3; channel++) {
            pixels[channel] = (uint8_t)((pixels[channel] * pixels[3] + 127) / 255);
        }
    }
}

/** One file being read. libpng leaves by longjmp when something is wrong. */
typedef struct png_reading {
    png_structp png;
    png_infop info;
    jmp_buf failed;
    char message[128];
} png_reading;

static void on_png_error(png_structp png, png_const_charp message) {
    png_reading *self = png_get_error_ptr(png);
    snprintf(self->message, sizeof self->message, "%s", message);
    longjmp(self->failed, 1);
}

static void on_png_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static png_voidp on_png_alloc(png_structp png, png_alloc_size_t size_bytes) {
    (void)png;
    return pf_alloc_bytes(size_bytes);
}

static void on_png_free(png_structp png, png_voidp memory) {
    (void)png;
    pf_free(memory);
}

/** Whatever the file holds, rows of straight 8-bit BGRA come out. */
static void ask_for_bgra(png_structp png) {
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_bgr(png);
    png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
}

static void read_header(png_reading *self, FILE *file) {
    png_init_io(self->png, file);
    png_set_user_limits(self->png, SIDE_PX_MAX, SIDE_PX_MAX);
    png_read_info(self->png, self->info);
    ask_for_bgra(self->png);
    if ((size_t)png_get_image_width(self->png, self->info) *
            png_get_image_height(self->png, self->info) >
        PIXEL_COUNT_MAX) {
        png_error(self->png, "it is larger than 64 megapixels");
    }
}

/** An interlaced file takes several passes over the same rows. */
static void read_rows(png_reading *self, pf_watermark *watermark) {
    int pass_count = png_set_interlace_handling(self->png);
    png_read_update_info(self->png, self->info);
    size_t stride_bytes = (size_t)watermark->width_px * PF_BYTES_PER_PIXEL;
    for (int pass = 0; pass < pass_count; pass++) {
        for (uint32_t row = 0; row < watermark->height_px; row++) {
            png_read_row(self->png, watermark->pixels + row * stride_bytes, NULL);
        }
    }
    png_read_end(self->png, NULL);
}

static pf_watermark *alloc_watermark(const png_reading *self) {
    static atomic_uint_fast64_t serial;
    uint32_t width_px = png_get_image_width(self->png, self->info);
    uint32_t height_px = png_get_image_height(self->png, self->info);
    pf_watermark *watermark =
        pf_alloc(1, sizeof *watermark + (size_t)width_px * height_px * PF_BYTES_PER_PIXEL);
    if (watermark != NULL) {
        watermark->width_px = width_px;
        watermark->height_px = height_px;
        watermark->serial = atomic_fetch_add(&serial, 1);
    }
    return watermark;
}

static pf_status read_png(png_reading *self, FILE *file, const char *path, pf_watermark **watermark,
                          pf_error *error) {
    /* Set between setjmp and longjmp, read behind it. */
    pf_watermark *volatile made = NULL;
    if (setjmp(self->failed)) {
        pf_free(made);
        return pf_error_set(error, PF_STATUS_WATERMARK,
                            "watermark_path: cannot read \"%s\" as PNG: %s", path, self->message);
    }
    read_header(self, file);
    made = alloc_watermark(self);
    if (made == NULL) {
        return pf_error_no_memory(error, "the watermark");
    }
    read_rows(self, made);
    premultiply(made->pixels, (size_t)made->width_px * made->height_px);
    *watermark = made;
    return PF_STATUS_OK;
}

static pf_status read_file(FILE *file, const char *path, pf_watermark **watermark,
                           pf_error *error) {
    png_reading self = {0};
    self.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &self, on_png_error, on_png_warning,
                                        NULL, on_png_alloc, on_png_free);
    self.info = self.png == NULL ? NULL : png_create_info_struct(self.png);
    pf_status status = self.info == NULL ? pf_error_no_memory(error, "the watermark")
                                         : read_png(&self, file, path, watermark, error);
    png_destroy_read_struct(&self.png, &self.info, NULL);
    return status;
}

pf_status pf_watermark_load(const char *path, pf_watermark **watermark, pf_error *error) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return pf_error_set(error, PF_STATUS_WATERMARK, "watermark_path: cannot open \"%s\": %s",
                            path, strerror(errno));
    }
    pf_status status = read_file(file, path, watermark, error);
    fclose(file);
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

pf_sprite pf_watermark_place(const pf_watermark *watermark, uint32_t location, uint32_t frame_width,
                             uint32_t frame_height, uint64_t step) {
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
    return (pf_sprite){.pixels = watermark->pixels,
                       .width_px = watermark->width_px,
                       .height_px = watermark->height_px,
                       .x = (int32_t)x,
                       .y = (int32_t)y,
                       .serial = watermark->serial};
}
