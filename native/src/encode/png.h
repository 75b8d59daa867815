/* SPDX-License-Identifier: MPL-2.0 */
/** PNG files by libpng: lossless, 8-bit RGB, made to be quick rather than small. */
#ifndef PF_ENCODE_PNG_H
#define PF_ENCODE_PNG_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"
#include "base/wake.h"

/** Encodes an image into a buffer of the pool, which is the caller's then;
 * *size_bytes of it are the file. Gives up with PF_STATUS_ENDED when `wake` is
 * stopped. */
pf_status pf_png_encode(pf_image image, const pf_wake *wake, pf_buffer_pool *pool,
                        pf_buffer **buffer, uint32_t *size_bytes, pf_error *error);

#endif
