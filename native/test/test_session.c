/* SPDX-License-Identifier: MPL-2.0 */
/** A real capture of a real X server, for the sanitizers: an Xvfb of its own,
 * painted by a second connection. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "screen.h"
#include "session.h"
#include "test.h"

static void check_session(screen *screen, pf_settings settings) {
    uint64_t handle = 0;
    session_log log = {0};
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 1);
    for (uint32_t round = 1; round <= 30; round++) {
        paint(screen, (int16_t)(round * 15), ++screen->painted * 0x010305);
        session_await_stripes(handle, &log, 1);
        settings.jpeg_quality = 40 + round;
        settings.h264_crf = 20 + round % 10;
        settings.output_mode ^= round % 10 == 0;
        CHECK_EQUAL(pf_capture_update(handle, &settings), PF_STATUS_OK);
        if (round % 7 == 0) {
            CHECK_EQUAL(pf_capture_request_keyframe(handle), PF_STATUS_OK);
        }
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

/** Captures a window until it is destroyed. */
static void check_window(screen *screen, uint32_t mode) {
    session_log log = {0};
    uint64_t handle = 0;
    pf_settings settings = default_settings(screen->display);
    settings.output_mode = mode;
    settings.capture_cursor = 1;
    settings.window = show_window(screen);
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 1);
    for (uint32_t round = 0; round < 100; round++) {
        disturb(screen, settings.window);
        if (round % 10 == 0) {
            session_step(handle, &log);
        }
    }
    CHECK_EQUAL(pf_capture_request_keyframe(handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 1);
    xcb_destroy_window(screen->connection, settings.window);
    sync_with(screen);
    while (session_step(handle, &log)) {
    }
    CHECK_EQUAL(log.state.error, PF_STATUS_WINDOW_GONE);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void run_windows(const char *missing_extension) {
    screen screen = {0};
    open_screen(&screen, missing_extension);
    check_window(&screen, PF_OUTPUT_JPEG);
    check_window(&screen, PF_OUTPUT_H264);
    close_screen(&screen);
}

static void a_window_is_captured_until_it_is_destroyed(void) {
    run_windows(NULL);
    run_windows("Composite");
    run_windows("DAMAGE");
}

static void every_refused_request_of_a_window_is_survived(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    pf_settings settings = default_settings(screen.display);
    settings.window = show_window(&screen);
    session_survive_refusals(&settings, 1);
    settings.window = 0;
    snprintf(settings.monitor, sizeof settings.monitor, "primary");
    session_survive_refusals(&settings, 1);
    close_screen(&screen);
}

static void run_sessions(const char *missing_extension, uint32_t mode_count) {
    screen screen = {0};
    open_screen(&screen, missing_extension);
    for (uint32_t mode = 0; mode < mode_count; mode++) {
        pf_settings settings = default_settings(screen.display);
        settings.output_mode = mode > 0;
        settings.h264_full_frame = mode == 2;
        check_session(&screen, settings);
    }
    close_screen(&screen);
}

static void a_real_screen_is_captured_in_every_mode(void) {
    run_sessions(NULL, 3);
}

static void a_server_without_extensions_is_captured_too(void) {
    run_sessions("MIT-SHM", 3);
    run_sessions("DAMAGE", 3);
    /* Debian's Xvfb aborts without XFIXES when its first client leaves. */
    run_sessions("XFIXES", 1);
}

/** Waits until the pointer has something new to tell. */
static pf_cursor await_cursor(uint64_t handle) {
    pf_cursor cursor = {0};
    uint32_t count = 0;
    for (int step = 0; count == 0; step++) {
        CHECK(step < 300);
        CHECK(pf_capture_wait(handle, PF_WAIT_MS_MAX) >= 0);
        CHECK_EQUAL(pf_capture_drain_cursor(handle, &cursor, &count), PF_STATUS_OK);
    }
    if (cursor.context != 0) {
        pf_stripe_release((void *)(uintptr_t)cursor.bytes, (void *)(uintptr_t)cursor.context);
    }
    return cursor;
}

static void warp(screen *screen, int16_t x, int16_t y) {
    xcb_warp_pointer(screen->connection, XCB_NONE, screen->root, 0, 0, 0, 0, x, y);
    /* No event tells of it: it is seen with the next frame. */
    paint(screen, 300, ++screen->painted * 0x010305);
}

static void a_pointer_is_streamed_while_stripes_wait(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    warp(&screen, 50, 60);
    pf_settings settings = default_settings(screen.display);
    settings.capture_cursor = PF_CURSOR_STREAM;
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    pf_cursor first = await_cursor(handle);
    CHECK(first.visible && first.x == 50 && first.y == 60 && first.context != 0);
    CHECK(first.size_bytes == first.width * first.height * 4);
    /* No stripe is ever drained: frames are held back after some, the pointer is not. */
    for (int16_t x = 51; x < 53; x++) {
        warp(&screen, x, 60);
        pf_cursor next = await_cursor(handle);
        CHECK(next.x == x && next.image_id == first.image_id && next.context == 0);
    }
    settings.capture_cursor = PF_CURSOR_NONE;
    CHECK_EQUAL(pf_capture_update(handle, &settings), PF_STATUS_OK);
    CHECK(!await_cursor(handle).visible);
    settings.capture_cursor = PF_CURSOR_STREAM;
    CHECK_EQUAL(pf_capture_update(handle, &settings), PF_STATUS_OK);
    pf_cursor again = await_cursor(handle);
    CHECK(again.visible && again.x == 52 && again.image_id == first.image_id);
    /* In the middle of something that is not drained. */
    warp(&screen, 70, 70);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    close_screen(&screen);
    session_check_nothing_left();
}

static void every_refused_request_is_survived_on_a_screen(void) {
    const char *extensions[] = {NULL, "MIT-SHM"};
    for (size_t index = 0; index < 2; index++) {
        screen screen = {0};
        open_screen(&screen, extensions[index]);
        pf_settings settings = default_settings(screen.display);
        settings.capture_cursor = PF_CURSOR_BLEND;
        session_survive_refusals(&settings, 8);
        settings.capture_cursor = PF_CURSOR_STREAM;
        session_survive_refusals(&settings, 8);
        close_screen(&screen);
    }
}

static void a_server_that_dies_is_told_of(void) {
    for (int round = 0; round < 5; round++) {
        screen screen = {0};
        open_screen(&screen, NULL);
        pf_settings settings = default_settings(screen.display);
        uint64_t handle = 0;
        session_log log = {0};
        CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
        session_await_stripes(handle, &log, 1);
        close_screen(&screen);
        while (session_step(handle, &log)) {
        }
        CHECK_EQUAL(log.state.phase, PF_PHASE_FAILED);
        CHECK_EQUAL(log.state.error, PF_STATUS_DISPLAY_LOST);
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    }
    session_check_nothing_left();
}

static void a_capture_stops_while_its_server_hangs(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    pf_settings settings = default_settings(screen.display);
    uint64_t handle = 0;
    session_log log = {0};
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 1);
    settings.jpeg_full_color = 1; /* needs another grab */
    kill(screen.server, SIGSTOP);
    CHECK_EQUAL(pf_capture_update(handle, &settings), PF_STATUS_OK);
    while (pf_capture_wait(handle, 50) != PF_STATUS_TIMEOUT) {
        session_step(handle, &log);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    kill(screen.server, SIGCONT);
    close_screen(&screen);
    session_check_nothing_left();
}

static void a_capture_stops_while_it_connects(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    /* libXau frees its buffer when the process exits, whoever still uses it;
     * with a file named it has none. */
    setenv("XAUTHORITY", "/dev/null", 1);
    kill(screen.server, SIGSTOP);
    pf_settings settings = default_settings(screen.display);
    uint64_t handle = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    CHECK_EQUAL(pf_capture_wait(handle, 100), PF_STATUS_TIMEOUT);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    kill(screen.server, SIGCONT);
    close_screen(&screen);
    session_check_nothing_left();
}

const pf_test session_tests[] = {
    TEST(a_real_screen_is_captured_in_every_mode),
    TEST(a_server_without_extensions_is_captured_too),
    TEST(a_pointer_is_streamed_while_stripes_wait),
    TEST(every_refused_request_is_survived_on_a_screen),
    TEST(a_window_is_captured_until_it_is_destroyed),
    TEST(every_refused_request_of_a_window_is_survived),
    TEST(a_server_that_dies_is_told_of),
    TEST(a_capture_stops_while_its_server_hangs),
    TEST(a_capture_stops_while_it_connects),
    TESTS_END,
};
