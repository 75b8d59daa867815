/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Pixels that have moved up or down are told of instead of sent again. Only where
 * pictures are partial: the reader's picture is exactly what was sent of the frame
 * as it was before the grab, so a copy of it is right wherever the pixels are.
 *
 * Overlays are part of the reader's picture, but not of the frame: where a copy
 * moves one, or is drawn over it, the stripe is mended by a picture.
 */
#ifndef PF_CAPTURE_SCROLL_COPY_H
#define PF_CAPTURE_SCROLL_COPY_H

#include "base/error.h"
#include "damage/scroll.h"

typedef struct pf_frame_stage pf_frame_stage;
typedef struct pf_frame_request pf_frame_request;

/** What a frame stage knows of moved pixels. */
typedef struct pf_scroll_copy {
    /** Pixels from before the grab, of `kept` of the frame. */
    uint8_t *before;
    size_t before_bytes;
    /** What is searched, in px of the frame; of height 0 where this frame looks for
     * nothing. */
    pf_rect area;
    /** The tiles that the area touches. */
    pf_rect kept;
    pf_scroll_memory memory;
    /** Searches in vain one after the other, and frames until the next one. */
    uint32_t miss_count;
    uint32_t pause_frames;
    /** What was found, in px of the frame; of height 0 for nothing. */
    pf_scroll found;
    /** What was found last, in px of last_area. */
    pf_scroll last;
    pf_rect last_area;
} pf_scroll_copy;

/** Before the grab: keeps the pixels of a place where some may be moving. */
void pf_scroll_copy_begin(pf_frame_stage *stage, const pf_frame_request *request);

/** Whether stripes have to wait for pf_scroll_copy_find in this frame. */
bool pf_scroll_copy_searches(const pf_frame_stage *stage);

/** After the grab, before any stripe's job: sends a copy where pixels moved. */
pf_status pf_scroll_copy_find(pf_frame_stage *stage, const pf_frame_request *request,
                              pf_error *error);

/** In a stripe's job, when its tiles have been looked at: takes back what the copy
 * has shown, and marks what it has moved though it should not have. Whether there
 * was any of that. */
bool pf_scroll_copy_settle(pf_frame_stage *stage, uint32_t stripe);
void pf_scroll_copy_free(pf_scroll_copy *scroll);

#endif
