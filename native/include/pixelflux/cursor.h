/* SPDX-License-Identifier: MPL-2.0 */
/** The pointer beside the stripes, for captures of PF_CURSOR_STREAM. */
#ifndef PIXELFLUX_CURSOR_H
#define PIXELFLUX_CURSOR_H

#include "api.h"
#include "status.h"

/** Sides of a pointer's image in px; a larger one counts as not visible. */
#define PF_CURSOR_SIDE_PX_MAX 256

/** Images that a reader of the pointer's stream has to keep: those handed out last. */
#define PF_CURSOR_IMAGE_COUNT_MAX 64

/**
 * The pointer as it is now, as pf_capture_drain_cursor hands it out. `bytes`, where
 * there is an image, is owned, and given back, as that of a pf_stripe is. The first
 * two fields are in the same places as there and the structure is no larger, so
 * that a lease can hold it in a stripe's place.
 */
typedef struct pf_cursor {
    /** The image where it is a new one, else 0: RGBA, a byte each, straight (not
     * premultiplied), rows top-down without padding. */
    uint64_t bytes;
    /** To be handed to pf_stripe_release; 0 without an image. */
    uint64_t context;
    /** width * height * 4. */
    uint32_t size_bytes;
    /** Whether any pixel of it lies in the region. The server has one, and it is not
     * all transparent then. */
    uint32_t visible;
    /** Its hot spot in px of the region; it may lie outside. Where it is not visible:
     * as it was when it last was. */
    int32_t x;
    int32_t y;
    /** Which image it has, never 0: one of the last PF_CURSOR_IMAGE_COUNT_MAX that
     * have been handed out, or the one that comes with it. 0 where not visible. */
    uint32_t image_id;
    /** Of the image that comes with it, 1...PF_CURSOR_SIDE_PX_MAX; else 0. */
    uint32_t width;
    uint32_t height;
    /** The hot spot within that image, which it lies in. */
    uint32_t hot_x;
    uint32_t hot_y;
    uint32_t reserved;
} pf_cursor;

/**
 * Writes the pointer's present state to *cursor and 1 to *count where it differs
 * from what was handed out last; else *count is 0 and *cursor unchanged. For
 * captures of PF_CURSOR_STREAM, from the first frame on. Never blocks, and does not
 * touch stripes or their news.
 *
 * States are not queued: the newest wins. An image comes with the first state that
 * shows it, and again where it has fallen out of the last
 * PF_CURSOR_IMAGE_COUNT_MAX. States are read at most target_fps times a second; the
 * pointer alone makes no frame, and one that stands still wakes nobody. A pointer
 * that a program warps is seen with the next frame. When a display that was lost is
 * back, and when the mode begins, the state is told anew; when it ends the pointer
 * is told to be not visible. After pf_capture_stop nothing is handed out any more.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain_cursor(uint64_t handle, pf_cursor *cursor, uint32_t *count);

#endif
