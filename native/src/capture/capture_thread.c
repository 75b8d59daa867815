/* SPDX-License-Identifier: MPL-2.0 */
/** The thread of a capture: what it does, turn by turn. */
#include "capture/capture.h"

#include "base/clock.h"
#include "base/memory.h"

/* Pauses between attempts to open a display that was lost; each is twice the one
 * before. */
#define RECONNECT_NS_MIN (PF_NS_PER_S / 4)
#define RECONNECT_NS_MAX (PF_NS_PER_S * 5)

/** `other`: the frame shows another part of the screen, or one of another size. */
static pf_status tell_size(pf_capture *capture, bool other, pf_error *error) {
    const pf_source *source = capture->stage.source;
    pthread_mutex_lock(&capture->lock);
    capture->screen_width = source->screen_width;
    capture->screen_height = source->screen_height;
    capture->cursor_supported = source->cursor_supported;
    pthread_mutex_unlock(&capture->lock);
    pf_outbox_set_size(&capture->outbox, source->frame.width_px, source->frame.height_px);
    return pf_change_log_set_size(&capture->changes, source->frame.width_px,
                                  source->frame.height_px, other, capture->stage.frame_id)
               ? PF_STATUS_OK
               : pf_error_no_memory(error, "the tiles of the frame");
}

static pf_status watch_cursor(pf_capture *capture, pf_error *error) {
    pf_source *source = capture->stage.source;
    return source->ops->watch_cursor == NULL
               ? PF_STATUS_OK
               : source->ops->watch_cursor(
                     source, capture->settings->capture_cursor != PF_CURSOR_NONE, error);
}

/** Takes the pointer's mode over. */
static pf_status configure_cursor(pf_capture *capture, pf_error *error) {
    pf_status status = watch_cursor(capture, error);
    bool streams = capture->settings->capture_cursor == PF_CURSOR_STREAM;
    if (status == PF_STATUS_OK) {
        pf_cursor_stream_configure(&capture->cursor, streams, capture->settings->target_fps);
    }
    return status;
}

