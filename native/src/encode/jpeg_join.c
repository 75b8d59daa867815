/* SPDX-License-Identifier: MPL-2.0 */
#include "encode/jpeg_join.h"

#include <string.h>

/* ITU-T T.81, table B.1. */
#define MARKER_SOF0 0xc0
#define MARKER_RST0 0xd0
#define MARKER_SOS 0xda
#define MARKER_DRI 0xdd

#define MARKER_BYTES 2u
#define DRI_BYTES 6u
/* Behind SOF0: two bytes of length, one of precision. */
#define SOF_HEIGHT_OFFSET 5u
#define INTERVAL_MAX 65535u
/** Whole MCUs in either colour format. */
#define ROWS_STEP 16u

static uint32_t divide_up(uint32_t value, uint32_t divisor) {
    return (value + divisor - 1) / divisor;
}

static uint32_t mcu_side(bool full_color) {
    return full_color ? 8 : 16;
}

/** MCUs of so many rows, a multiple of ROWS_STEP. */
static uint32_t interval_of(uint32_t width_px, uint32_t rows, bool full_color) {
    return divide_up(width_px, mcu_side(full_color)) * (rows / mcu_side(full_color));
}

uint32_t pf_jpeg_slice_rows(uint32_t width_px, uint32_t height_px, bool full_color,
                            uint32_t count) {
    uint32_t rows = divide_up(divide_up(height_px, count), ROWS_STEP) * ROWS_STEP;
    uint32_t step_interval = interval_of(width_px, ROWS_STEP, full_color);
    uint32_t rows_max = INTERVAL_MAX / step_interval * ROWS_STEP;
    return rows < rows_max ? rows : rows_max;
}

size_t pf_jpeg_join_bytes_max(const pf_jpeg_slice *slices, uint32_t count) {
    size_t size_bytes = DRI_BYTES;
    for (uint32_t index = 0; index < count; index++) {
        size_bytes += slices[index].size_bytes + MARKER_BYTES;
    }
    return size_bytes;
}

/** Where the segment with this marker begins; 0 where it is missing. */
static size_t find_segment(const pf_jpeg_slice *slice, uint8_t marker) {
    size_t at = MARKER_BYTES; /* behind SOI */
    while (at + 2 * MARKER_BYTES <= slice->size_bytes && slice->bytes[at] == 0xff) {
        const uint8_t *segment = slice->bytes + at;
        if (segment[1] == marker) {
            return at;
        }
        at += MARKER_BYTES + ((size_t)segment[2] << 8 | segment[3]);
    }
    return 0;
}

/** The entropy coded bytes; of size 0 where there are none. */
static pf_jpeg_slice scan_of(const pf_jpeg_slice *slice) {
    size_t at = find_segment(slice, MARKER_SOS);
    if (at == 0) {
        return (pf_jpeg_slice){0};
    }
    const uint8_t *segment = slice->bytes + at;
    at += MARKER_BYTES + ((size_t)segment[2] << 8 | segment[3]);
    bool any = at + MARKER_BYTES < slice->size_bytes;
    return any ? (pf_jpeg_slice){slice->bytes + at, slice->size_bytes - MARKER_BYTES - at}
               : (pf_jpeg_slice){0};
}

static void write_u16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint8_t *append(uint8_t *out, const void *bytes, size_t size_bytes) {
    memcpy(out, bytes, size_bytes);
    return out + size_bytes;
}

/** The first slice's header with the picture's height, and the interval. */
static uint8_t *write_header(const pf_jpeg_slice *first, uint32_t height_px, uint32_t interval,
                             uint8_t *out) {
    size_t frame = find_segment(first, MARKER_SOF0), scan = find_segment(first, MARKER_SOS);
    const uint8_t *entropy = scan_of(first).bytes;
    if (frame == 0 || scan == 0 || entropy == NULL) {
        return NULL;
    }
    uint8_t *end = append(out, first->bytes, scan);
    write_u16(out + frame + SOF_HEIGHT_OFFSET, height_px);
    uint8_t restart[DRI_BYTES] = {0xff, MARKER_DRI, 0, DRI_BYTES - MARKER_BYTES};
    write_u16(restart + 4, interval);
    end = append(end, restart, sizeof restart);
    return append(end, first->bytes + scan, (size_t)(entropy - first->bytes) - scan);
}

size_t pf_jpeg_join(const pf_jpeg_slice *slices, uint32_t count, uint32_t width_px,
                    uint32_t height_px, uint32_t rows, bool full_color, uint8_t *out) {
    uint32_t interval = interval_of(width_px, rows, full_color);
    uint8_t *end = write_header(&slices[0], height_px, interval, out);
    for (uint32_t index = 0; end != NULL && index < count; index++) {
        pf_jpeg_slice scan = scan_of(&slices[index]);
        if (scan.size_bytes == 0) {
            return 0;
        }
        if (index > 0) {
            /* Numbered modulo 8 (B.2.1). */
            const uint8_t marker[] = {0xff, (uint8_t)(MARKER_RST0 + (index - 1) % 8)};
            end = append(end, marker, sizeof marker);
        }
        end = append(end, scan.bytes, scan.size_bytes);
    }
    const uint8_t end_of_image[] = {0xff, 0xd9};
    return end == NULL ? 0 : (size_t)(append(end, end_of_image, sizeof end_of_image) - out);
}
