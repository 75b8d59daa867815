/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The watermark's file: any bytes are a picture or are refused with words; what is
 * a picture can be drawn anywhere, writes nothing beside the frame, and comes off
 * again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>
#include <zlib.h>

#include "fuzz.h"
#include "overlay/watermark.h"

enum { SIGNATURE_BYTES = 8, HEAD_BYTES = 13, CHUNK_BYTES = 12, FILE_BYTES_MAX = 1 << 16 };

static const uint8_t signature[SIGNATURE_BYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

typedef struct png_file {
    uint8_t bytes[FILE_BYTES_MAX];
    size_t size_bytes;
} png_file;

static void write_u32(uint8_t *to, uint32_t value) {
    for (int at = 0; at < 4; at++) {
        to[at] = (uint8_t)(value >> (24 - 8 * at));
    }
}

static uint32_t read_u32(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/** Gives every chunk the check sum it ought to have, or libpng would look at
 * none of them (PNG specification, 5.3). */
static void repair(png_file *file) {
    size_t at = SIGNATURE_BYTES;
    memcpy(file->bytes, signature, SIGNATURE_BYTES);
    while (at + CHUNK_BYTES <= file->size_bytes) {
        uint32_t length = read_u32(file->bytes + at);
        if (length > file->size_bytes - at - CHUNK_BYTES) {
            return;
        }
        uint8_t *type = file->bytes + at + 4;
        write_u32(type + 4 + length, (uint32_t)crc32(0, type, 4 + length));
        at += CHUNK_BYTES + length;
    }
}

static void add_chunk(png_file *file, const char *type, const uint8_t *body, size_t size_bytes) {
    FUZZ_CHECK(file->size_bytes + CHUNK_BYTES + size_bytes <= sizeof file->bytes);
    uint8_t *at = file->bytes + file->size_bytes;
    write_u32(at, (uint32_t)size_bytes);
    memcpy(at + 4, type, 4);
    if (size_bytes > 0) {
        memcpy(at + 8, body, size_bytes);
    }
    file->size_bytes += CHUNK_BYTES + size_bytes;
}

/** A file whose head and whose rows before deflating are the input's. */
static void build(fuzz_input *input, png_file *file) {
    uint8_t head[HEAD_BYTES] = {0}, extra[64], rows[4096], packed[8192];
    write_u32(head, fuzz_take_u16(input));
    write_u32(head + 4, fuzz_take_u16(input));
    fuzz_take_bytes(input, head + 8, HEAD_BYTES - 8);
    size_t palette_bytes = fuzz_take_u8(input) % sizeof extra;
    size_t alpha_bytes = fuzz_take_u8(input) % sizeof extra;
    file->size_bytes = SIGNATURE_BYTES;
    add_chunk(file, "IHDR", head, sizeof head);
    fuzz_take_bytes(input, extra, palette_bytes);
    add_chunk(file, "PLTE", extra, palette_bytes);
    fuzz_take_bytes(input, extra, alpha_bytes);
    add_chunk(file, "tRNS", extra, alpha_bytes);
    fuzz_take_bytes(input, rows, sizeof rows);
    uLongf packed_bytes = sizeof packed;
    FUZZ_CHECK(compress2(packed, &packed_bytes, rows, sizeof rows, 1) == Z_OK);
    add_chunk(file, "IDAT", packed, packed_bytes);
    add_chunk(file, "IEND", NULL, 0);
    repair(file);
}

/** Every stripe draws its part and takes it off again. */
static void draw(const pf_watermark *watermark, fuzz_input *input) {
    uint32_t width = fuzz_take_within(input, 1, 200), height = fuzz_take_within(input, 1, 200);
    uint32_t stripe_rows = 16 * fuzz_take_within(input, 1, 8), stride = width * PF_BYTES_PER_PIXEL;
    pf_sprite sprite = pf_watermark_place(watermark, fuzz_take_within(input, 1, 6), width, height,
                                          fuzz_take_u32(input));
    size_t size_bytes = (size_t)stride * height;
    uint8_t *frame = malloc(size_bytes), *before = malloc(size_bytes), *saved = malloc(size_bytes);
    memset(frame, 0x5a, size_bytes);
    memset(before, 0x5a, size_bytes);
    for (uint32_t y = 0; y < height; y += stripe_rows) {
        uint32_t rows = height - y < stripe_rows ? height - y : stripe_rows;
        pf_rect part = pf_overlay_part(&sprite, width, y, rows);
        FUZZ_CHECK(part.height == 0 || (part.y >= y && part.y + part.height <= y + rows));
        FUZZ_CHECK(part.x + part.width <= width);
        pf_overlay_draw(&sprite, part, frame, stride, saved);
        pf_overlay_undraw(part, frame, stride, saved);
    }
    FUZZ_CHECK(memcmp(frame, before, size_bytes) == 0);
    free(frame);
    free(before);
    free(saved);
}

static void load(const png_file *file, fuzz_input *input) {
    char path[64];
    int fd = fuzz_make_file(file->bytes, file->size_bytes, path, sizeof path);
    pf_watermark *watermark = NULL;
    pf_error error = {0};
    pf_status status = pf_watermark_load(path, &watermark, &error);
    close(fd);
    FUZZ_CHECK((status == PF_STATUS_OK) == (watermark != NULL));
    if (status == PF_STATUS_OK) {
        FUZZ_CHECK(watermark->width_px > 0 && watermark->height_px > 0);
        draw(watermark, input);
        pf_watermark_free(watermark);
    } else {
        FUZZ_CHECK(status == PF_STATUS_WATERMARK || status == PF_STATUS_NO_MEMORY);
        FUZZ_CHECK(error.message[0] != '\0');
    }
}

static void run(const uint8_t *bytes, size_t size_bytes) {
    static png_file file;
    fuzz_input input = {bytes, size_bytes};
    uint8_t kind = fuzz_take_u8(&input) % 3;
    uint8_t drawing[12];
    fuzz_take_bytes(&input, drawing, sizeof drawing);
    if (kind == 2) {
        build(&input, &file);
    } else {
        file.size_bytes = input.rest < sizeof file.bytes ? input.rest : sizeof file.bytes;
        fuzz_take_bytes(&input, file.bytes, file.size_bytes);
        if (kind == 1 && file.size_bytes >= SIGNATURE_BYTES) {
            repair(&file);
        }
    }
    load(&file, &(fuzz_input){drawing, sizeof drawing});
}

static void write_seed(const char *name, uint32_t format, bool wide) {
    enum { width = 9, height = 5, size_max = 4096 };
    uint8_t pixels[width * height * 8], colours[256 * 4], file[size_max] = {1};
    for (size_t at = 0; at < sizeof pixels; at++) {
        pixels[at] = (uint8_t)(format & PNG_FORMAT_FLAG_COLORMAP ? at % 7 : at * 37);
    }
    memset(colours, 0x77, sizeof colours);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = width,
                       .height = height,
                       .format = format | (wide ? PNG_FORMAT_FLAG_LINEAR : 0),
                       .colormap_entries = 7};
    size_t head_bytes = 1 + 12, png_bytes = size_max - head_bytes;
    FUZZ_CHECK(
        png_image_write_to_memory(&image, file + head_bytes, &png_bytes, 0, pixels, 0, colours));
    fuzz_seed(name, file, head_bytes + png_bytes);
}

static void write_seeds(void) {
    write_seed("rgba", PNG_FORMAT_RGBA, false);
    write_seed("rgb", PNG_FORMAT_RGB, false);
    write_seed("grey", PNG_FORMAT_GRAY, false);
    write_seed("grey-alpha", PNG_FORMAT_GA, false);
    write_seed("palette", PNG_FORMAT_RGBA_COLORMAP, false);
    write_seed("rgba16", PNG_FORMAT_RGBA, true);
    /* Kind 2: interlaced and not, of every colour type. */
    for (uint8_t type = 0; type < 8; type++) {
        uint8_t seed[] = {2, 99, 80, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 13, 0, 8, type, 0, 0, 0};
        char name[] = {'h', 'e', 'a', 'd', (char)('0' + type), '\0'};
        seed[sizeof seed - 1] = type % 3 == 0;
        fuzz_seed(name, seed, sizeof seed);
    }
}

const fuzz_target fuzz_watermark_target = {"watermark", run, write_seeds};