static pf_status open_stages(pf_capture *capture, pf_error *error) {
    pf_source_request request = {.display = capture->settings->display,
                                 .authority_path = capture->settings->authority_path,
                                 .window = capture->settings->window,
                                 .monitor = capture->settings->monitor,
                                 .region = pf_settings_region(capture->settings),
                                 .any_region = capture->has_captured,
                                 .wake = &capture->wake};
    pf_status status = pf_source_open(&request, &capture->stage.source, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
    capture->stage.outbox = &capture->outbox;
    capture->stage.changes = &capture->changes;
    capture->stage.tap = &capture->tap;
    capture->stage.wake = &capture->wake;
    capture->stage.watermark = capture->watermark;
    pf_cursor_stream_restart(&capture->cursor);
    status = pf_frame_stage_init(&capture->stage, capture->settings, error);
    if (status == PF_STATUS_OK) {
        status = tell_size(capture, false, error);
    }
    return status == PF_STATUS_OK ? configure_cursor(capture, error) : status;
}

static void close_stages(pf_capture *capture) {
    if (capture->stage.source == NULL) {
        return;
    }
    pf_frame_stage_deinit(&capture->stage);
    capture->stage.source->ops->close(capture->stage.source);
    capture->stage.source = NULL;
}

static void take_watermark(pf_capture *capture) {
    if (capture->watermark_changed) {
        pf_watermark_free(capture->watermark);
        capture->watermark = capture->wanted_watermark;
        capture->wanted_watermark = NULL;
        capture->watermark_changed = false;
        capture->stage.watermark = capture->watermark;
    }
}

/** Takes what other threads have asked for since the last time. */
static bool take_update(pf_capture *capture, pf_settings *before, bool *unchecked) {
    pthread_mutex_lock(&capture->lock);
    bool wanted = capture->update_wanted;
    *unchecked = capture->wanted_unchecked;
    capture->wanted_unchecked = false;
    if (wanted) {
        *before = *capture->settings;
        *capture->settings = *capture->wanted;
        capture->update_wanted = false;
        take_watermark(capture);
    }
    pthread_mutex_unlock(&capture->lock);
    return wanted;
}

/** Fits the region to the settings and the screen, and cuts the frame anew. */
static pf_status refit(pf_capture *capture, pf_error *error) {
    pf_source *source = capture->stage.source;
    pf_status status =
        source->ops->set_region(source, pf_settings_region(capture->settings), error);
    if (status == PF_STATUS_OK) {
        status = tell_size(capture, true, error);
        capture->cursor.look = true;
    }
    if (status == PF_STATUS_OK) {
        status = pf_frame_stage_configure(&capture->stage, capture->settings, true, error);
    }
    return status;
}

static pf_status apply_update(pf_capture *capture, pf_error *error) {
    pf_settings before;
    bool unchecked;
    if (!take_update(capture, &before, &unchecked)) {
        return PF_STATUS_OK;
    }
    const pf_source *source = capture->stage.source;
    if (unchecked &&
        pf_source_check_region(pf_settings_region(capture->settings),
                               pf_settings_target(capture->settings), source->screen_width,
                               source->screen_height, error) != PF_STATUS_OK) {
        return error->status;
    }
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
    pf_status status = configure_cursor(capture, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    return pf_settings_same_region(&before, capture->settings)
               ? pf_frame_stage_configure(&capture->stage, capture->settings, false, error)
               : refit(capture, error);
}

static bool peek_keyframe(pf_capture *capture) {
    pthread_mutex_lock(&capture->lock);
    bool wanted = capture->keyframe_wanted;
    pthread_mutex_unlock(&capture->lock);
    return wanted;
}

static bool take_keyframe(pf_capture *capture) {
    pthread_mutex_lock(&capture->lock);
    bool wanted = capture->keyframe_wanted;
    capture->keyframe_wanted = false;
    pthread_mutex_unlock(&capture->lock);
    return wanted;
}

/** `change`: there is more to it than refreshes. One of those alone does not count
 * for the frame rate, so that it never holds up the change that comes next. */
static pf_status take_frame(pf_capture *capture, bool damaged, bool change, uint64_t now_ns,
                            pf_error *error) {
    pf_frame_request request = {.now_ns = now_ns,
                                .reason_ns = capture->reason_ns,
                                .damaged = damaged,
                                .keyframe = take_keyframe(capture)};
    capture->reason_ns = 0;
    if (change) {
        pf_pacer_count_frame(&capture->pacer, now_ns);
    }
    return pf_frame_take(&capture->stage, &request, error);
}

/** Takes over what was asked for and what the source has to say. */
static pf_status look_around(pf_capture *capture, pf_source_events *events, pf_error *error) {
    pf_source *source = capture->stage.source;
    pf_status status = apply_update(capture, error);
    if (status == PF_STATUS_OK) {
        status = source->ops->dispatch(source, events, error);
    }
    if (status == PF_STATUS_OK && events->screen_resized) {
        status = refit(capture, error);
    }
    return status;
}

static bool has_change(pf_capture *capture, const pf_source_events *events) {
    return events->damaged || events->cursor_changed || pf_frame_is_wanted(&capture->stage) ||
           peek_keyframe(capture);
}

/** When a refresh is worth a frame of its own: while changes come one frame after
 * the other, the next one takes it along. */
static uint64_t refresh_ns(const pf_capture *capture) {
    uint64_t due_ns = pf_frame_refresh_due_ns(&capture->stage);
    uint64_t alone_ns = capture->pacer.next_ns + capture->pacer.interval_ns;
    return due_ns > alone_ns ? due_ns : alone_ns;
}

/** Brings the frame up to date, and leaves the events as they are after that. */
static pf_status catch_up(pf_capture *capture, pf_source_events *events, pf_error *error) {
    pf_status status = pf_frame_catch_up(&capture->stage, error);
    return status == PF_STATUS_OK ? look_around(capture, events, error) : status;
}

/** Serves what is asked for from a frame that is up to date. */
static pf_status serve(pf_capture *capture, pf_source_events *events, pf_error *error) {
    uint32_t count = pf_screenshots_wanted(&capture->screenshots);
    bool look = pf_change_log_wants_look(&capture->changes);
    if (count == 0 && !look) {
        return PF_STATUS_OK;
    }
    uint64_t begin_us = pf_clock_now_ns() / PF_NS_PER_US;
    pf_status status = catch_up(capture, events, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    if (look) {
        pf_change_log_note_look(&capture->changes, begin_us);
    }
    if (count > 0 && capture->stage.all_damaged) {
        /* It has been resized, or cut anew, meanwhile. */
        pf_wake_kick(&capture->wake);
        return PF_STATUS_OK;
    }
    if (count == 0) {
        return PF_STATUS_OK;
    }
    status = pf_screenshots_take(&capture->screenshots, &capture->stage, count, error);
    /* What came with the pointer, which that has looked at, wakes nobody any more. */
    return status == PF_STATUS_OK ? look_around(capture, events, error) : status;
}

/** A pointer that a program warps makes no event: it is looked at with each frame. */
static pf_status look_for_warp(pf_capture *capture, uint64_t now_ns, pf_error *error) {
    pf_source_events none = {0};
    uint64_t due_ns;
    capture->cursor.look = true;
    return pf_cursor_stream_turn(&capture->cursor, &capture->stage, &none, now_ns, &due_ns, error);
}

/** A frame is due, but the reader has no room for it: looks at the screen for those
 * who want to know what changes. When to look again is told by *again_ns. */
static pf_status look_instead(pf_capture *capture, pf_source_events *events, uint64_t now_ns,
                              uint64_t *again_ns, pf_error *error) {
    pf_change_log *changes = &capture->changes;
    uint64_t interval_ns = pf_change_log_interval_ns(changes, capture->pacer.interval_ns);
    *again_ns = PF_NEVER_NS; /* The reader's next drain kicks. */
    if (interval_ns == 0 || !(events->damaged || capture->stage.all_damaged)) {
        return PF_STATUS_OK;
    }
    if (now_ns < changes->last_look_ns + interval_ns) {
        *again_ns = changes->last_look_ns + interval_ns;
        return PF_STATUS_OK;
    }
    changes->last_look_ns = now_ns;
    *again_ns = now_ns;
    return catch_up(capture, events, error);
}

/** What may be done at any time, whether or not a frame is due. */
static pf_status look_and_serve(pf_capture *capture, pf_source_events *events, pf_error *error) {
    pf_status status = look_around(capture, events, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_change_log_settle(&capture->stage);
    pf_tap_catch_up(&capture->stage);
    return serve(capture, events, error);
}

static void sleep_until(pf_capture *capture, uint64_t deadline_ns) {
    pf_source *source = capture->stage.source;
    pf_wake_wait(&capture->wake, source->ops->poll_fd(source), deadline_ns);
    atomic_fetch_add_explicit(&capture->wakeups, 1, memory_order_relaxed);
}

/** One turn: takes a frame, or sleeps until there may be reason for one. */
static pf_status turn(pf_capture *capture, pf_error *error) {
    pf_source_events events = {0};
    pf_status status = look_and_serve(capture, &events, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint64_t now_ns = pf_clock_now_ns();
    uint64_t look_ns;
    status =
        pf_cursor_stream_turn(&capture->cursor, &capture->stage, &events, now_ns, &look_ns, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    bool change = has_change(capture, &events);
    uint64_t frame_ns = change ? capture->pacer.next_ns : refresh_ns(capture);
    if (capture->reason_ns == 0 && (change || frame_ns <= now_ns)) {
        capture->reason_ns = change ? now_ns : frame_ns;
    }
    if (frame_ns <= now_ns) {
        if (pf_outbox_has_room(&capture->outbox)) {
            status = look_for_warp(capture, now_ns, error);
            return status == PF_STATUS_OK
                       ? take_frame(capture, events.damaged, change, now_ns, error)
                       : status;
        }
        status = look_instead(capture, &events, now_ns, &frame_ns, error);
        if (status != PF_STATUS_OK || frame_ns == now_ns) {
            return status;
        }
    }
    /* Not where the pointer is due: what came with it wakes nobody any more. */
    if (look_ns > now_ns) {
        sleep_until(capture, look_ns < frame_ns ? look_ns : frame_ns);
    }
    return PF_STATUS_OK;
}

/** Captures until the capture is asked to end, or something fails. */
static pf_status run_source(pf_capture *capture, pf_error *error) {
    pf_source_events events = {0};
    pf_status status = open_stages(capture, error);
    if (status == PF_STATUS_OK) {
        status = serve(capture, &events, error);
    }
    if (status == PF_STATUS_OK) {
        capture->reason_ns = pf_clock_now_ns();
        status = take_frame(capture, true, true, capture->reason_ns, error);
        capture->has_captured |= status == PF_STATUS_OK;
    }
    while (status == PF_STATUS_OK && !pf_wake_stopped(&capture->wake)) {
        status = turn(capture, error);
    }
    close_stages(capture);
    return status;
}

/** Takes over updates while there is no source, so that the wait can be ended. */
static bool wants_to_reconnect(pf_capture *capture, pf_status status) {
    pf_settings before;
    bool unchecked;
    take_update(capture, &before, &unchecked);
    bool lost = status == PF_STATUS_DISPLAY_LOST || status == PF_STATUS_DISPLAY_OPEN;
    return lost && capture->has_captured && capture->settings->reconnect &&
           !pf_wake_stopped(&capture->wake);
}

/** False where the capture does not want to wait any longer. */
static bool wait_to_reconnect(pf_capture *capture, pf_status status, uint64_t pause_ns) {
    uint64_t deadline_ns = pf_clock_now_ns() + pause_ns;
    while (wants_to_reconnect(capture, status)) {
        if (pf_wake_wait(&capture->wake, -1, deadline_ns) == PF_WAKE_DEADLINE) {
            return true;
        }
    }
    return false;
}

/** Opens the source, and where it is lost later again, if that is wanted. */
static void run_capture(pf_capture *capture, pf_error *error) {
    uint64_t pause_ns = RECONNECT_NS_MIN;
    uint32_t frame_id = 0;
    pf_status status = run_source(capture, error);
    while (wants_to_reconnect(capture, status)) {
        pause_ns = capture->stage.frame_id == frame_id ? pause_ns * 2 : RECONNECT_NS_MIN;
        pause_ns = pause_ns < RECONNECT_NS_MAX ? pause_ns : RECONNECT_NS_MAX;
        frame_id = capture->stage.frame_id;
        pf_outbox_lose_source(&capture->outbox, error);
        if (!wait_to_reconnect(capture, status, pause_ns)) {
            return;
        }
        *error = (pf_error){0};
        status = run_source(capture, error);
    }
}

void *pf_capture_main(void *context) {
    pf_capture *capture = context;
    pf_error error = {0};
    if (!pf_pool_acquire()) {
        pf_error_set(&error, PF_STATUS_NO_RESOURCE, "the system refuses the encoders' threads");
    } else {
        pf_screenshots_begin(&capture->screenshots);
        run_capture(capture, &error);
        pf_screenshots_end(&capture->screenshots);
        pf_pool_release();
    }
    pf_outbox_end(&capture->outbox, &error);
    return NULL;
}
