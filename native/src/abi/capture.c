/* SPDX-License-Identifier: MPL-2.0 */
/** The exported functions of a capture's life, its stripes and its counters. */
#include "abi/handles.h"
#include "abi/last_error.h"
#include "abi/settings.h"

int32_t pf_capture_start(const pf_settings *settings, uint64_t *handle) {
    if (settings == NULL || handle == NULL) {
        return pf_refuse("settings, handle: expected a pointer, received NULL");
    }
    pf_status status = pf_settings_check(settings, pf_last_error());
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint32_t slot;
    if (!pf_handles_reserve(&slot)) {
        return pf_error_set(pf_last_error(), PF_STATUS_TOO_MANY_CAPTURES,
                            "%d captures exist already; stop one first", PF_CAPTURE_COUNT_MAX);
    }
    pf_capture *capture;
    status = pf_capture_create(settings, &capture, pf_last_error());
    if (status != PF_STATUS_OK) {
        pf_handles_cancel(slot);
        return status;
    }
    *handle = pf_handles_publish(slot, capture);
    return PF_STATUS_OK;
}

int32_t pf_capture_update(uint64_t handle, const pf_settings *settings) {
    if (settings == NULL) {
        return pf_refuse("settings: expected a pointer, received NULL");
    }
    pf_status status = pf_settings_check(settings, pf_last_error());
    if (status != PF_STATUS_OK) {
        return status;
    }
    PF_WITH_CAPTURE(capture, handle, status) {
        status = pf_capture_set(capture, settings, pf_last_error());
    }
    return status;
}

int32_t pf_capture_request_keyframe(uint64_t handle) {
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_capture_want_keyframe(capture);
    }
    return status;
}

int32_t pf_capture_wait(uint64_t handle, uint32_t timeout_ms) {
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        status = pf_outbox_wait(&capture->outbox,
                                timeout_ms < PF_WAIT_MS_MAX ? timeout_ms : PF_WAIT_MS_MAX);
    }
    return status;
}

int32_t pf_capture_drain(uint64_t handle, pf_stripe *stripes, uint32_t capacity, uint32_t *count,
                         pf_state *state) {
    if (count == NULL || state == NULL || (stripes == NULL && capacity > 0)) {
        return pf_refuse("stripes, count, state: expected a pointer, received NULL");
    }
    if (state->size_bytes != sizeof *state) {
        return pf_refuse("state.size_bytes is not that of this library's pf_state");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        *count = pf_outbox_drain(&capture->outbox, stripes, capacity, state);
    }
    return status;
}

void pf_stripe_release(void *bytes, void *context) {
    (void)bytes;
    if (context != NULL) {
        pf_buffer_release(context);
    }
}

int32_t pf_capture_stop(uint64_t handle) {
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_capture_end(capture);
    }
    return status;
}

int32_t pf_capture_join(uint64_t handle) {
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_capture_wait_ended(capture);
    }
    return status;
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

int32_t pf_capture_message(uint64_t handle, char *text, uint32_t capacity_bytes) {
    if (text == NULL || capacity_bytes == 0) {
        return pf_refuse("text: expected room for a message, received none");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_outbox_message(&capture->outbox, text, capacity_bytes);
    }
    return status;
}

int32_t pf_capture_stats(uint64_t handle, pf_stats *stats) {
    if (stats == NULL || stats->size_bytes != sizeof *stats) {
        return pf_refuse("stats: expected a pf_stats with its size_bytes set");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        *stats = (pf_stats){.size_bytes = sizeof *stats};
        pf_capture_read_stats(capture, stats);
    }
    return status;
}

int32_t pf_capture_histogram(uint64_t handle, uint32_t stage, pf_histogram *histogram) {
    if (histogram == NULL || histogram->size_bytes != sizeof *histogram) {
        return pf_refuse("histogram: expected a pf_histogram with its size_bytes set");
    }
    if (stage >= PF_STAGE_COUNT) {
        return pf_refuse("stage: expected one of pf_stage");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_outbox_histogram(&capture->outbox, stage, histogram);
    }
    return status;
}
