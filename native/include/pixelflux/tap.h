/* SPDX-License-Identifier: MPL-2.0 */
/** The pixels that each frame of a capture changes, not encoded. */
#ifndef PIXELFLUX_TAP_H
#define PIXELFLUX_TAP_H

#include "api.h"
#include "status.h"

/**
 * The pixels that a frame has changed, as pf_capture_drain_tap hands them out: of the
 * screen, without the pointer and the watermark. `bytes` is owned, and given back, as
 * that of a pf_stripe is, and holds rectangle_count pf_rectangle, then the pixels of
 * each of them: RGBA, a byte each, A always 255, rows top-down without gaps. The first
 * two fields are in the same places as in pf_stripe, for a lease.
 */
typedef struct pf_tap_frame {
    uint64_t bytes;
    uint64_t context;
    /** CLOCK_MONOTONIC when the pixels were grabbed, in microseconds; grows. */
    uint64_t timestamp_us;
    uint32_t size_bytes;
    /** That of the stripes which show it. */
    uint32_t frame_id;
    /** The frame's size in px. Where it is another than before, all is there. */
    uint32_t width;
    uint32_t height;
    uint32_t rectangle_count;
    /** Frames before it whose changes are part of this one, for want of room. */
    uint32_t merged_count;
} pf_tap_frame;

/**
 * Begins to copy what each frame changes, for pf_capture_drain_tap; the first one is
 * complete, and of now. `bytes_max` bounds what waits to be drained, but for one frame
 * of any size; at most 64 wait. Changes for which there is no room are part of the next
 * frame that has it. 0 ends it, and discards what waits. Frames that wait are news for
 * pf_capture_wait. Whether changes are known exactly, and looked at while nobody reads
 * the stripes, says pf_capture_watch. Does not block.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_tap(uint64_t handle, uint32_t bytes_max);

/**
 * Moves the oldest frame that waits into *frame and writes to *count whether there was
 * one, 0 or 1. Never blocks. After pf_capture_stop nothing is handed out any more;
 * after a failure the frames that were ready still are.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain_tap(uint64_t handle, pf_tap_frame *frame, uint32_t *count);

#endif
