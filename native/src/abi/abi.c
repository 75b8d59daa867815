/* SPDX-License-Identifier: MPL-2.0 */
/** The exported functions: check arguments, call, map errors. */
#include <stdio.h>

#include "abi/handles.h"
#include "abi/last_error.h"
#include "abi/settings.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "encode/encoder.h"
#include "source/frames.h"

/* x264 is GPL-2.0-or-later, and what contains it or is linked with it is too. */
#if PF_WITH_X264
#define PF_LICENCE "GPL-2.0-or-later AND MPL-2.0"
#else
#define PF_LICENCE "MPL-2.0"
#endif

/* For errors that have no capture to be kept with. */
static _Thread_local pf_error last_error;

pf_error *pf_last_error(void) {
    return &last_error;
}

uint32_t pf_abi_version(void) {
    return PF_ABI_VERSION;
}

uint64_t pf_clock_us(void) {
    return pf_clock_now_ns() / PF_NS_PER_US;
}

static int32_t refuse(const char *words) {
    return pf_error_set(&last_error, PF_STATUS_INVALID_ARGUMENT, "%s", words);
}

int32_t pf_capture_start(const pf_settings *settings, uint64_t *handle) {
    if (settings == NULL || handle == NULL) {
        return refuse("settings, handle: expected a pointer, received NULL");
    }
    pf_status status = pf_settings_check(settings, &last_error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint32_t slot;
    if (!pf_handles_reserve(&slot)) {
        return pf_error_set(&last_error, PF_STATUS_TOO_MANY_CAPTURES,
                            "%d captures exist already; stop one first", PF_CAPTURE_COUNT_MAX);
    }
    pf_capture *capture;
    status = pf_capture_create(settings, &capture, &last_error);
    if (status != PF_STATUS_OK) {
        pf_handles_cancel(slot);
        return status;
    }
    *handle = pf_handles_publish(slot, capture);
    return PF_STATUS_OK;
}

int32_t pf_capture_update(uint64_t handle, const pf_settings *settings) {
    if (settings == NULL) {
        return refuse("settings: expected a pointer, received NULL");
    }
    pf_status status = pf_settings_check(settings, &last_error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    status = pf_capture_set(capture, settings, &last_error);
    pf_handles_release(handle);
    return status;
}

int32_t pf_capture_request_keyframe(uint64_t handle) {
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_want_keyframe(capture);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

/** Whether a request's fields are in their ranges; the rectangle's are when it is
 * served. */
static pf_status check_screenshot(const pf_screenshot_request *request) {
    if (request == NULL || request->size_bytes != sizeof *request) {
        return refuse("request: expected a pf_screenshot_request with its size_bytes set");
    }
    if (request->format > PF_SCREENSHOT_RAW || request->quality > 100) {
        return refuse("format, quality: expected a pf_screenshot_format and 0...100");
    }
    return PF_STATUS_OK;
}

int32_t pf_capture_request_screenshot(uint64_t handle, const pf_screenshot_request *request) {
    pf_status status = check_screenshot(request);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    status = pf_capture_want_screenshot(capture, request);
    pf_handles_release(handle);
    return status;
}

int32_t pf_capture_drain_screenshots(uint64_t handle, pf_screenshot *screenshots, uint32_t capacity,
                                     uint32_t *count) {
    if (screenshots == NULL || capacity == 0 || count == NULL) {
        return refuse("screenshots, capacity, count: expected room for one, received none");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    *count = pf_screenshots_drain(&capture->screenshots, screenshots, capacity);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_drain_cursor(uint64_t handle, pf_cursor *cursor, uint32_t *count) {
    if (cursor == NULL || count == NULL) {
        return refuse("cursor, count: expected a pointer, received NULL");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    *count = pf_cursor_stream_drain(&capture->cursor, cursor);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_watch(uint64_t handle, uint32_t watch) {
    if (watch > PF_WATCH_TELL) {
        return refuse("watch: expected one of pf_watch");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_set_watch(capture, watch);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_look(uint64_t handle, uint64_t *looked_us) {
    if (looked_us == NULL) {
        return refuse("looked_us: expected a pointer, received NULL");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_want_look(capture, looked_us);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

static pf_status check_change_query(const pf_change_query *query, const pf_rectangle *ignored,
                                    const pf_rectangle *rectangles, const pf_changes *changes) {
    if (query == NULL || query->size_bytes != sizeof *query || changes == NULL ||
        changes->size_bytes != sizeof *changes) {
        return refuse("query, changes: expected structures with their size_bytes set");
    }
    if (rectangles == NULL || query->ignored_count > PF_CHANGE_RECTANGLE_COUNT_MAX ||
        (query->ignored_count > 0 && ignored == NULL)) {
        return refuse("rectangles, ignored: expected room for 64, and at most that many");
    }
    return PF_STATUS_OK;
}

int32_t pf_capture_changes(uint64_t handle, const pf_change_query *query,
                           const pf_rectangle *ignored, pf_rectangle *rectangles,
                           pf_changes *changes) {
    pf_status status = check_change_query(query, ignored, rectangles, changes);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    status = pf_change_log_read(&capture->changes, query, ignored, rectangles, changes);
    pf_handles_release(handle);
    return status;
}

int32_t pf_capture_tap(uint64_t handle, uint32_t bytes_max) {
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_set_tap(capture, bytes_max);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_drain_tap(uint64_t handle, pf_tap_frame *frame, uint32_t *count) {
    if (frame == NULL || count == NULL) {
        return refuse("frame, count: expected a pointer, received NULL");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    *count = pf_tap_drain(&capture->tap, frame);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_wait(uint64_t handle, uint32_t timeout_ms) {
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_status status =
        pf_outbox_wait(&capture->outbox, timeout_ms < PF_WAIT_MS_MAX ? timeout_ms : PF_WAIT_MS_MAX);
    pf_handles_release(handle);
    return status;
}

int32_t pf_capture_drain(uint64_t handle, pf_stripe *stripes, uint32_t capacity, uint32_t *count,
                         pf_state *state) {
    if (count == NULL || state == NULL || (stripes == NULL && capacity > 0)) {
        return refuse("stripes, count, state: expected a pointer, received NULL");
    }
    if (state->size_bytes != sizeof *state) {
        return refuse("state.size_bytes is not that of this library's pf_state");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    *count = pf_outbox_drain(&capture->outbox, stripes, capacity, state);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

void pf_stripe_release(void *bytes, void *context) {
    (void)bytes;
    if (context != NULL) {
        pf_buffer_release(context);
    }
}

int32_t pf_capture_stop(uint64_t handle) {
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_end(capture);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_join(uint64_t handle) {
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_wait_ended(capture);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_free(uint64_t handle) {
    pf_capture *capture = pf_handles_retire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_capture_wait_ended(capture);
    pf_handles_await_unused(handle);
    pf_capture_destroy(capture);
    pf_handles_vacate(handle);
    return PF_STATUS_OK;
}

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "a handle travels as a pointer");

static void *free_abandoned(void *handle) {
    pf_capture_free((uintptr_t)handle);
    return NULL;
}

/** Frees the capture by a thread of its own, where the system grants one. */
static void abandon(uint64_t handle) {
    if (pf_capture_stop(handle) != PF_STATUS_OK) {
        return;
    }
    pthread_t thread;
    void *context = (void *)(uintptr_t)handle;
    if (pf_thread_start(&thread, "pf-abandon", free_abandoned, context) == 0) {
        pthread_detach(thread);
    } else {
        free_abandoned(context);
    }
}

int32_t pf_lease_create(uint32_t capacity, uint64_t *address) {
    if (address == NULL || capacity > PF_LEASE_STRIPE_COUNT_MAX) {
        return refuse("capacity, address: expected a number in range and a pointer");
    }
    pf_lease *lease = pf_alloc(1, sizeof *lease + capacity * sizeof(pf_stripe));
    if (lease == NULL) {
        return pf_error_no_memory(&last_error, "a lease");
    }
    lease->capacity = capacity;
    *address = (uintptr_t)lease;
    return PF_STATUS_OK;
}

void pf_lease_end(void *bytes, void *context) {
    (void)bytes;
    pf_lease *lease = context;
    if (lease == NULL) {
        return;
    }
    const pf_stripe *stripes = (const pf_stripe *)(lease + 1);
    for (uint32_t index = 0; index < lease->capacity; index++) {
        pf_stripe_release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
    pf_frames_free(lease->frames);
    abandon(lease->handle);
    pf_free(lease);
}

int32_t pf_capture_message(uint64_t handle, char *text, uint32_t capacity_bytes) {
    if (text == NULL || capacity_bytes == 0) {
        return refuse("text: expected room for a message, received none");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_outbox_message(&capture->outbox, text, capacity_bytes);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_last_message(char *text, uint32_t capacity_bytes) {
    if (text == NULL || capacity_bytes == 0) {
        return PF_STATUS_INVALID_ARGUMENT;
    }
    snprintf(text, capacity_bytes, "%s", last_error.message);
    return PF_STATUS_OK;
}

int32_t pf_capture_stats(uint64_t handle, pf_stats *stats) {
    if (stats == NULL || stats->size_bytes != sizeof *stats) {
        return refuse("stats: expected a pf_stats with its size_bytes set");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    *stats = (pf_stats){.size_bytes = sizeof *stats};
    pf_capture_read_stats(capture, stats);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_capture_histogram(uint64_t handle, uint32_t stage, pf_histogram *histogram) {
    if (histogram == NULL || histogram->size_bytes != sizeof *histogram) {
        return refuse("histogram: expected a pf_histogram with its size_bytes set");
    }
    if (stage >= PF_STAGE_COUNT) {
        return refuse("stage: expected one of pf_stage");
    }
    pf_capture *capture = pf_handles_acquire(handle);
    if (capture == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_outbox_histogram(&capture->outbox, stage, histogram);
    pf_handles_release(handle);
    return PF_STATUS_OK;
}

int32_t pf_memory_usage(pf_memory *memory) {
    if (memory == NULL || memory->size_bytes != sizeof *memory) {
        return refuse("memory: expected a pf_memory with its size_bytes set");
    }
    *memory = (pf_memory){.size_bytes = sizeof *memory};
    memory->capture_count = pf_handles_count();
    memory->thread_count = pf_pool_thread_count() + memory->capture_count;
    memory->frame_source_count = pf_frames_existing();
    pf_buffer_usage(memory);
    return PF_STATUS_OK;
}

int32_t pf_capabilities_read(pf_capabilities *capabilities) {
    if (capabilities == NULL || capabilities->size_bytes != sizeof *capabilities) {
        return refuse("capabilities: expected a pf_capabilities with its size_bytes set");
    }
    *capabilities = (pf_capabilities){.size_bytes = sizeof *capabilities,
                                      .abi_version = PF_ABI_VERSION,
                                      .codecs = pf_encoder_codecs(),
                                      .cpu_features = pf_cpu_has_avx2() ? PF_CPU_AVX2 : 0,
                                      .version = PF_VERSION,
                                      .licence = PF_LICENCE};
    return PF_STATUS_OK;
}
