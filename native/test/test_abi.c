/* SPDX-License-Identifier: MPL-2.0 */
/** Every exported function through its C signature. */
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "session.h"
#include "test.h"

#define SOURCE "synthetic://320x200@200"

static uint64_t start(const pf_settings *settings) {
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(settings, &handle), PF_STATUS_OK);
    CHECK(handle > 0 && handle < (1ull << 53));
    return handle;
}

static void a_capture_goes_from_start_to_free(void) {
    for (uint32_t mode = 0; mode < 3; mode++) {
        pf_settings settings = default_settings(SOURCE);
        settings.output_mode = mode > 0;
        settings.h264_full_frame = mode == 2;
        uint64_t handle = start(&settings);
        session_log log = {0};
        session_await_stripes(handle, &log, 20);
        CHECK_EQUAL(log.state.phase, PF_PHASE_RUNNING);
        CHECK(log.state.width == 320 && log.state.height == 200);
        pf_stats stats = {.size_bytes = sizeof stats};
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
        CHECK(stats.stripes >= 20 && stats.bytes >= log.bytes && stats.frames > 0);
        CHECK_EQUAL(pf_capture_stop(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_stop(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_join(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_join(handle), PF_STATUS_OK);
        CHECK(!session_step(handle, &log));
        CHECK_EQUAL(log.state.phase, PF_PHASE_STOPPED);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_STALE_HANDLE);
    }
    session_check_nothing_left();
}

static void check_stale(uint64_t handle) {
    pf_settings settings = default_settings(SOURCE);
    uint32_t count;
    pf_state state = {.size_bytes = sizeof state};
    pf_stats stats = {.size_bytes = sizeof stats};
    char text[8];
    CHECK_EQUAL(pf_capture_update(handle, &settings), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_request_keyframe(handle), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_wait(handle, 0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_drain(handle, NULL, 0, &count, &state), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_stop(handle), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_join(handle), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_message(handle, text, sizeof text), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_STALE_HANDLE);
    pf_cursor cursor;
    CHECK_EQUAL(pf_capture_drain_cursor(handle, &cursor, &count), PF_STATUS_STALE_HANDLE);
}

static void a_stale_handle_is_told_from_its_successor(void) {
    pf_settings settings = default_settings(SOURCE);
    uint64_t first = start(&settings);
    pf_capture_free(first);
    uint64_t second = start(&settings);
    CHECK(first != second);
    check_stale(first);
    check_stale(0);
    check_stale(UINT64_MAX);
    check_stale(second ^ (1ull << 40));
    CHECK(pf_capture_wait(second, 0) >= 0);
    pf_capture_free(second);
}

static void null_and_short_arguments_are_refused(void) {
    pf_settings settings = default_settings(SOURCE);
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(NULL, &handle), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_start(&settings, NULL), PF_STATUS_INVALID_ARGUMENT);
    handle = start(&settings);
    pf_stripe stripe;
    uint32_t count;
    pf_state state = {.size_bytes = sizeof state};
    pf_state short_state = {.size_bytes = sizeof state - 1};
    pf_stats short_stats = {.size_bytes = 8};
    pf_memory short_memory = {.size_bytes = 8};
    const int32_t refused = PF_STATUS_INVALID_ARGUMENT;
    CHECK_EQUAL(pf_capture_update(handle, NULL), refused);
    CHECK_EQUAL(pf_capture_drain(handle, NULL, 1, &count, &state), refused);
    CHECK_EQUAL(pf_capture_drain(handle, &stripe, 1, NULL, &state), refused);
    CHECK_EQUAL(pf_capture_drain(handle, &stripe, 1, &count, NULL), refused);
    CHECK_EQUAL(pf_capture_drain(handle, &stripe, 1, &count, &short_state), refused);
    CHECK_EQUAL(pf_capture_message(handle, NULL, 10), refused);
    CHECK_EQUAL(pf_capture_message(handle, (char *)&state, 0), refused);
    CHECK_EQUAL(pf_last_message(NULL, 10), refused);
    CHECK_EQUAL(pf_last_message((char *)&state, 0), refused);
    CHECK_EQUAL(pf_capture_stats(handle, NULL), refused);
    CHECK_EQUAL(pf_capture_stats(handle, &short_stats), refused);
    pf_cursor cursor;
    CHECK_EQUAL(pf_capture_drain_cursor(handle, NULL, &count), refused);
    CHECK_EQUAL(pf_capture_drain_cursor(handle, &cursor, NULL), refused);
    CHECK_EQUAL(pf_memory_usage(NULL), refused);
    CHECK_EQUAL(pf_memory_usage(&short_memory), refused);
    pf_stripe_release(NULL, NULL);
    pf_capture_free(handle);
}

static void check_refused(const pf_settings *settings, const char *field) {
    uint64_t handle = 0;
    char message[512];
    CHECK_EQUAL(pf_capture_start(settings, &handle), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(handle, 0);
    CHECK_EQUAL(pf_last_message(message, sizeof message), PF_STATUS_OK);
    CHECK(strncmp(message, field, strlen(field)) == 0);
}

static void every_field_out_of_range_is_named(void) {
#define REFUSE(field, bad)                                                                         \
    do {                                                                                           \
        pf_settings settings = default_settings(SOURCE);                                           \
        settings.field = bad;                                                                      \
        check_refused(&settings, #field);                                                          \
    } while (0)
    REFUSE(size_bytes, 100);
    REFUSE(output_mode, 2);
    REFUSE(capture_x, 32768);
    REFUSE(capture_y, 32768);
    REFUSE(capture_width, 16385);
    REFUSE(capture_height, 16385);
    REFUSE(target_fps, 0.99);
    REFUSE(target_fps, 240.1);
    REFUSE(target_fps, NAN);
    REFUSE(capture_cursor, 3);
    REFUSE(jpeg_quality, 101);
    REFUSE(paint_over_jpeg_quality, 101);
    REFUSE(jpeg_full_color, 2);
    REFUSE(h264_crf, 52);
    REFUSE(h264_paint_over_crf, 52);
    REFUSE(h264_paint_over, 2);
    REFUSE(h264_full_color, 2);
    REFUSE(h264_full_frame, 2);
    REFUSE(stripe_height, 1040);
    REFUSE(stripe_height, 17);
    REFUSE(use_paint_over_quality, 2);
    REFUSE(paint_over_trigger_frames, 0);
    REFUSE(paint_over_trigger_frames, 1001);
    REFUSE(damage_block_threshold, 1001);
    REFUSE(damage_block_duration, 0);
    REFUSE(damage_block_duration, 1001);
    REFUSE(watermark_location, 7);
    REFUSE(stripe_header, 4);
    REFUSE(queue_frames, 0);
    REFUSE(queue_frames, 17);
#undef REFUSE
    pf_settings settings = default_settings("");
    check_refused(&settings, "display");
    settings = default_settings(SOURCE);
    memset(settings.display, 'x', sizeof settings.display);
    check_refused(&settings, "display");
    settings = default_settings(SOURCE);
    memset(settings.watermark_path, 'x', sizeof settings.watermark_path);
    check_refused(&settings, "watermark_path");
    settings = default_settings(SOURCE);
    memset(settings.authority_path, 'x', sizeof settings.authority_path);
    check_refused(&settings, "authority_path");
    settings = default_settings(":0");
    memset(settings.monitor, 'x', sizeof settings.monitor);
    check_refused(&settings, "monitor");
    snprintf(settings.monitor, sizeof settings.monitor, "primary");
    settings.window = 5;
    check_refused(&settings, "window, monitor");
    settings = default_settings(SOURCE);
    settings.window = 5;
    check_refused(&settings, "window");
    session_check_nothing_left();
}

static void fields_that_cannot_change_do_not(void) {
    pf_settings settings = default_settings(SOURCE);
    uint64_t handle = start(&settings);
    pf_settings other = settings;
    other.queue_frames = 4;
    CHECK_EQUAL(pf_capture_update(handle, &other), PF_STATUS_INVALID_ARGUMENT);
    other = settings;
    snprintf(other.display, sizeof other.display, ":0");
    other.window = 5;
    CHECK_EQUAL(pf_capture_update(handle, &other), PF_STATUS_INVALID_ARGUMENT);
    other = settings;
    other.stripe_header = PF_HEADER_NONE;
    CHECK_EQUAL(pf_capture_update(handle, &other), PF_STATUS_INVALID_ARGUMENT);
    other = default_settings("synthetic://320x200@0");
    CHECK_EQUAL(pf_capture_update(handle, &other), PF_STATUS_INVALID_ARGUMENT);
    other = settings;
    other.jpeg_quality = 101;
    CHECK_EQUAL(pf_capture_update(handle, &other), PF_STATUS_INVALID_ARGUMENT);
    session_log log = {0};
    session_await_stripes(handle, &log, 10);
    pf_capture_free(handle);
}

static void there_are_so_many_captures_and_no_more(void) {
    pf_settings settings = default_settings("synthetic://16x16@0");
    uint64_t handles[PF_CAPTURE_COUNT_MAX], more;
    for (int index = 0; index < PF_CAPTURE_COUNT_MAX; index++) {
        handles[index] = start(&settings);
    }
    CHECK_EQUAL(pf_capture_start(&settings, &more), PF_STATUS_TOO_MANY_CAPTURES);
    CHECK_EQUAL(session_memory().capture_count, PF_CAPTURE_COUNT_MAX);
    for (int index = 0; index < PF_CAPTURE_COUNT_MAX; index++) {
        session_log log = {0};
        session_await_stripes(handles[index], &log, 1);
        pf_capture_free(handles[index]);
    }
    session_check_nothing_left();
}

static void a_failed_capture_says_why(void) {
    pf_settings settings = default_settings(SOURCE);
    settings.capture_x = 320;
    uint64_t handle = start(&settings);
    session_log log = {0};
    while (session_step(handle, &log)) {
    }
    char message[512];
    CHECK_EQUAL(log.state.phase, PF_PHASE_FAILED);
    CHECK_EQUAL(log.state.error, PF_STATUS_REGION_OFF_SCREEN);
    CHECK_EQUAL(pf_capture_message(handle, message, sizeof message), PF_STATUS_OK);
    CHECK(strstr(message, "capture_x") != NULL);
    pf_capture_free(handle);
}

static void a_slow_reader_holds_the_capture_back(void) {
    pf_settings settings = default_settings("synthetic://320x200@1000");
    settings.target_fps = 240;
    settings.queue_frames = 2;
    uint64_t handle = start(&settings);
    pf_stats stats = {.size_bytes = sizeof stats};
    do {
        CHECK(pf_capture_wait(handle, 100) >= 0);
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    } while (stats.held_back == 0);
    CHECK_EQUAL(stats.frames, 2);
    session_log log = {0};
    session_await_stripes(handle, &log, 20);
    pf_capture_free(handle);
    session_check_nothing_left();
}

static void a_keyframe_request_sends_every_stripe(void) {
    pf_settings settings = default_settings("synthetic://320x200@0");
    settings.output_mode = PF_OUTPUT_H264;
    settings.use_paint_over_quality = 0;
    uint64_t handle = start(&settings);
    session_log log = {0};
    session_await_stripes(handle, &log, 4);
    CHECK_EQUAL(log.keyframe_count, 4);
    CHECK_EQUAL(pf_capture_request_keyframe(handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 4);
    CHECK_EQUAL(log.keyframe_count, 8);
    pf_capture_free(handle);
}

static void *wait_until_ended(void *handle) {
    int32_t status;
    do {
        status = pf_capture_wait(*(uint64_t *)handle, 100);
    } while (status == PF_STATUS_OK || status == PF_STATUS_TIMEOUT);
    return NULL;
}

static void freeing_lets_waiting_threads_go(void) {
    for (int round = 0; round < 50; round++) {
        pf_settings settings = default_settings(SOURCE);
        uint64_t handle = start(&settings);
        pthread_t threads[3];
        for (int index = 0; index < 3; index++) {
            CHECK_EQUAL(pthread_create(&threads[index], NULL, wait_until_ended, &handle), 0);
        }
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
        for (int index = 0; index < 3; index++) {
            pthread_join(threads[index], NULL);
        }
    }
    session_check_nothing_left();
}

static void every_refused_request_is_survived(void) {
    for (uint32_t mode = PF_OUTPUT_JPEG; mode <= PF_OUTPUT_H264; mode++) {
        pf_settings settings = default_settings(SOURCE);
        settings.output_mode = mode;
        session_survive_refusals(&settings, 30);
    }
}

static void capabilities_say_what_is_in(void) {
    pf_capabilities capabilities = {.size_bytes = sizeof capabilities};
    CHECK_EQUAL(pf_capabilities_read(&capabilities), PF_STATUS_OK);
    CHECK_EQUAL(capabilities.size_bytes, sizeof capabilities);
    CHECK_EQUAL(capabilities.abi_version, PF_ABI_VERSION);
    CHECK_EQUAL(capabilities.codecs, 1u << PF_OUTPUT_JPEG | 1u << PF_OUTPUT_H264);
    CHECK_EQUAL(capabilities.cpu_features, pf_cpu_has_avx2() ? PF_CPU_AVX2 : 0);
    CHECK(strcmp(capabilities.version, PF_VERSION) == 0);
    CHECK(strcmp(capabilities.licence, "GPL-2.0-or-later AND MPL-2.0") == 0);
    capabilities.size_bytes--;
    CHECK_EQUAL(pf_capabilities_read(&capabilities), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capabilities_read(NULL), PF_STATUS_INVALID_ARGUMENT);
}

static void the_layout_says_where_fields_lie(void) {
    char line[64];
    const char *layout = pf_layout();
    snprintf(line, sizeof line, "pf_settings %zu\n", sizeof(pf_settings));
    CHECK(strstr(layout, line) == layout);
    snprintf(line, sizeof line, "\n target_fps f64 %zu\n", offsetof(pf_settings, target_fps));
    CHECK(strstr(layout, line) != NULL);
    snprintf(line, sizeof line, "\n display char[256] %zu\n", offsetof(pf_settings, display));
    CHECK(strstr(layout, line) != NULL);
    snprintf(line, sizeof line, "\n error i32 %zu\n", offsetof(pf_state, error));
    CHECK(strstr(layout, line) != NULL);
    CHECK_EQUAL(pf_abi_version(), PF_ABI_VERSION);
    uint64_t before_us = pf_clock_now_ns() / PF_NS_PER_US, now_us = pf_clock_us();
    CHECK(before_us <= now_us && now_us <= pf_clock_now_ns() / PF_NS_PER_US);
}

const pf_test abi_tests[] = {
    TEST(a_capture_goes_from_start_to_free),
    TEST(a_stale_handle_is_told_from_its_successor),
    TEST(null_and_short_arguments_are_refused),
    TEST(every_field_out_of_range_is_named),
    TEST(fields_that_cannot_change_do_not),
    TEST(there_are_so_many_captures_and_no_more),
    TEST(a_failed_capture_says_why),
    TEST(a_slow_reader_holds_the_capture_back),
    TEST(a_keyframe_request_sends_every_stripe),
    TEST(freeing_lets_waiting_threads_go),
    TEST(every_refused_request_is_survived),
    TEST(capabilities_say_what_is_in),
    TEST(the_layout_says_where_fields_lie),
    TESTS_END,
};
