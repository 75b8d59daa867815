/* SPDX-License-Identifier: MPL-2.0 */
/** All that a capture does at once, on a real screen: what one part asks the server
 * must not make another miss what the server tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "screen.h"
#include "session.h"
#include "test.h"

/* Longer than any answer of a local server takes, in ns. */
#define DELAY_NS_MAX 400000u

/** Sleeps for a random time, so that what follows comes before, with, or behind
 * an answer. */
static void let_some_time_pass(void) {
    nanosleep(&(struct timespec){.tv_nsec = (long)pf_random_below(DELAY_NS_MAX)}, NULL);
}

static void fill_window(screen *screen, xcb_window_t window) {
    uint32_t colour = ++screen->painted * 0x010305;
    xcb_rectangle_t rect = {.x = 10, .y = 10, .width = 100, .height = 10};
    xcb_change_gc(screen->connection, screen->context, XCB_GC_FOREGROUND, &colour);
    xcb_poly_fill_rectangle(screen->connection, window, screen->context, 1, &rect);
    xcb_flush(screen->connection);
}

/** An event that makes the capture ask what has become of its window, though nothing
 * has. */
static void send_false_event(screen *screen, xcb_window_t window) {
    /* What is sent is 32 bytes, whatever the event. */
    union {
        xcb_configure_notify_event_t words;
        char bytes[32];
    } event = {.bytes = {0}};
    event.words.response_type = XCB_CONFIGURE_NOTIFY;
    event.words.event = event.words.window = window;
    event.words.width = event.words.height = 1;
    xcb_send_event(screen->connection, 0, window, XCB_EVENT_MASK_STRUCTURE_NOTIFY, event.bytes);
    xcb_flush(screen->connection);
}

/** Drains until nothing has come for a while. */
static void drain_all(uint64_t handle, session_log *log) {
    while (pf_capture_wait(handle, PF_WAIT_MS_MAX) == PF_STATUS_OK) {
        session_step(handle, log);
    }
}

