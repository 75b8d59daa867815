/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Single pictures of the frame, on their way: asked for by any thread, copied out
 * of the frame by the capture thread, encoded by the pool, and drained by any
 * thread. PF_SCREENSHOT_COUNT_MAX at most, so that no list here can overflow.
 */
#ifndef PF_CAPTURE_SCREENSHOTS_H
#define PF_CAPTURE_SCREENSHOTS_H

#include "capture/frame.h"

/** Pixels that wait for an encoder. */
typedef struct pf_screenshot_copy {
    pf_screenshot_request request;
    /** BGRX, rows without gaps; owned. */
    pf_buffer *pixels;
    uint32_t width_px;
    uint32_t height_px;
    bool full_color;
    uint64_t timestamp_us;
} pf_screenshot_copy;

typedef struct pf_screenshots {
    /** Borrowed. */
    pf_outbox *outbox;
    const pf_wake *wake;

    pthread_mutex_t lock;
    /** Asked for and not drained: those of all lists, and those being encoded. */
    uint32_t open_count;
    pf_screenshot_request wanted[PF_SCREENSHOT_COUNT_MAX];
    uint32_t wanted_count;
    pf_screenshot_copy copies[PF_SCREENSHOT_COUNT_MAX];
    uint32_t copy_count;
    pf_screenshot answers[PF_SCREENSHOT_COUNT_MAX];
    uint32_t answer_count;
    /** Nothing can be asked for any more. */
    bool ended;
    /** Nothing is handed out any more either. */
    bool closed;

    /** A job a copy; the pool's while the capture thread runs. */
    pf_batch batch;
} pf_screenshots;

void pf_screenshots_init(pf_screenshots *screenshots, pf_outbox *outbox, const pf_wake *wake);
/** Releases what was not drained. */
void pf_screenshots_deinit(pf_screenshots *screenshots);

/** As pf_capture_request_screenshot, of a request that has been checked. */
pf_status pf_screenshots_request(pf_screenshots *screenshots, const pf_screenshot_request *request);

/** As pf_capture_drain_screenshots. */
uint32_t pf_screenshots_drain(pf_screenshots *screenshots, pf_screenshot *answers,
                              uint32_t capacity);

/** Discards what there is and whatever will be answered. */
void pf_screenshots_close(pf_screenshots *screenshots);

/** The capture thread, member of the pool from here on, until pf_screenshots_end. */
void pf_screenshots_begin(pf_screenshots *screenshots);
/** Answers what has been copied; what has not been never is. */
void pf_screenshots_end(pf_screenshots *screenshots);

/** How many wait for a frame. The capture thread alone takes from them. */
uint32_t pf_screenshots_wanted(pf_screenshots *screenshots);

/** Copies the first `count` out of the stage's frame, which is up to date, and
 * hands them to the pool. An error is one of the source; nothing has been taken
 * then. */
pf_status pf_screenshots_take(pf_screenshots *screenshots, pf_frame_stage *stage, uint32_t count,
                              pf_error *error);

#endif
