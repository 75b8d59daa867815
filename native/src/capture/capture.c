/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/capture.h"

#include <string.h>

#include "base/memory.h"

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
    pf_change_log_init(&capture->changes, &capture->outbox);
    pf_tap_init(&capture->tap, &capture->outbox, &capture->wake);
    pf_screenshots_init(&capture->screenshots, &capture->outbox, &capture->wake);
    pf_cursor_stream_init(&capture->cursor, &capture->outbox);
    pthread_mutex_init(&capture->lock, NULL);
    pthread_mutex_init(&capture->update_lock, NULL);
    pthread_cond_init(&capture->joined_changed, NULL);
    pf_pacer_set_rate(&capture->pacer, capture->settings->target_fps);
}

static void deinit_capture(pf_capture *capture) {
    pf_cursor_stream_deinit(&capture->cursor);
    pf_screenshots_deinit(&capture->screenshots);
    pf_tap_deinit(&capture->tap);
    pf_change_log_deinit(&capture->changes);
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
    if (pf_thread_start(&self->thread, "pf-capture", pf_capture_main, self) != 0) {
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
    return strcmp(a->display, b->display) == 0 && strcmp(a->monitor, b->monitor) == 0 &&
           a->window == b->window && a->stripe_header == b->stripe_header &&
           a->queue_frames == b->queue_frames;
}

/** Whether these settings may follow those that are wanted so far. Under the
 * lock. */
static pf_status check_change(const pf_capture *capture, const pf_settings *settings,
                              pf_error *error) {
    if (!same_fixed_fields(settings, capture->wanted)) {
        return pf_error_set(error, PF_STATUS_INVALID_ARGUMENT,
                            "display, window, monitor, stripe_header and queue_frames cannot "
                            "change while the capture runs; stop it and start it again");
    }
    if (capture->screen_width == 0) {
        return PF_STATUS_OK;
    }
    if (settings->capture_cursor != PF_CURSOR_NONE && !capture->cursor_supported) {
        return pf_source_refuse_cursor(error);
    }
    return pf_settings_same_region(settings, capture->wanted)
               ? PF_STATUS_OK
               : pf_source_check_region(pf_settings_region(settings), pf_settings_target(settings),
                                        capture->screen_width, capture->screen_height, error);
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

pf_status pf_capture_want_screenshot(pf_capture *capture, const pf_screenshot_request *request) {
    pf_status status = pf_screenshots_request(&capture->screenshots, request);
    if (status == PF_STATUS_OK) {
        pf_wake_kick(&capture->wake);
    }
    return status;
}

void pf_capture_set_watch(pf_capture *capture, uint32_t watch) {
    if (pf_change_log_watch(&capture->changes, watch)) {
        pf_wake_kick(&capture->wake);
    }
}

void pf_capture_want_look(pf_capture *capture, uint64_t *looked_us) {
    pf_change_log_want_look(&capture->changes, looked_us);
    pf_wake_kick(&capture->wake);
}

void pf_capture_set_tap(pf_capture *capture, uint32_t bytes_max) {
    uint64_t looked_us;
    pf_tap_set(&capture->tap, bytes_max);
    if (bytes_max > 0) {
        pf_capture_want_look(capture, &looked_us);
    }
}

void pf_capture_end(pf_capture *capture) {
    pf_tap_close(&capture->tap);
    pf_screenshots_close(&capture->screenshots);
    pf_cursor_stream_close(&capture->cursor);
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
    stats->wakeups = atomic_load(&capture->wakeups);
    pf_outbox_stats(&capture->outbox, stats);
}