/** A capture that makes frames of changes alone. */
static uint64_t start(pf_settings *settings, session_log *log) {
    uint64_t handle = 0;
    settings->use_paint_over_quality = 0;
    settings->target_fps = 240;
    CHECK_EQUAL(pf_capture_start(settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, log, 1);
    drain_all(handle, log);
    return handle;
}

static void a_change_while_the_window_is_looked_at_is_seen(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    pf_settings settings = default_settings(screen.display);
    session_log log = {0};
    settings.window = show_window(&screen);
    uint64_t handle = start(&settings, &log);
    for (uint32_t round = 0; round < 300; round++) {
        send_false_event(&screen, settings.window);
        let_some_time_pass();
        fill_window(&screen, settings.window);
        session_await_stripes(handle, &log, 1);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    close_screen(&screen);
    session_check_nothing_left();
}

static uint32_t release_screenshots(uint64_t handle) {
    pf_screenshot answers[PF_SCREENSHOT_COUNT_MAX];
    uint32_t count = 0;
    CHECK_EQUAL(pf_capture_drain_screenshots(handle, answers, PF_SCREENSHOT_COUNT_MAX, &count),
                PF_STATUS_OK);
    for (uint32_t index = 0; index < count; index++) {
        if (answers[index].context != 0) {
            pf_stripe_release(NULL, (void *)(uintptr_t)answers[index].context);
        }
    }
    return count;
}

static void request_screenshot(uint64_t handle) {
    pf_screenshot_request request = {.size_bytes = sizeof request,
                                     .format = PF_SCREENSHOT_RAW,
                                     .width = 1 + pf_random_below(16),
                                     .height = 1 + pf_random_below(16)};
    int32_t status = pf_capture_request_screenshot(handle, &request);
    CHECK(status == PF_STATUS_OK || status == PF_STATUS_BUSY || status == PF_STATUS_ENDED);
}

static void a_change_while_a_screenshot_is_taken_is_seen(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    pf_settings settings = default_settings(screen.display);
    session_log log = {0};
    settings.capture_cursor = PF_CURSOR_BLEND;
    uint64_t handle = start(&settings, &log);
    for (uint32_t round = 0; round < 300; round++) {
        request_screenshot(handle);
        let_some_time_pass();
        fill_window(&screen, screen.root);
        session_await_stripes(handle, &log, 1);
        release_screenshots(handle);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    close_screen(&screen);
    session_check_nothing_left();
}

static uint32_t release_tapped(uint64_t handle) {
    pf_tap_frame frame;
    uint32_t count = 0, total = 0;
    do {
        CHECK_EQUAL(pf_capture_drain_tap(handle, &frame, &count), PF_STATUS_OK);
        if (count > 0) {
            pf_stripe_release(NULL, (void *)(uintptr_t)frame.context);
        }
        total += count;
    } while (count > 0);
    return total;
}

static uint32_t release_pointer(uint64_t handle) {
    pf_cursor cursor = {0};
    uint32_t count = 0;
    CHECK_EQUAL(pf_capture_drain_cursor(handle, &cursor, &count), PF_STATUS_OK);
    if (count > 0 && cursor.context != 0) {
        pf_stripe_release(NULL, (void *)(uintptr_t)cursor.context);
    }
    return count;
}

static uint64_t read_wakeups(uint64_t handle) {
    pf_stats stats = {.size_bytes = sizeof stats};
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    return stats.wakeups;
}

static void read_changes(uint64_t handle) {
    pf_change_query query = {.size_bytes = sizeof query};
    pf_rectangle rectangles[PF_CHANGE_RECTANGLE_COUNT_MAX];
    pf_changes changes = {.size_bytes = sizeof changes};
    CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, rectangles, &changes), PF_STATUS_OK);
}

/** Takes whatever there is but, where `stripes` is false, stripes. */
static void take_all(uint64_t handle, session_log *log, bool stripes) {
    read_changes(handle);
    release_tapped(handle);
    release_pointer(handle);
    release_screenshots(handle);
    if (stripes) {
        session_step(handle, log);
    }
}

/** Checks that a capture which does everything sleeps while nothing happens. */
static void check_rest(uint64_t handle, session_log *log, bool stripes) {
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_OK);
    CHECK_EQUAL(pf_capture_tap(handle, 1), PF_STATUS_OK);
    for (uint32_t quiet = 0, step = 0; quiet < 2; step++) {
        CHECK(step < 300);
        int32_t status = pf_capture_wait(handle, PF_WAIT_MS_MAX);
        quiet = status == PF_STATUS_TIMEOUT ? quiet + 1 : 0;
        take_all(handle, log, stripes);
    }
    uint64_t before = read_wakeups(handle);
    for (uint32_t round = 0; round < 2; round++) {
        pf_capture_wait(handle, PF_WAIT_MS_MAX);
    }
    CHECK_EQUAL(read_wakeups(handle), before);
}

