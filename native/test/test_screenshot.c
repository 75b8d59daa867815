/* SPDX-License-Identifier: MPL-2.0 */
/** Screenshots through the C ABI: who gets an answer, and when. */
#include "base/memory.h"
#include "session.h"
#include "shot.h"
#include "test.h"

#define WIDTH 320u
#define STILL "synthetic://320x200@0"
#define MOVING "synthetic://320x200@200"

static void wrong_arguments_are_refused(void) {
    uint64_t handle = session_start(STILL);
    pf_screenshot_request request = shot_request(PF_SCREENSHOT_RAW + 1, 0);
    pf_screenshot answer;
    uint32_t count = 0;
    CHECK_EQUAL(pf_capture_request_screenshot(handle, NULL), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_INVALID_ARGUMENT);
    request = shot_request(PF_SCREENSHOT_JPEG, 0);
    request.quality = 101;
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_INVALID_ARGUMENT);
    request = shot_request(PF_SCREENSHOT_JPEG, 0);
    request.size_bytes--;
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, NULL, 1, &count), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 0, &count),
                PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 1, NULL), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    request = shot_request(PF_SCREENSHOT_JPEG, 0);
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 1, &count), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_request_screenshot(0, &request), PF_STATUS_STALE_HANDLE);
}

static void nothing_comes_after_a_stop(void) {
    for (uint32_t round = 0; round < 40; round++) {
        uint64_t handle = session_start(round % 2 ? STILL : MOVING);
        pf_screenshot_request request = shot_request(round % 3, round);
        pf_screenshot answers[2];
        uint32_t count = 1;
        shot_ask(handle, request);
        shot_ask(handle, request);
        if (round % 4 >= 2) {
            pf_screenshot first = shot_await(handle);
            shot_release(&first);
        }
        CHECK_EQUAL(pf_capture_stop(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_ENDED);
        CHECK_EQUAL(pf_capture_drain_screenshots(handle, answers, 2, &count), PF_STATUS_OK);
        CHECK_EQUAL(count, 0);
        CHECK_EQUAL(pf_capture_join(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_drain_screenshots(handle, answers, 2, &count), PF_STATUS_OK);
        CHECK_EQUAL(count, 0);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
        session_check_nothing_left();
    }
}

static void a_capture_that_failed_answers_no_more(void) {
    pf_settings settings = default_settings(STILL);
    settings.capture_x = WIDTH;
    uint64_t handle = 0;
    pf_screenshot_request request = shot_request(PF_SCREENSHOT_PNG, 0);
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_log log = {0};
    while (session_step(handle, &log)) {
    }
    CHECK_EQUAL(log.state.error, PF_STATUS_REGION_OFF_SCREEN);
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_ENDED);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void so_many_may_be_under_way(void) {
    uint64_t handle = session_start(MOVING);
    pf_screenshot_request request = shot_request(PF_SCREENSHOT_JPEG, 0);
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t id = 0; id < PF_SCREENSHOT_COUNT_MAX; id++) {
            shot_ask(handle, shot_request(id % 3, id));
        }
        CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_BUSY);
        uint32_t seen = 0;
        for (uint32_t id = 0; id < PF_SCREENSHOT_COUNT_MAX; id++) {
            pf_screenshot answer = shot_await(handle);
            CHECK(answer.status == PF_STATUS_OK);
            seen |= 1u << answer.id;
            shot_release(&answer);
        }
        CHECK_EQUAL(seen, (1u << PF_SCREENSHOT_COUNT_MAX) - 1);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void a_reader_that_stalls_gets_them(void) {
    uint64_t handle = session_start(MOVING);
    pf_stats stats = {.size_bytes = sizeof stats};
    for (int step = 0; stats.held_back == 0; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        pf_capture_wait(handle, PF_WAIT_MS_MAX);
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    }
    uint64_t frames = stats.frames, before_us = 0;
    for (uint32_t id = 0; id < 20; id++) {
        pf_screenshot answer = shot_take(handle, shot_request(PF_SCREENSHOT_JPEG, id));
        shot_bytes(&answer);
        CHECK(answer.timestamp_us > before_us);
        before_us = answer.timestamp_us;
        shot_release(&answer);
    }
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    CHECK_EQUAL(stats.frames, frames);
    session_log log = {0};
    session_await_stripes(handle, &log, 50);
    CHECK(log.last_frame_id > frames);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

/** A capture of a still picture that has sent all there ever is to send. */
static uint64_t start_at_rest(void) {
    /* Large enough for a JPEG of several slices. */
    pf_settings settings = default_settings("synthetic://640x448@0");
    settings.use_paint_over_quality = 0;
    settings.stripe_height = 64;
    uint64_t handle = 0;
    session_log log = {0};
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 448 / 64);
    return handle;
}

static void a_still_screen_is_no_frame_more(void) {
    uint64_t handle = start_at_rest();
    pf_stats stats = {.size_bytes = sizeof stats};
    for (uint32_t id = 0; id < 5; id++) {
        pf_screenshot answer = shot_take(handle, shot_request(id % 3, id));
        shot_bytes(&answer);
        shot_release(&answer);
    }
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    CHECK_EQUAL(stats.frames, 1);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

/** Whether the screenshot came in spite of the refusal, which is its own alone. */
static bool survive_refusal(uint64_t handle, uint32_t format, long granted) {
    pf_fault_after(granted);
    pf_screenshot answer = shot_take(handle, shot_request(format, (uint32_t)granted));
    pf_fault_after(-1);
    bool came = answer.status == PF_STATUS_OK;
    CHECK(came || answer.status == PF_STATUS_NO_MEMORY);
    CHECK(came == (answer.context != 0));
    shot_release(&answer);
    return came;
}

static void refused_memory_fails_the_screenshot_alone(void) {
    uint64_t handle = start_at_rest();
    /* Raw first: its buffer is then kept for the pixels of the others. */
    const uint32_t formats[] = {PF_SCREENSHOT_RAW, PF_SCREENSHOT_PNG, PF_SCREENSHOT_JPEG};
    for (uint32_t index = 0; index < 3; index++) {
        long granted = 0;
        while (!survive_refusal(handle, formats[index], granted)) {
            CHECK(++granted < 100);
        }
        CHECK(granted > 0);
    }
    CHECK_EQUAL(session_memory().lent_count, 0);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void it_goes_with_its_lease(void) {
    uint64_t handle = session_start(STILL);
    pf_screenshot answer = shot_take(handle, shot_request(PF_SCREENSHOT_RAW, 0));
    session_check_goes_with_lease(handle, &answer, sizeof answer);
}

const pf_test screenshot_tests[] = {
    TEST(wrong_arguments_are_refused),
    TEST(nothing_comes_after_a_stop),
    TEST(a_capture_that_failed_answers_no_more),
    TEST(so_many_may_be_under_way),
    TEST(a_reader_that_stalls_gets_them),
    TEST(a_still_screen_is_no_frame_more),
    TEST(refused_memory_fails_the_screenshot_alone),
    TEST(it_goes_with_its_lease),
    TESTS_END,
};
