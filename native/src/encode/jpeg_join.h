/* SPDX-License-Identifier: MPL-2.0 */
/**
 * One JPEG out of several that were encoded at the same time, each of some rows of
 * the picture: a restart interval each (ITU-T T.81, F.1.1.5.3). Pure.
 */
#ifndef PF_ENCODE_JPEG_JOIN_H
#define PF_ENCODE_JPEG_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A slice: a baseline file as libjpeg writes it, without restart intervals. */
typedef struct pf_jpeg_slice {
    const uint8_t *bytes;
    size_t size_bytes;
} pf_jpeg_slice;

/** Rows of a slice: as many as give `count` of them, or fewer where the interval
 * would not fit into its 16 bits. All slices have so many but the last. */
uint32_t pf_jpeg_slice_rows(uint32_t width_px, uint32_t height_px, bool full_color, uint32_t count);

/** Bytes that pf_jpeg_join writes at most. */
size_t pf_jpeg_join_bytes_max(const pf_jpeg_slice *slices, uint32_t count);

/** Joins slices of a picture of this size, `rows` each but the last, all of one
 * quality and colour format. Returns the bytes written; 0 where a slice is no file
 * of that kind. */
size_t pf_jpeg_join(const pf_jpeg_slice *slices, uint32_t count, uint32_t width_px,
                    uint32_t height_px, uint32_t rows, bool full_color, uint8_t *out);

#endif
