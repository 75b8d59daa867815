/* SPDX-License-Identifier: MPL-2.0 */
/** What has changed on a capture's screen, where, and when. */
#ifndef PIXELFLUX_CHANGES_H
#define PIXELFLUX_CHANGES_H

#include "api.h"
#include "status.h"

/** What a capture does for those who want to know what changes on the screen; each
 * does what the ones before do, too. It does nothing on a still screen. */
typedef enum pf_watch {
    /** Notes what its frames show. */
    PF_WATCH_NOTHING = 0,
    /** Goes on looking, ten times a second at most, while its stripes are not read
     * and no frame can be taken. */
    PF_WATCH_KEEP = 1,
    /** Looks at the frame rate then, and at pixels that it else believes to have
     * changed where the server says so: in stripes in motion. */
    PF_WATCH_EXACT = 2,
    /** Each change is news for pf_capture_wait. */
    PF_WATCH_TELL = 3
} pf_watch;

/** Rectangles that pf_capture_changes takes and gives at most. */
#define PF_CHANGE_RECTANGLE_COUNT_MAX 64

/** A rectangle of the frame, in px. */
typedef struct pf_rectangle {
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_rectangle;

/** What pf_capture_changes is asked. */
typedef struct pf_change_query {
    uint32_t size_bytes;
    /** Rectangles to be ignored, 0...PF_CHANGE_RECTANGLE_COUNT_MAX. */
    uint32_t ignored_count;
    /** A token_us: changes up to then are not told. */
    uint64_t since_us;
    /** The part of the frame that counts. Width or height 0: as far as the frame
     * goes from there. */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_change_query;

/** What is known of changes. Pixels are the screen's: without the pointer and the
 * watermark that are drawn over them. */
typedef struct pf_changes {
    uint32_t size_bytes;
    /** Rectangles written, 0...PF_CHANGE_RECTANGLE_COUNT_MAX. */
    uint32_t rectangle_count;
    /** For a later since_us: when anything changed last. Grows with each change,
     * also from one capture of a process to the next. */
    uint64_t token_us;
    /** CLOCK_MONOTONIC when the last change that counts was grabbed, in
     * microseconds; 0: there was none. */
    uint64_t changed_us;
    /** Whatever was drawn before this moment is known; see pf_capture_look. */
    uint64_t looked_us;
    /** That of the stripes which show that change. */
    uint32_t frame_id;
    /** The frame's size in px; 0 before it is known. */
    uint32_t width;
    uint32_t height;
    uint32_t reserved;
} pf_changes;

/**
 * Says what the capture is to do from now on for those who want to know of changes
 * (pf_watch); the last call counts. Does not block.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_watch(uint64_t handle, uint32_t watch);

/**
 * Has the capture look at all that has been drawn up to now, whatever the frame rate
 * and whoever reads its stripes: as soon as pf_changes.looked_us has reached
 * *looked_us it has, which is news. Waits, as a screenshot does, for a capture to
 * open its source, and for a display that is lost. Does not block. A capture that
 * has ended looks no more.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_look(uint64_t handle, uint64_t *looked_us);

/**
 * Reads what is known of changes: which rectangles have changed since a token, and
 * when the last change was. A repaint of the same pixels is no change. After a change
 * of the frame's size, or of the region, everything has changed.
 *
 * A change is known to be in a tile of 64 by 16 px: rectangles are made of tiles, cut
 * to the queried part of the frame, and a tile that touches an ignored rectangle is
 * ignored. Where there are too many rectangles, some cover others' gaps.
 *
 * `ignored` holds query->ignored_count rectangles, of any place and size, and may be
 * NULL where that is 0; `rectangles` has room for PF_CHANGE_RECTANGLE_COUNT_MAX. Does
 * not block. A change that has been told of as news is not told again before this.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE; REGION_OFF_SCREEN where the queried part
 * does not lie within the frame, whose size is told all the same.
 */
PF_API int32_t pf_capture_changes(uint64_t handle, const pf_change_query *query,
                                  const pf_rectangle *ignored, pf_rectangle *rectangles,
                                  pf_changes *changes);

#endif
