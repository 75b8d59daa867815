/* SPDX-License-Identifier: MPL-2.0 */
#include "session.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "test.h"

pf_settings default_settings(const char *display) {
    pf_settings settings = {
        .size_bytes = sizeof settings,
        .output_mode = PF_OUTPUT_JPEG,
        .target_fps = 60,
        .jpeg_quality = 75,
        .paint_over_jpeg_quality = 90,
        .h264_crf = 25,
        .h264_paint_over_crf = 18,
        .use_paint_over_quality = 1,
        .paint_over_trigger_frames = 15,
        .damage_block_threshold = 10,
        .damage_block_duration = 30,
        .queue_frames = 3,
    };
    snprintf(settings.display, sizeof settings.display, "%s", display);
    return settings;
}

uint64_t session_start(const char *display) {
    pf_settings settings = default_settings(display);
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    return handle;
}

static void log_stripe(session_log *log, const pf_stripe *stripe) {
    CHECK(stripe->bytes != 0 && stripe->context != 0);
    CHECK(stripe->size_bytes > stripe->header_bytes);
    CHECK(stripe->height > 0 && stripe->width > 0);
    CHECK(stripe->frame_id >= log->last_frame_id);
    log->last_frame_id = stripe->frame_id;
    log->stripe_count++;
    log->keyframe_count += stripe->keyframe;
    /* The sanitizers see a byte that nobody wrote. */
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)stripe->bytes;
    for (uint32_t at = 0; at < stripe->size_bytes; at++) {
        log->bytes += bytes[at] >= 0;
    }
}

bool session_step(uint64_t handle, session_log *log) {
    int32_t status = pf_capture_wait(handle, PF_WAIT_MS_MAX);
    CHECK(status >= 0);
    pf_stripe stripes[16];
    uint32_t count;
    do {
        log->state.size_bytes = sizeof log->state;
        CHECK_EQUAL(pf_capture_drain(handle, stripes, 16, &count, &log->state), PF_STATUS_OK);
        for (uint32_t index = 0; index < count; index++) {
            log_stripe(log, &stripes[index]);
            pf_stripe_release((void *)(uintptr_t)stripes[index].bytes,
                              (void *)(uintptr_t)stripes[index].context);
        }
    } while (log->state.queued_count > 0);
    return status != PF_STATUS_ENDED;
}

void session_await_stripes(uint64_t handle, session_log *log, uint32_t count) {
    uint32_t wanted = log->stripe_count + count;
    for (int step = 0; log->stripe_count < wanted; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        if (!session_step(handle, log)) {
            char message[512] = "";
            pf_capture_message(handle, message, sizeof message);
            pf_test_fail(__FILE__, __LINE__, "the capture ended: %s", message);
        }
    }
}

pf_memory session_memory(void) {
    pf_memory memory = {.size_bytes = sizeof memory};
    CHECK_EQUAL(pf_memory_usage(&memory), PF_STATUS_OK);
    return memory;
}

void session_check_nothing_left(void) {
    pf_memory memory = session_memory();
    CHECK_EQUAL(memory.capture_count, 0);
    CHECK_EQUAL(memory.thread_count, 0);
    CHECK_EQUAL(memory.lent_count, 0);
    CHECK_EQUAL(memory.lent_bytes, 0);
    CHECK_EQUAL(memory.buffer_bytes, 0);
    CHECK_EQUAL(memory.frame_source_count, 0);
}

void session_check_goes_with_lease(uint64_t handle, const void *held, size_t held_bytes) {
    uint64_t address = 0;
    CHECK_EQUAL(pf_lease_create(3, &address), PF_STATUS_OK);
    pf_lease *lease = (pf_lease *)(uintptr_t)address;
    lease->handle = handle;
    memcpy((pf_stripe *)(lease + 1) + 2, held, held_bytes);
    CHECK_EQUAL(session_memory().lent_count, 1);
    pf_lease_end(NULL, lease);
    CHECK_EQUAL(session_memory().lent_count, 0);
    while (session_memory().capture_count > 0) {
        sched_yield();
    }
    session_check_nothing_left();
}

/** Whether the stripes came in spite of the refusal. */
static bool survive_refusal(const pf_settings *settings, uint32_t stripe_count, long granted) {
    uint64_t handle = 0;
    session_log log = {0};
    pf_fault_after(granted);
    int32_t status = pf_capture_start(settings, &handle);
    if (status == PF_STATUS_OK) {
        while (session_step(handle, &log) && log.stripe_count < stripe_count) {
        }
        status = log.state.error;
        pf_fault_after(-1);
        pf_capture_free(handle);
    }
    pf_fault_after(-1);
    bool came = log.stripe_count >= stripe_count;
    CHECK(came || status == PF_STATUS_NO_MEMORY || status == PF_STATUS_NO_RESOURCE);
    session_check_nothing_left();
    return came;
}

void session_survive_refusals(const pf_settings *settings, uint32_t stripe_count) {
    long granted = 0;
    while (!survive_refusal(settings, stripe_count, granted)) {
        CHECK(++granted < 1000);
    }
}