static void check_rest_of(screen *screen, pf_settings settings) {
    session_log log = {0};
    settings.capture_cursor = PF_CURSOR_STREAM;
    uint64_t handle = start(&settings, &log);
    check_rest(handle, &log, true);
    xcb_window_t painted = settings.window == 0 ? screen->root : settings.window;
    pf_stats stats = {.size_bytes = sizeof stats};
    for (int step = 0; stats.held_back == 0; step++) {
        CHECK(step < 300);
        fill_window(screen, painted);
        pf_capture_wait(handle, PF_WAIT_MS_MAX / 10);
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    }
    check_rest(handle, &log, false);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void a_still_screen_wakes_nobody_whatever_is_on(void) {
    screen screen = {0};
    open_screen(&screen, NULL);
    pf_settings settings = default_settings(screen.display);
    check_rest_of(&screen, settings);
    snprintf(settings.monitor, sizeof settings.monitor, "primary");
    check_rest_of(&screen, settings);
    settings.monitor[0] = '\0';
    settings.window = show_window(&screen);
    check_rest_of(&screen, settings);
    close_screen(&screen);
}

static void update_anything(uint64_t handle, pf_settings *settings) {
    settings->capture_cursor = pf_random_below(PF_CURSOR_STREAM + 1);
    settings->output_mode = pf_random_below(2);
    settings->stripe_height = pf_random_below(2) * 64;
    settings->capture_width = settings->capture_height = pf_random_below(2) * 40;
    /* A window may be too small for the region. */
    int32_t status = pf_capture_update(handle, settings);
    CHECK(status == PF_STATUS_OK || status == PF_STATUS_REGION_OFF_SCREEN);
}

/** One of all things that a caller may do. */
static void do_anything(uint64_t handle, session_log *log, pf_settings *settings) {
    uint64_t looked_us;
    switch (pf_random_below(8)) {
    case 0:
        CHECK_EQUAL(pf_capture_tap(handle, pf_random_below(3) * 100000), PF_STATUS_OK);
        break;
    case 1:
        CHECK_EQUAL(pf_capture_watch(handle, pf_random_below(PF_WATCH_TELL + 1)), PF_STATUS_OK);
        break;
    case 2:
        CHECK_EQUAL(pf_capture_look(handle, &looked_us), PF_STATUS_OK);
        break;
    case 3:
        request_screenshot(handle);
        break;
    case 4:
        update_anything(handle, settings);
        break;
    case 5:
        CHECK_EQUAL(pf_capture_request_keyframe(handle), PF_STATUS_OK);
        break;
    default:
        take_all(handle, log, pf_random_below(2) > 0);
    }
}

/** After all that: a look, a screenshot, a tap and a change are still served. */
static void check_service(uint64_t handle, session_log *log) {
    uint32_t tapped = 0, pictures = 0;
    take_all(handle, log, true);
    CHECK_EQUAL(pf_capture_tap(handle, 1u << 20), PF_STATUS_OK);
    for (int step = 0; tapped == 0 || pictures == 0; step++) {
        CHECK(step < 300);
        request_screenshot(handle);
        session_step(handle, log);
        tapped += release_tapped(handle);
        pictures += release_screenshots(handle);
    }
    CHECK_EQUAL(pf_capture_request_keyframe(handle), PF_STATUS_OK);
    session_await_stripes(handle, log, 1);
}

static void check_anything(screen *screen, xcb_window_t window, bool capture_window) {
    pf_settings settings = default_settings(screen->display);
    session_log log = {0};
    uint64_t handle = 0;
    settings.window = capture_window ? window : 0;
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, 1);
    for (uint32_t round = 0; round < 300; round++) {
        if (pf_random_below(3) == 0) {
            disturb(screen, window);
        }
        do_anything(handle, &log, &settings);
    }
    check_service(handle, &log);
    /* It ends in the middle of something. */
    xcb_destroy_window(screen->connection, window);
    do_anything(handle, &log, &settings);
    xcb_flush(screen->connection);
    do_anything(handle, &log, &settings);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void anything_may_be_asked_at_any_time(void) {
    const char *missing[] = {NULL, "Composite"};
    for (size_t index = 0; index < sizeof missing / sizeof *missing; index++) {
        screen screen = {0};
        open_screen(&screen, missing[index]);
        check_anything(&screen, show_window(&screen), true);
        check_anything(&screen, show_window(&screen), false);
        close_screen(&screen);
    }
}

const pf_test interplay_tests[] = {
    TEST(a_change_while_the_window_is_looked_at_is_seen),
    TEST(a_change_while_a_screenshot_is_taken_is_seen),
    TEST(a_still_screen_wakes_nobody_whatever_is_on),
    TEST(anything_may_be_asked_at_any_time),
    TESTS_END,
};
