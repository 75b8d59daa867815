/* SPDX-License-Identifier: MPL-2.0 */
/**
 * One capture: its thread, its settings, its end. The only part that knows
 * every stage; a frame's way through the stages is in frame.c.
 */
#ifndef PF_CAPTURE_CAPTURE_H
#define PF_CAPTURE_CAPTURE_H

#include <pthread.h>

#include "capture/change_log.h"
#include "capture/cursor_stream.h"
#include "capture/frame.h"
#include "capture/outbox.h"
#include "capture/pacer.h"
#include "capture/screenshots.h"

typedef struct pf_capture {
    pf_wake wake;
    pf_outbox outbox;
    pf_change_log changes;
    pf_tap tap;
    pf_screenshots screenshots;
    pf_cursor_stream cursor;

    /** One update at a time: each may have to read a file. */
    pthread_mutex_t update_lock;
    /** What other threads ask for; under the lock. */
    pthread_mutex_t lock;
    pf_settings *wanted;
    /** Read for `wanted`; taken over with it where watermark_changed. */
    pf_watermark *wanted_watermark;
    bool watermark_changed;
    bool update_wanted;
    bool keyframe_wanted;
    /** What is known of the source; a screen without size before it is open. */
    uint32_t screen_width;
    uint32_t screen_height;
    bool cursor_supported;
    /** `wanted` was accepted before that, and has to be checked still. */
    bool wanted_unchecked;
    /** The thread has been joined, or is being joined. */
    bool joining;
    bool joined;
    pthread_cond_t joined_changed;

    pthread_t thread;
    /** The capture thread's own. */
    pf_settings *settings;
    pf_watermark *watermark;
    pf_pacer pacer;
    /** A frame has been taken: a display that is lost from now on may come back. */
    bool has_captured;
    /** Since when there has been reason for a frame; 0: there is none. */
    uint64_t reason_ns;
    pf_frame_stage stage;
    atomic_uint_fast64_t wakeups;
} pf_capture;

static inline pf_rect pf_settings_region(const pf_settings *settings) {
    return (pf_rect){settings->capture_x, settings->capture_y, settings->capture_width,
                     settings->capture_height};
}

/** What the settings' region is a part of, in a word. */
static inline const char *pf_settings_target(const pf_settings *settings) {
    return pf_source_target_word(settings->window, settings->monitor);
}

static inline bool pf_settings_same_region(const pf_settings *a, const pf_settings *b) {
    return a->capture_x == b->capture_x && a->capture_y == b->capture_y &&
           a->capture_width == b->capture_width && a->capture_height == b->capture_height;
}

/** The capture thread: opens the source, captures until it is asked to end or
 * fails, closes what it opened, and says so in the outbox. */
void *pf_capture_main(void *capture);

/** Starts the thread with settings that have been checked. */
pf_status pf_capture_create(const pf_settings *settings, pf_capture **capture, pf_error *error);

/** Joins, then frees. Nobody else may hold the capture. */
void pf_capture_destroy(pf_capture *capture);

/** The capture's side of the functions of the same names in pixelflux.h. */
pf_status pf_capture_set(pf_capture *capture, const pf_settings *settings, pf_error *error);
void pf_capture_want_keyframe(pf_capture *capture);
pf_status pf_capture_want_screenshot(pf_capture *capture, const pf_screenshot_request *request);
void pf_capture_set_watch(pf_capture *capture, uint32_t watch);
void pf_capture_want_look(pf_capture *capture, uint64_t *looked_us);
void pf_capture_set_tap(pf_capture *capture, uint32_t bytes_max);
void pf_capture_end(pf_capture *capture);
void pf_capture_wait_ended(pf_capture *capture);
void pf_capture_read_stats(pf_capture *capture, pf_stats *stats);

#endif
