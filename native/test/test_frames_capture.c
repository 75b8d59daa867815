/* SPDX-License-Identifier: MPL-2.0 */
/** Captures of frame sources: who ends first, who waits for whom, who pushes meanwhile. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pushed.h"
#include "session.h"
#include "test.h"

static void captures_and_their_source_end_in_any_order(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    for (uint32_t round = 0; round < 24; round++) {
        bool early = round % 2 == 0, freed_first = round / 2 % 2 == 0;
        create_pushed(pushed, 0, 0);
        if (!early) {
            push_all(pushed, 80, 48);
        }
        uint64_t captures[] = {start_pushed_capture(pushed, PF_OUTPUT_JPEG),
                               start_pushed_capture(pushed, PF_OUTPUT_H264)};
        if (early) {
            push_all(pushed, 80, 48);
        }
        session_log logs[2] = {0};
        session_await_stripes(captures[0], &logs[0], 1);
        session_await_stripes(captures[1], &logs[1], 1);
        push_all(pushed, 96, 64);
        if (freed_first) {
            CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
            CHECK_EQUAL(session_memory().frame_source_count, 1);
        }
        while (logs[0].state.width != 96 || logs[1].state.width != 96) {
            CHECK(session_step(captures[0], &logs[0]) && session_step(captures[1], &logs[1]));
        }
        CHECK_EQUAL(pf_capture_free(captures[round / 4 % 2]), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_free(captures[1 - round / 4 % 2]), PF_STATUS_OK);
        if (!freed_first) {
            CHECK_EQUAL(session_memory().frame_source_count, 1);
            CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
        }
        session_check_nothing_left();
    }
    free(pushed);
}

static int32_t error_of(uint64_t capture, const char *words) {
    session_log log = {0};
    while (session_step(capture, &log)) {
    }
    char message[512] = "";
    pf_capture_message(capture, message, sizeof message);
    CHECK(strstr(message, words) != NULL);
    pf_capture_free(capture);
    return log.state.error;
}

static void sources_that_are_not_there_are_refused(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 0, 0);
    uint64_t waiting = start_pushed_capture(pushed, PF_OUTPUT_JPEG);
    uint64_t stopped = start_pushed_capture(pushed, PF_OUTPUT_JPEG);
    CHECK_EQUAL(pf_capture_wait(waiting, 20), PF_STATUS_TIMEOUT);
    CHECK_EQUAL(pf_capture_free(stopped), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    CHECK_EQUAL(error_of(waiting, pushed->display), PF_STATUS_DISPLAY_OPEN);
    CHECK_EQUAL(error_of(start_pushed_capture(pushed, 0), pushed->display), PF_STATUS_DISPLAY_OPEN);
    const char *names[] = {"frames://",
                           "frames://0",
                           "frames://-1",
                           "frames:// 1",
                           "frames://1x",
                           "frames://1.",
                           "frames://99999999999999999999999"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        snprintf(pushed->display, sizeof pushed->display, "%s", names[index]);
        CHECK_EQUAL(error_of(start_pushed_capture(pushed, 0), "display: \"frames://"),
                    PF_STATUS_DISPLAY_OPEN);
    }
    create_pushed(pushed, 16, 16);
    pf_settings settings = default_settings(pushed->display);
    settings.capture_x = 16;
    uint64_t outside = 0;
    CHECK_EQUAL(pf_capture_start(&settings, &outside), PF_STATUS_OK);
    CHECK_EQUAL(error_of(outside, "capture_x"), PF_STATUS_REGION_OFF_SCREEN);
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

/** Pushes each picture when the one before was taken. */
typedef struct player {
    pushed_screen *pushed;
    uint32_t count;
    int32_t status;
} player;

static void *play(void *context) {
    player *self = context;
    for (uint32_t step = 0; step < self->count && self->status == PF_STATUS_OK; step++) {
        uint8_t pixels[64 * 64 * 4];
        memset(pixels, (int)step, sizeof pixels);
        uint64_t serial = 0;
        self->status = pf_frames_push(self->pushed->handle, pixels, sizeof pixels, 64, 64, 256,
                                      NULL, 0, &serial);
        while (self->status == PF_STATUS_OK) {
            int32_t taken = pf_frames_wait(self->pushed->handle, serial, PF_WAIT_MS_MAX);
            if (taken == PF_STATUS_OK) {
                break;
            }
            self->status = taken == PF_STATUS_TIMEOUT ? PF_STATUS_OK : taken;
        }
    }
    return NULL;
}

