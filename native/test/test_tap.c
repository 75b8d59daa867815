/* SPDX-License-Identifier: MPL-2.0 */
/** Frames by their pixels, through the C ABI; those of real screens are in the Bun tests. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "session.h"
#include "test.h"

#define WIDTH 320u
#define HEIGHT 200u
#define STILL "synthetic://320x200@0"
#define MOVING "synthetic://320x200@200"
#define PIXELS_BYTES ((size_t)WIDTH * HEIGHT * 4)
#define BIG_WIDTH 1920u
#define BIG_HEIGHT 480u
#define BIG_BYTES ((size_t)BIG_WIDTH * BIG_HEIGHT * 4)

static uint64_t start(const char *display, uint32_t bytes_max) {
    uint64_t handle = session_start(display);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_EXACT), PF_STATUS_OK);
    CHECK_EQUAL(pf_capture_tap(handle, bytes_max), PF_STATUS_OK);
    return handle;
}

static bool drain(uint64_t handle, pf_tap_frame *frame) {
    uint32_t count = 2;
    CHECK_EQUAL(pf_capture_drain_tap(handle, frame, &count), PF_STATUS_OK);
    CHECK(count < 2);
    return count == 1;
}

static pf_tap_frame await_frame(uint64_t handle) {
    pf_tap_frame frame;
    for (int step = 0; !drain(handle, &frame); step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        CHECK(pf_capture_wait(handle, PF_WAIT_MS_MAX) >= 0);
    }
    return frame;
}

/** Draws a frame on a screen, and gives it back. */
static void draw(const pf_tap_frame *frame, uint8_t *screen) {
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)frame->bytes;
    const uint8_t *pixels = bytes + frame->rectangle_count * sizeof(pf_rectangle);
    CHECK(frame->width == WIDTH && frame->height == HEIGHT);
    CHECK(frame->rectangle_count > 0);
    for (uint32_t index = 0; index < frame->rectangle_count; index++) {
        pf_rectangle rect;
        memcpy(&rect, bytes + index * sizeof rect, sizeof rect);
        CHECK(rect.x + rect.width <= WIDTH && rect.y + rect.height <= HEIGHT);
        for (uint32_t y = rect.y; y < rect.y + rect.height; y++, pixels += rect.width * 4) {
            memcpy(screen + ((size_t)y * WIDTH + rect.x) * 4, pixels, rect.width * 4);
        }
    }
    CHECK_EQUAL(pixels - bytes, frame->size_bytes);
    pf_stripe_release(NULL, (void *)(uintptr_t)frame->context);
}

/** The still picture that the synthetic source shows, but for its square. */
static uint32_t rgba_at(uint32_t x, uint32_t y) {
    return (x & 255) | (y & 255) << 8 | ((x + y) >> 3 & 255) << 16 | 0xff000000u;
}

/** Checks that there is the still picture, and over it one square of one colour. */
static void check_screen(const uint8_t *screen) {
    uint32_t color = 0, left = WIDTH, right = 0, top = HEIGHT, bottom = 0;
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            uint32_t pixel;
            memcpy(&pixel, screen + ((size_t)y * WIDTH + x) * 4, sizeof pixel);
            if (pixel == rgba_at(x, y)) {
                continue;
            }
            CHECK(color == 0 || color == pixel);
            color = pixel;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y > bottom ? y : bottom;
        }
    }
    CHECK(color == 0 || (right - left < 64 && bottom - top < 64));
}

