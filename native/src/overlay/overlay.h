/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Pictures drawn over the frame: the pointer and the watermark. They are
 * blended into a stripe's pixels for as long as it is encoded and taken out
 * again, so that the frame stays what the screen showed. Pure.
 */
#ifndef PF_OVERLAY_OVERLAY_H
#define PF_OVERLAY_OVERLAY_H

#include <stdbool.h>

#include "base/image.h"

/** The part that lies in rows y...y+rows-1 of a frame, in px of the frame.
 * Height 0 where there is none. */
pf_rect pf_overlay_part(const pf_sprite *overlay, uint32_t frame_width, uint32_t y, uint32_t rows);

/** Whether both draw the same pixels at the same place. */
bool pf_overlay_same(const pf_sprite *a, const pf_sprite *b);

/** Changes a stripe's hash for an overlay that is drawn into it. */
uint64_t pf_overlay_mix_hash(const pf_sprite *overlay, uint64_t hash);

/** Copies the part out of the frame to `saved` (part.width * part.height * 4
 * bytes; NULL: nowhere), and draws the overlay there. */
void pf_overlay_draw(const pf_sprite *overlay, pf_rect part, uint8_t *frame, uint32_t stride_bytes,
                     uint8_t *saved);

/** Puts back what pf_overlay_draw has saved. */
void pf_overlay_undraw(pf_rect part, uint8_t *frame, uint32_t stride_bytes, const uint8_t *saved);

#endif
