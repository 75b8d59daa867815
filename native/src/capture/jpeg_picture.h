/* SPDX-License-Identifier: MPL-2.0 */
/** A JPEG of a whole picture by all threads of the pool that have nothing to do. */
#ifndef PF_CAPTURE_JPEG_PICTURE_H
#define PF_CAPTURE_JPEG_PICTURE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"

/** Encodes an image into a buffer of `buffers`, which is the caller's then;
 * *size_bytes of it are the file. On a thread of the pool, or a member's. */
pf_status pf_jpeg_picture_encode(pf_image image, uint32_t quality, bool full_color,
                                 pf_buffer_pool *buffers, pf_buffer **buffer, uint32_t *size_bytes,
                                 pf_error *error);

#endif
