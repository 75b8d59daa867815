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
    const pf_source *source = capture->stage.source;
    pthread_mutex_lock(&capture->lock);
    capture->screen_width = source->screen_width;
    capture->screen_height = source->screen_height;
    capture->cursor_supported = source->cursor_supported;
    pthread_mutex_unlock(&capture->lock);
    pf_outbox_set_size(&capture->outbox, source->frame.width_px, source->frame.height_px);
}

static pf_status watch_cursor(pf_capture *capture, pf_error *error) {
    pf_source *source = capture->stage.source;
    return source->ops->watch_cursor == NULL
               ? PF_STATUS_OK
               : source->ops->watch_cursor(source, capture->settings->capture_cursor, error);
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
    capture->stage.watermark = capture->watermark;
    tell_size(capture);
    status = pf_frame_stage_init(&capture->stage, capture->settings, error);
    return status == PF_STATUS_OK ? watch_cursor(capture, error) : status;
}

static void close_stages(pf_capture *capture) {
    if (capture->stage.source == NULL) {
        return;
    }
    pf_frame_stage_deinit(&capture->stage);
    capture->stage.source->ops->close(capture->stage.source);
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
    pf_status status = source->ops->set_region(source, region_of(capture->settings), error);
    if (status == PF_STATUS_OK) {
        tell_size(capture);
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
    if (unchecked && pf_source_check_region(region_of(capture->settings), source->screen_width,
                                            source->screen_height, error) != PF_STATUS_OK) {
        return error->status;
    }
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
    pf_status status = watch_cursor(capture, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    return same_region(&before, capture->settings)
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

static pf_status take_frame(pf_capture *capture, bool damaged, uint64_t now_ns, pf_error *error) {
    pf_frame_request request = {
        .now_ns = now_ns, .damaged = damaged, .keyframe = take_keyframe(capture)};
    pf_pacer_count_frame(&capture->pacer, now_ns);
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

/** When the next frame has reason to be taken, as far as is known now. */
static uint64_t next_frame_ns(pf_capture *capture, const pf_source_events *events) {
    bool at_once = events->damaged || events->cursor_changed ||
                   pf_frame_is_wanted(&capture->stage) || peek_keyframe(capture);
    uint64_t reason_ns = at_once ? 0 : pf_frame_refresh_due_ns(&capture->stage);
    return reason_ns > capture->pacer.next_ns ? reason_ns : capture->pacer.next_ns;
}

/** One turn: takes a frame, or sleeps until there may be reason for one. */
static pf_status turn(pf_capture *capture, pf_error *error) {
    pf_source *source = capture->stage.source;
    pf_source_events events = {0};
    pf_status status = look_around(capture, &events, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint64_t now_ns = pf_clock_now_ns();
    uint64_t frame_ns = next_frame_ns(capture, &events);
    if (frame_ns <= now_ns) {
        if (pf_outbox_has_room(&capture->outbox)) {
            return take_frame(capture, events.damaged, now_ns, error);
        }
        frame_ns = PF_NEVER_NS; /* The reader's next drain kicks. */
    }
    pf_wake_wait(&capture->wake, source->ops->poll_fd(source), frame_ns);
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
    pf_watermark_free(capture->watermark);
    pf_watermark_free(capture->wanted_watermark);
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
    *capture->wanted = *settings;
    return capture;
}

static void init_capture(pf_capture *capture) {
    pf_outbox_init(&capture->outbox, &capture->wake, capture->settings->queue_frames);
    pthread_mutex_init(&capture->lock, NULL);
    pthread_mutex_init(&capture->update_lock, NULL);
    pthread_cond_init(&capture->joined_changed, NULL);
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
}

static void deinit_capture(pf_capture *capture) {
    pf_outbox_deinit(&capture->outbox);
    pthread_cond_destroy(&capture->joined_changed);
    pthread_mutex_destroy(&capture->update_lock);
    pthread_mutex_destroy(&capture->lock);
    pf_wake_deinit(&capture->wake);
    free_capture(capture);
}

/** The settings' watermark; NULL in *watermark where they name none. */
static pf_status load_watermark(const pf_settings *settings, pf_watermark **watermark,
                                pf_error *error) {
    *watermark = NULL;
    return settings->watermark_path[0] == '\0'
               ? PF_STATUS_OK
               : pf_watermark_load(settings->watermark_path, watermark, error);
}

pf_status pf_capture_create(const pf_settings *settings, pf_capture **capture, pf_error *error) {
    pf_capture *self = alloc_capture(settings);
    if (self == NULL) {
        return pf_error_no_memory(error, "the capture");
    }
    if (load_watermark(settings, &self->watermark, error) != PF_STATUS_OK) {
        free_capture(self);
        return error->status;
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

/** Whether these settings may follow those that are wanted so far. Under the
 * lock. */
static pf_status check_change(const pf_capture *capture, const pf_settings *settings,
                              pf_error *error) {
    if (!same_fixed_fields(settings, capture->wanted)) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "display, stripe_header and queue_frames cannot change while the "
                            "capture runs; stop it and start it again");
    }
    if (capture->screen_width == 0) {
        return PF_STATUS_OK;
    }
    if (settings->capture_cursor && !capture->cursor_supported) {
        return pf_source_refuse_cursor(error);
    }
    return same_region(settings, capture->wanted)
               ? PF_STATUS_OK
               : pf_source_check_region(region_of(settings), capture->screen_width,
                                        capture->screen_height, error);
}

pf_status pf_capture_set(pf_capture *capture, const pf_settings *settings, pf_error *error) {
    pf_watermark *watermark = NULL;
    pthread_mutex_lock(&capture->update_lock);
    /* `wanted` is written under both locks, so either is enough to read it. */
    bool other_file = strcmp(settings->watermark_path, capture->wanted->watermark_path) != 0;
    pf_status status = other_file ? load_watermark(settings, &watermark, error) : PF_STATUS_OK;
    pthread_mutex_lock(&capture->lock);
    if (status == PF_STATUS_OK) {
        status = check_change(capture, settings, error);
    }
    if (status == PF_STATUS_OK) {
        if (other_file) {
            pf_watermark_free(capture->wanted_watermark);
            capture->wanted_watermark = watermark;
            capture->watermark_changed = true;
            watermark = NULL;
        }
        *capture->wanted = *settings;
        capture->update_wanted = true;
        capture->wanted_unchecked |= capture->screen_width == 0;
    }
    pthread_mutex_unlock(&capture->lock);
    pthread_mutex_unlock(&capture->update_lock);
    pf_watermark_free(watermark);
    pf_wake_kick(&capture->wake);
    return status;
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
    stats->changed_without_damage = atomic_load(&counters->changed_without_damage);
    stats->encoders_opened = atomic_load(&counters->encoders_opened);
    stats->grab_ns = atomic_load(&counters->grab_ns);
    stats->encode_ns = atomic_load(&counters->encode_ns);
    stats->wakeups = atomic_load(&capture->wakeups);
    pf_outbox_stats(&capture->outbox, stats);
}
