/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/capture.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

static pf_rect region_of(const pf_settings *settings) {
    return (pf_rect){settings->capture_x, settings->capture_y, settings->capture_width,
                     settings->capture_height};
}

static bool same_region(const pf_settings *a, const pf_settings *b) {
    pf_rect first = region_of(a), second = region_of(b);
    return memcmp(&first, &second, sizeof first) == 0;
}

static void tell_size(pf_capture *capture) {
    pf_image frame = capture->stage.source->frame;
    pf_outbox_set_size(&capture->outbox, frame.width_px, frame.height_px);
}

static pf_status open_stages(pf_capture *capture, pf_error *error) {
    pf_source_request request = {.display = capture->settings->display,
                                 .region = region_of(capture->settings),
                                 .wake = &capture->wake};
    pf_status status = pf_source_open(&request, &capture->stage.source, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    capture->stage.outbox = &capture->outbox;
    capture->stage.wake = &capture->wake;
    tell_size(capture);
    return pf_frame_stage_init(&capture->stage, capture->settings, error);
}

static void close_stages(pf_capture *capture) {
    if (capture->stage.source == NULL) {
        return;
    }
    pf_frame_stage_deinit(&capture->stage);
    capture->stage.source->ops->close(capture->stage.source);
}

/** Takes what other threads have asked for since the last time. */
static bool take_update(pf_capture *capture, pf_settings *before) {
    pthread_mutex_lock(&capture->lock);
    bool wanted = capture->update_wanted;
    if (wanted) {
        *before = *capture->settings;
        *capture->settings = *capture->wanted;
        capture->update_wanted = false;
    }
    pthread_mutex_unlock(&capture->lock);
    return wanted;
}

static pf_status apply_update(pf_capture *capture, pf_error *error) {
    pf_settings before;
    if (!take_update(capture, &before)) {
        return PF_STATUS_OK;
    }
    bool moved = !same_region(&before, capture->settings);
    pf_image frame = capture->stage.source->frame;
    if (moved) {
        pf_source *source = capture->stage.source;
        pf_status status = source->ops->set_region(source, region_of(capture->settings), error);
        if (status != PF_STATUS_OK) {
            return status;
        }
    }
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
    pf_status status = pf_frame_stage_configure(&capture->stage, capture->settings, moved, error);
    pf_image now = capture->stage.source->frame;
    if (now.width_px != frame.width_px || now.height_px != frame.height_px) {
        tell_size(capture);
    }
    return status;
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

static pf_status take_frame(pf_capture *capture, bool damaged, uint64_t now_ns, pf_error *error) {
    pf_frame_request request = {
        .now_ns = now_ns, .damaged = damaged, .keyframe = take_keyframe(capture)};
    pf_pacer_count_frame(&capture->pacer, now_ns);
    return pf_frame_take(&capture->stage, &request, error);
}

/** One turn: takes a frame, or sleeps until there may be reason for one. */
static pf_status turn(pf_capture *capture, pf_error *error) {
    pf_frame_stage *stage = &capture->stage;
    pf_source_events events = {0};
    pf_status status = apply_update(capture, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    status = stage->source->ops->dispatch(stage->source, &events, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint64_t now_ns = pf_clock_now_ns();
    uint64_t wake_ns = pf_frame_refresh_due_ns(stage);
    if (events.damaged || stage->all_damaged || peek_keyframe(capture)) {
        wake_ns = 0;
    }
    wake_ns = wake_ns > capture->pacer.next_ns ? wake_ns : capture->pacer.next_ns;
    if (wake_ns > now_ns) {
        /* Nothing yet. */
    } else if (pf_outbox_has_room(&capture->outbox)) {
        return take_frame(capture, events.damaged, now_ns, error);
    } else {
        wake_ns = PF_NEVER_NS; /* The reader's next drain kicks. */
    }
    pf_wake_wait(&capture->wake, stage->source->ops->poll_fd(stage->source), wake_ns);
    atomic_fetch_add_explicit(&capture->wakeups, 1, memory_order_relaxed);
    return PF_STATUS_OK;
}

static pf_status run_capture(pf_capture *capture, pf_error *error) {
    pf_status status = open_stages(capture, error);
    if (status == PF_STATUS_OK) {
        status = take_frame(capture, true, pf_clock_now_ns(), error);
    }
    while (status == PF_STATUS_OK && !pf_wake_stopped(&capture->wake)) {
        status = turn(capture, error);
    }
    return status;
}

static void *capture_main(void *context) {
    pf_capture *capture = context;
    pf_error error = {0};
    if (!pf_pool_acquire()) {
        pf_error_set(&error, PF_STATUS_NO_RESOURCE, "the system refuses the encoders' threads");
    } else {
        run_capture(capture, &error);
        close_stages(capture);
        pf_pool_release();
    }
    pf_outbox_end(&capture->outbox, &error);
    return NULL;
}

static void free_capture(pf_capture *capture) {
    pf_free(capture->settings);
    pf_free(capture->wanted);
    pf_free(capture);
}

static pf_capture *alloc_capture(const pf_settings *settings) {
    pf_capture *capture = pf_alloc(1, sizeof *capture);
    if (capture == NULL) {
        return NULL;
    }
    capture->settings = pf_alloc(1, sizeof *settings);
    capture->wanted = pf_alloc(1, sizeof *settings);
    if (capture->settings == NULL || capture->wanted == NULL) {
        free_capture(capture);
        return NULL;
    }
    *capture->settings = *settings;
    return capture;
}

static void init_capture(pf_capture *capture) {
    pf_outbox_init(&capture->outbox, &capture->wake, capture->settings->queue_frames);
    pthread_mutex_init(&capture->lock, NULL);
    pthread_cond_init(&capture->joined_changed, NULL);
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
}

static void deinit_capture(pf_capture *capture) {
    pf_outbox_deinit(&capture->outbox);
    pthread_cond_destroy(&capture->joined_changed);
    pthread_mutex_destroy(&capture->lock);
    pf_wake_deinit(&capture->wake);
    free_capture(capture);
}

pf_status pf_capture_create(const pf_settings *settings, pf_capture **capture, pf_error *error) {
    pf_capture *self = alloc_capture(settings);
    if (self == NULL) {
        return pf_error_no_memory(error, "the capture");
    }
    if (!pf_wake_init(&self->wake)) {
        free_capture(self);
        return pf_error_set(error, PF_STATUS_NO_RESOURCE,
                            "the system refuses descriptors; see ulimit -n");
    }
    init_capture(self);
    if (pf_thread_start(&self->thread, "pf-capture", capture_main, self) != 0) {
        deinit_capture(self);
        return pf_error_set(error, PF_STATUS_NO_RESOURCE,
                            "the system refuses a thread; see ulimit -u");
    }
    *capture = self;
    return PF_STATUS_OK;
}

void pf_capture_destroy(pf_capture *capture) {
    pf_capture_wait_ended(capture);
    deinit_capture(capture);
}

static bool same_fixed_fields(const pf_settings *a, const pf_settings *b) {
    return strcmp(a->display, b->display) == 0 && a->stripe_header == b->stripe_header &&
           a->queue_frames == b->queue_frames;
}

pf_status pf_capture_set(pf_capture *capture, const pf_settings *settings, pf_error *error) {
    pthread_mutex_lock(&capture->lock);
    bool legal = same_fixed_fields(settings, capture->settings);
    if (legal) {
        *capture->wanted = *settings;
        capture->update_wanted = true;
    }
    pthread_mutex_unlock(&capture->lock);
    if (!legal) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "display, stripe_header and queue_frames cannot change while the "
                            "capture runs; stop it and start it again");
    }
    pf_wake_kick(&capture->wake);
    return PF_STATUS_OK;
}

void pf_capture_want_keyframe(pf_capture *capture) {
    pthread_mutex_lock(&capture->lock);
    capture->keyframe_wanted = true;
    pthread_mutex_unlock(&capture->lock);
    pf_wake_kick(&capture->wake);
}

void pf_capture_end(pf_capture *capture) {
    pf_outbox_close(&capture->outbox);
    pf_wake_stop(&capture->wake);
}

void pf_capture_wait_ended(pf_capture *capture) {
    pf_capture_end(capture);
    pthread_mutex_lock(&capture->lock);
    bool mine = !capture->joining;
    capture->joining = true;
    while (!mine && !capture->joined) {
        pthread_cond_wait(&capture->joined_changed, &capture->lock);
    }
    pthread_mutex_unlock(&capture->lock);
    if (mine) {
        pthread_join(capture->thread, NULL);
        pthread_mutex_lock(&capture->lock);
        capture->joined = true;
        pthread_cond_broadcast(&capture->joined_changed);
        pthread_mutex_unlock(&capture->lock);
    }
}

void pf_capture_read_stats(pf_capture *capture, pf_stats *stats) {
    pf_frame_counters *counters = &capture->stage.counters;
    stats->frames = atomic_load(&counters->frames);
    stats->rows_grabbed = atomic_load(&counters->rows_grabbed);
    stats->stripes_hashed = atomic_load(&counters->stripes_hashed);
    stats->stripes_unchanged = atomic_load(&counters->stripes_unchanged);
    stats->encoders_opened = atomic_load(&counters->encoders_opened);
    stats->grab_ns = atomic_load(&counters->grab_ns);
    stats->encode_ns = atomic_load(&counters->encode_ns);
    stats->wakeups = atomic_load(&capture->wakeups);
    pf_outbox_stats(&capture->outbox, stats);
}