static void the_first_frame_is_complete(void) {
    uint64_t handle = start(STILL, 1);
    uint8_t *screen = calloc(1, PIXELS_BYTES);
    pf_tap_frame frame = await_frame(handle);
    CHECK_EQUAL(frame.rectangle_count, 1);
    CHECK_EQUAL(frame.size_bytes, PIXELS_BYTES + sizeof(pf_rectangle));
    CHECK_EQUAL(session_memory().lent_count, 1);
    draw(&frame, screen);
    check_screen(screen);
    for (uint32_t round = 0; round < 3; round++) {
        pf_capture_wait(handle, PF_WAIT_MS_MAX);
        CHECK(!drain(handle, &frame));
    }
    free(screen);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

/** However the stripes are read, the frames are whole pictures. */
static void frames_are_whole(uint32_t bytes_max, bool read_stripes) {
    uint64_t handle = start(MOVING, bytes_max);
    uint8_t *screen = calloc(1, PIXELS_BYTES);
    session_log log = {0};
    uint64_t before_us = 0;
    for (uint32_t index = 0; index < 40; index++) {
        pf_tap_frame frame = await_frame(handle);
        CHECK(frame.timestamp_us > before_us);
        before_us = frame.timestamp_us;
        draw(&frame, screen);
        check_screen(screen);
        if (read_stripes) {
            session_step(handle, &log);
        }
    }
    free(screen);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void frames_are_whole_pictures(void) {
    frames_are_whole(1u << 30, true);
    frames_are_whole(1u << 30, false);
    frames_are_whole(1, true);
}

static void what_finds_no_room_is_in_a_later_frame(void) {
    uint64_t handle = start(MOVING, 1);
    uint8_t *screen = calloc(1, PIXELS_BYTES);
    pf_stats stats = {.size_bytes = sizeof stats};
    session_log log = {0};
    while (stats.frames < 20) {
        session_step(handle, &log);
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    }
    CHECK(session_memory().buffer_bytes < 3 * PIXELS_BYTES);
    pf_tap_frame first = await_frame(handle);
    CHECK_EQUAL(first.merged_count, 0);
    draw(&first, screen);
    pf_tap_frame second = await_frame(handle);
    CHECK(second.merged_count >= 15);
    draw(&second, screen);
    check_screen(screen);
    free(screen);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void nothing_comes_after_its_end(void) {
    for (uint32_t round = 0; round < 30; round++) {
        uint64_t handle = start(MOVING, 1u << 20);
        pf_tap_frame frame = await_frame(handle);
        pf_stripe_release(NULL, (void *)(uintptr_t)frame.context);
        if (round % 3 == 0) {
            CHECK_EQUAL(pf_capture_tap(handle, 0), PF_STATUS_OK);
            pf_capture_wait(handle, 5);
            CHECK(!drain(handle, &frame));
            CHECK_EQUAL(pf_capture_tap(handle, 5), PF_STATUS_OK);
            frame = await_frame(handle);
            CHECK_EQUAL(frame.size_bytes, PIXELS_BYTES + sizeof(pf_rectangle));
            pf_stripe_release(NULL, (void *)(uintptr_t)frame.context);
        }
        CHECK_EQUAL(pf_capture_stop(handle), PF_STATUS_OK);
        CHECK(!drain(handle, &frame));
        CHECK_EQUAL(pf_capture_join(handle), PF_STATUS_OK);
        CHECK(!drain(handle, &frame));
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
        session_check_nothing_left();
    }
}

/** Pushes other colours to random tiles of a frame source, and to all of them first. */
static void push_tiles(uint64_t frames, uint32_t *pixels, bool all) {
    pf_rectangle damage[(BIG_WIDTH / 64) * (BIG_HEIGHT / 16)];
    uint32_t count = 0;
    for (uint32_t y = 0; y < BIG_HEIGHT; y += 16) {
        for (uint32_t x = 0; x < BIG_WIDTH; x += 64) {
            if (all || pf_random_below(2) > 0) {
                damage[count++] = (pf_rectangle){x, y, 1, 1};
                pixels[y * BIG_WIDTH + x]++;
            }
        }
    }
    uint64_t serial;
    CHECK_EQUAL(pf_frames_push(frames, (const uint8_t *)pixels, BIG_BYTES, BIG_WIDTH, BIG_HEIGHT,
                               BIG_WIDTH * 4, (const uint32_t *)damage, count, &serial),
                PF_STATUS_OK);
}

static void no_frame_is_larger_than_the_screen(void) {
    uint64_t frames = 0;
    uint32_t *pixels = calloc(1, BIG_BYTES);
    char display[32];
    CHECK_EQUAL(pf_frames_create(BIG_WIDTH, BIG_HEIGHT, &frames), PF_STATUS_OK);
    snprintf(display, sizeof display, "frames://%llu", (unsigned long long)frames);
    push_tiles(frames, pixels, true);
    uint64_t handle = start(display, 1u << 30);
    for (uint32_t round = 0; round < 20; round++) {
        pf_tap_frame frame = await_frame(handle);
        CHECK(frame.size_bytes <= BIG_BYTES + frame.rectangle_count * sizeof(pf_rectangle));
        pf_stripe_release(NULL, (void *)(uintptr_t)frame.context);
        push_tiles(frames, pixels, false);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_free(frames), PF_STATUS_OK);
    free(pixels);
    session_check_nothing_left();
}

/** Taps the first frame while a request for memory is refused; false where that was
 * one of the capture itself, which ends it. */
static bool tap_in_spite_of(long granted, bool *refused) {
    pf_settings settings = default_settings(STILL);
    pf_tap_frame frame;
    uint64_t handle = 0;
    bool came = false;
    pf_fault_after(granted);
    int32_t status = pf_capture_start(&settings, &handle);
    if (status == PF_STATUS_OK) {
        CHECK_EQUAL(pf_capture_tap(handle, 1), PF_STATUS_OK);
    }
    for (bool runs = status == PF_STATUS_OK; runs && !came;) {
        runs = pf_capture_wait(handle, PF_WAIT_MS_MAX / 10) != PF_STATUS_ENDED;
        came = drain(handle, &frame);
    }
    if (came) {
        pf_stripe_release(NULL, (void *)(uintptr_t)frame.context);
    }
    *refused = pf_fault_left() < 0;
    pf_fault_after(-1);
    if (handle != 0) {
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    }
    session_check_nothing_left();
    return came;
}

/** However many requests are granted first: they come from several threads, so that
 * which one is refused is not known. */
static void refused_memory_is_survived(void) {
    bool refused = true;
    bool came = false;
    for (long granted = 0; refused; granted++) {
        CHECK(granted < 1000);
        came = tap_in_spite_of(granted, &refused);
    }
    CHECK(came);
}

/** At rest nothing but the tap's copy asks for memory. */
static void a_refused_copy_comes_later(void) {
    pf_settings settings = default_settings(STILL);
    settings.use_paint_over_quality = 0;
    settings.stripe_height = 64;
    uint64_t handle = 0;
    session_log log = {0};
    CHECK_EQUAL(pf_capture_start(&settings, &handle), PF_STATUS_OK);
    session_await_stripes(handle, &log, (HEIGHT + 63) / 64);
    pf_fault_after(0);
    CHECK_EQUAL(pf_capture_tap(handle, 1), PF_STATUS_OK);
    while (pf_fault_left() >= 0) {
        sched_yield();
    }
    pf_fault_after(-1);
    pf_tap_frame frame = await_frame(handle);
    CHECK_EQUAL(frame.merged_count, 1);
    CHECK_EQUAL(frame.size_bytes, PIXELS_BYTES + sizeof(pf_rectangle));
    pf_stripe_release(NULL, (void *)(uintptr_t)frame.context);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void wrong_arguments_are_refused(void) {
    uint64_t handle = start(STILL, 1);
    pf_tap_frame frame;
    uint32_t count;
    CHECK_EQUAL(pf_capture_drain_tap(handle, NULL, &count), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_drain_tap(handle, &frame, NULL), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    CHECK_EQUAL(pf_capture_tap(handle, 1), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_drain_tap(handle, &frame, &count), PF_STATUS_STALE_HANDLE);
}

static void it_goes_with_its_lease(void) {
    uint64_t handle = start(STILL, 1);
    pf_tap_frame frame = await_frame(handle);
    session_check_goes_with_lease(handle, &frame, sizeof frame);
}

const pf_test tap_tests[] = {
    TEST(the_first_frame_is_complete),
    TEST(frames_are_whole_pictures),
    TEST(what_finds_no_room_is_in_a_later_frame),
    TEST(no_frame_is_larger_than_the_screen),
    TEST(refused_memory_is_survived),
    TEST(a_refused_copy_comes_later),
    TEST(nothing_comes_after_its_end),
    TEST(wrong_arguments_are_refused),
    TEST(it_goes_with_its_lease),
    TESTS_END,
};
