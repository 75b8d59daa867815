/* SPDX-License-Identifier: MPL-2.0 */
/** Frame sources: screens for captures, whose pixels the caller pushes. */
#ifndef PIXELFLUX_FRAMES_H
#define PIXELFLUX_FRAMES_H

#include "api.h"
#include "status.h"

/** Frame sources that may be open at the same time in one process, and rectangles
 * that one push may name. */
#define PF_FRAMES_COUNT_MAX 1024
#define PF_FRAMES_DAMAGE_COUNT_MAX 1024

/**
 * Makes a frame source: a screen whose pixels the caller pushes, for captures whose
 * display is "frames://HANDLE" with the handle in decimal digits. Any number of
 * captures may show it; each has the newest picture when it comes to take one.
 *
 * With a width and a height in px, 1...16384 each, the screen is there at once and
 * black. With 0 and 0 its size is that of the first push, for which captures wait.
 * The caller owes pf_frames_free. Handles of frame sources and of captures are of
 * different kinds. Does not block.
 *
 * Errors: INVALID_ARGUMENT, NO_MEMORY, NO_RESOURCE (PF_FRAMES_COUNT_MAX are open);
 * pf_last_message has the words.
 */
PF_API int32_t pf_frames_create(uint32_t width, uint32_t height, uint64_t *handle);

/**
 * Pushes a picture of width by height px, 1...16384 each: RGBA, a byte each, rows
 * top-down, `stride_bytes` (4 * width or more) from the beginning of one to that of
 * the next. Of rgba_bytes there have to be (height - 1) * stride_bytes + 4 * width.
 * Alpha is not looked at. Another size than before is the screen's from here on.
 *
 * `damage` names the rectangles that are not as in the push before, four numbers
 * each, in px: x, y, width and height, of which both sides are 1 or more, and all
 * within the picture; there may be up to PF_FRAMES_DAMAGE_COUNT_MAX. Only these are
 * read, and what has changed elsewhere shows when a later push names it. NULL means
 * all of the picture, and so does everything where the size is another one; no
 * rectangle, that there is nothing new.
 *
 * Writes to *serial the number of this push, counted from 1; where there was
 * nothing new, that of the one before.
 *
 * Copies before it returns. Waits for another push to the same frame source, and
 * for nothing else: a slow capture misses pictures. Any thread.
 *
 * Errors: INVALID_ARGUMENT, NO_MEMORY, both with words in pf_last_message;
 * STALE_HANDLE.
 */
PF_API int32_t pf_frames_push(uint64_t handle, const uint8_t *rgba, uint64_t rgba_bytes,
                              uint32_t width, uint32_t height, uint32_t stride_bytes,
                              const uint32_t *damage, uint32_t damage_count, uint64_t *serial);

/**
 * Blocks until each capture that has opened the frame source has taken the push of
 * that serial or a later one, or needs none of them because nothing in its region
 * has changed; or timeout_ms (0...PF_WAIT_MS_MAX, larger values count as that) has
 * passed. At once where no capture has it open. What a capture has taken shows in
 * its next stripes, and in screenshots.
 *
 * Returns OK, TIMEOUT, or ENDED where pf_frames_free comes meanwhile. Errors:
 * STALE_HANDLE.
 */
PF_API int32_t pf_frames_wait(uint64_t handle, uint64_t serial, uint32_t timeout_ms);

/**
 * Closes a frame source. Captures that have it open go on with its last picture,
 * which is theirs from here on; those that wait for a first one, and those that
 * come later, fail with DISPLAY_OPEN. Does not block.
 *
 * Errors: STALE_HANDLE (also for the second of two calls).
 */
PF_API int32_t pf_frames_free(uint64_t handle);

#endif
