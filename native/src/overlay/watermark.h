/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_OVERLAY_WATERMARK_H
#define PF_OVERLAY_WATERMARK_H

#include "base/error.h"
#include "overlay/overlay.h"

/** A decoded PNG. */
typedef struct pf_watermark {
    uint32_t width_px;
    uint32_t height_px;
    /** Another number for every file read. */
    uint64_t serial;
    /** Premultiplied BGRA, rows without gaps. */
    uint8_t pixels[];
} pf_watermark;

/** Reads and decodes a PNG file of any colour type. Blocks on the file. */
pf_status pf_watermark_load(const char *path, pf_watermark **watermark, pf_error *error);
void pf_watermark_free(pf_watermark *watermark);

/** The watermark at its place (a pf_watermark_location other than NONE) in a
 * frame; `step` counts the frames of an animated one. */
pf_sprite pf_watermark_place(const pf_watermark *watermark, uint32_t location, uint32_t frame_width,
                             uint32_t frame_height, uint64_t step);

#endif