static void who_waits_loses_no_picture(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 64, 64);
    pf_settings settings = default_settings(pushed->display);
    settings.target_fps = 240;
    settings.use_paint_over_quality = 0;
    settings.queue_frames = 1;
    uint64_t captures[2] = {0};
    session_log logs[2] = {0};
    for (uint32_t index = 0; index < 2; index++) {
        CHECK_EQUAL(pf_capture_start(&settings, &captures[index]), PF_STATUS_OK);
        session_await_stripes(captures[index], &logs[index], 1);
    }
    player self = {.pushed = pushed, .count = 40};
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, play, &self), 0);
    while (logs[0].last_frame_id < 39 || logs[1].last_frame_id < 39) {
        CHECK(session_step(captures[0], &logs[0]) && session_step(captures[1], &logs[1]));
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(self.status, PF_STATUS_OK);
    pf_stats stats = {.size_bytes = sizeof stats};
    for (uint32_t index = 0; index < 2; index++) {
        CHECK_EQUAL(pf_capture_stats(captures[index], &stats), PF_STATUS_OK);
        CHECK(stats.frames >= 40);
        CHECK_EQUAL(stats.changed_without_damage, 0);
        CHECK_EQUAL(pf_capture_free(captures[index]), PF_STATUS_OK);
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static void a_wait_ends_with_its_source(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 64, 64);
    uint64_t capture = start_pushed_capture(pushed, PF_OUTPUT_JPEG);
    while (pf_capture_wait(capture, PF_WAIT_MS_MAX) != PF_STATUS_OK) {
    }
    /* Nobody reads its stripes. */
    player self = {.pushed = pushed, .count = 1000};
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, play, &self), 0);
    pf_stats stats = {.size_bytes = sizeof stats};
    while (stats.held_back == 0) {
        CHECK_EQUAL(pf_capture_stats(capture, &stats), PF_STATUS_OK);
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    pthread_join(thread, NULL);
    CHECK(self.status == PF_STATUS_ENDED || self.status == PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_wait(pushed->handle, 1, 0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_free(capture), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static atomic_bool crowd_over;

static void *push_until_over(void *context) {
    static uint8_t pixels[PUSHED_SIDE_PX_MAX * PUSHED_SIDE_PX_MAX * 4];
    uint64_t handle = *(const uint64_t *)context, serial = 0;
    const uint32_t damage[] = {3, 3, 5, 20, 0, 0, 1, 1};
    for (uint32_t step = 0; !atomic_load(&crowd_over); step++) {
        uint32_t side = 40 + step / 50 % 40;
        pf_frames_push(handle, pixels, side * side * 4, side, side, side * 4,
                       step % 3 == 0 ? NULL : damage, 2, &serial);
        pf_frames_wait(handle, serial, step % 2);
    }
    return NULL;
}

static void many_threads_may_use_a_source(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 0, 0);
    atomic_store(&crowd_over, false);
    pthread_t threads[2];
    for (uint32_t index = 0; index < 2; index++) {
        CHECK_EQUAL(pthread_create(&threads[index], NULL, push_until_over, &pushed->handle), 0);
    }
    for (uint32_t round = 0; round < 30; round++) {
        uint64_t first = start_pushed_capture(pushed, PF_OUTPUT_JPEG);
        uint64_t second = start_pushed_capture(pushed, PF_OUTPUT_H264);
        session_log logs[2] = {0};
        session_await_stripes(first, &logs[0], 1 + round % 5);
        session_await_stripes(second, &logs[1], 1);
        if (round == 29) {
            CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
        }
        CHECK_EQUAL(pf_capture_free(first), PF_STATUS_OK);
        CHECK_EQUAL(pf_capture_free(second), PF_STATUS_OK);
    }
    atomic_store(&crowd_over, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    free(pushed);
    session_check_nothing_left();
}

static void captures_survive_refused_memory(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    create_pushed(pushed, 64, 64);
    pf_settings settings = default_settings(pushed->display);
    long granted = 0;
    for (bool came = false; !came; granted++) {
        CHECK(granted < 1000);
        session_log log = {0};
        uint64_t capture = 0;
        pf_fault_after(granted);
        int32_t status = pf_capture_start(&settings, &capture);
        while (status == PF_STATUS_OK && log.stripe_count == 0 && session_step(capture, &log)) {
        }
        pf_fault_after(-1);
        came = log.stripe_count > 0;
        status = status == PF_STATUS_OK ? log.state.error : status;
        CHECK(came || status == PF_STATUS_NO_MEMORY || status == PF_STATUS_NO_RESOURCE);
        if (capture != 0) {
            pf_capture_free(capture);
        }
    }
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

const pf_test frames_capture_tests[] = {
    TEST(captures_and_their_source_end_in_any_order),
    TEST(sources_that_are_not_there_are_refused),
    TEST(who_waits_loses_no_picture),
    TEST(a_wait_ends_with_its_source),
    TEST(many_threads_may_use_a_source),
    TEST(captures_survive_refused_memory),
    TESTS_END,
};
