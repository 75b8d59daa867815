/* SPDX-License-Identifier: MPL-2.0 */
/**
 * A capture's life, from pf_capture_start to pf_capture_free, and its stripes.
 *
 * What else can be asked of one is in screenshot.h, cursor.h, changes.h, tap.h
 * and stats.h.
 */
#ifndef PIXELFLUX_CAPTURE_H
#define PIXELFLUX_CAPTURE_H

#include "api.h"
#include "settings.h"
#include "status.h"
#include "stripe.h"

/** Captures that may exist at the same time in one process. */
#define PF_CAPTURE_COUNT_MAX 64

/** Longest single pf_capture_wait, in milliseconds. */
#define PF_WAIT_MS_MAX 100

/** Where a capture stands in its life. */
typedef enum pf_phase {
    /** Connecting; no frame has been grabbed yet. */
    PF_PHASE_STARTING = 0,
    /** At least one frame has been grabbed. */
    PF_PHASE_RUNNING = 1,
    /** It was asked to stop and has. */
    PF_PHASE_STOPPED = 2,
    /** It failed; `error` says how. */
    PF_PHASE_FAILED = 3,
    /** The display was lost, as `error` says, and is tried again and again;
     * complete stripes follow when it is back. */
    PF_PHASE_RECONNECTING = 4
} pf_phase;

/** The state that goes with a drain. */
typedef struct pf_state {
    uint32_t size_bytes;
    /** pf_phase. */
    uint32_t phase;
    /** A negative pf_status when the phase is PF_PHASE_FAILED or
     * PF_PHASE_RECONNECTING, else 0. */
    int32_t error;
    /** Stripes that still waited when the drain returned. */
    uint32_t queued_count;
    /** The frame's size in px; 0 before it is known. It is that of the stripes
     * handed out, else of the next ones, and changes with them. */
    uint32_t width;
    uint32_t height;
    /** How often that size has changed since the start. */
    uint32_t resize_count;
    /** Frames whose last stripe has been queued: all with a frame_id below this
     * are complete. Wraps like frame_id. */
    uint32_t ended_count;
} pf_state;

/**
 * Starts a capture with *settings and writes its handle to *handle.
 *
 * Reads the watermark's file, if there is one, and returns: the source is
 * opened by the capture's own thread, and what goes wrong there shows as
 * PF_PHASE_FAILED. The caller owes pf_capture_free.
 *
 * Errors: INVALID_ARGUMENT, CODEC_MISSING, WATERMARK, NO_MEMORY, NO_RESOURCE,
 * TOO_MANY_CAPTURES; pf_last_message has the words.
 */
PF_API int32_t pf_capture_start(const pf_settings *settings, uint64_t *handle);

/**
 * Replaces the settings of a running capture from its next frame on. The
 * fields display, stripe_header and queue_frames must not differ from those
 * it was started with. Copies; blocks on nothing but the watermark's file.
 *
 * Errors: INVALID_ARGUMENT, CODEC_MISSING, REGION_OFF_SCREEN,
 * DISPLAY_UNSUPPORTED, WATERMARK, NO_MEMORY (the old settings stay), STALE_HANDLE. Before the
 * display is open a region is accepted unseen; one that does not lie on it fails the capture.
 */
PF_API int32_t pf_capture_update(uint64_t handle, const pf_settings *settings);

/**
 * Asks that every stripe be sent again, complete, within one frame time, also
 * on a still screen. Requests within one frame time count once; one that comes
 * when that frame has been taken already is served by the next. Does not
 * block. After the end of the capture it does nothing.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_request_keyframe(uint64_t handle);

/**
 * Blocks until there is news (a stripe, a screenshot, a tapped frame, the pointer, a
 * change on the screen, another phase or size), the capture has ended, or timeout_ms
 * (0...PF_WAIT_MS_MAX, larger values count as that) has passed. Takes nothing out of
 * the queue.
 *
 * News is told once: OK is not returned again before the next
 * pf_capture_drain, so that a caller that is behind is not told twice. Stripes
 * which that drain leaves behind are no news; its state counts them. A screenshot
 * is told of whether or not older news has been drained, and so is what was asked
 * for by pf_capture_watch, pf_capture_look or pf_capture_tap; the pointer once until
 * pf_capture_drain_cursor. ENDED is returned every time.
 *
 * Returns OK, TIMEOUT or ENDED. Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_wait(uint64_t handle, uint32_t timeout_ms);

/**
 * Moves up to `capacity` stripes, oldest first, into stripes[], writes their
 * number to *count and the state to *state. Never blocks. Each stripe is the
 * caller's from here on, to be released. Stripes from before and behind a
 * change of size do not come in one drain.
 *
 * `stripes` may be NULL where capacity is 0. After pf_capture_stop nothing is
 * handed out any more; after a failure the stripes that were ready still are.
 *
 * Errors: INVALID_ARGUMENT (count or state NULL, state->size_bytes wrong),
 * STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain(uint64_t handle, pf_stripe *stripes, uint32_t capacity,
                                uint32_t *count, pf_state *state);

/**
 * Copies the message of the capture's failure, or of the loss of its display,
 * NUL-terminated and cut to capacity_bytes, into text. Empty where it has none.
 *
 * Errors: INVALID_ARGUMENT (text NULL or capacity 0), STALE_HANDLE.
 */
PF_API int32_t pf_capture_message(uint64_t handle, char *text, uint32_t capacity_bytes);

/**
 * Asks the capture to end, wakes its threads and whoever waits on it, and
 * discards what is queued. Returns at once; may be repeated.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_stop(uint64_t handle);

/**
 * Stops the capture and blocks until its threads have ended and its source is
 * closed; meant for the poll thread. Afterwards the state can still be
 * drained. May be repeated, and called by several threads at once.
 *
 * Errors: STALE_HANDLE.
 */
PF_API int32_t pf_capture_join(uint64_t handle);

/**
 * pf_capture_join, then gives the capture's memory back. The handle is stale
 * from the moment of the call; a thread that is inside pf_capture_wait comes
 * back with ENDED. Stripes that were drained stay valid until released.
 *
 * Errors: STALE_HANDLE (also for the second of two calls).
 */
PF_API int32_t pf_capture_free(uint64_t handle);

#endif
