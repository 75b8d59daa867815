/* SPDX-License-Identifier: MPL-2.0 */
/** What a capture knows of changes, through the C ABI. */
#include "session.h"
#include "test.h"

#define STILL "synthetic://320x200@0"
#define MOVING "synthetic://320x200@200"

static pf_changes read_since(uint64_t handle, uint64_t since_us) {
    pf_change_query query = {.size_bytes = sizeof query, .since_us = since_us};
    pf_rectangle rectangles[PF_CHANGE_RECTANGLE_COUNT_MAX];
    pf_changes changes = {.size_bytes = sizeof changes};
    CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, rectangles, &changes), PF_STATUS_OK);
    return changes;
}

/** Waits for a change after the token, and leaves stripes where they are. */
static pf_changes await_change(uint64_t handle, uint64_t since_us) {
    pf_changes changes = read_since(handle, since_us);
    for (int step = 0; changes.rectangle_count == 0; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        CHECK(pf_capture_wait(handle, PF_WAIT_MS_MAX) >= 0);
        changes = read_since(handle, since_us);
    }
    return changes;
}

static pf_changes await_look(uint64_t handle) {
    uint64_t looked_us = 0;
    CHECK_EQUAL(pf_capture_look(handle, &looked_us), PF_STATUS_OK);
    pf_changes changes = read_since(handle, 0);
    for (int step = 0; changes.looked_us < looked_us; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        CHECK(pf_capture_wait(handle, PF_WAIT_MS_MAX) >= 0);
        changes = read_since(handle, 0);
    }
    return changes;
}

static uint64_t wakeups(uint64_t handle) {
    pf_stats stats = {.size_bytes = sizeof stats};
    CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    return stats.wakeups;
}

static void the_first_frame_is_a_change(void) {
    uint64_t handle = session_start(STILL);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_OK);
    pf_changes changes = await_change(handle, 0);
    CHECK(changes.width == 320 && changes.height == 200);
    CHECK_EQUAL(changes.token_us, changes.changed_us);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void a_look_is_of_now_and_a_still_screen_wakes_nobody(void) {
    uint64_t handle = session_start(STILL);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_OK);
    uint64_t token_us = await_change(handle, 0).token_us;
    for (uint32_t round = 0; round < 20; round++) {
        uint64_t before_us = pf_clock_us();
        CHECK(await_look(handle).looked_us >= before_us);
    }
    CHECK_EQUAL(read_since(handle, token_us).token_us, token_us);
    session_log log = {0};
    while (pf_capture_wait(handle, PF_WAIT_MS_MAX) == PF_STATUS_OK) {
        session_step(handle, &log);
    }
    uint64_t before = wakeups(handle);
    for (uint32_t round = 0; round < 4; round++) {
        CHECK_EQUAL(pf_capture_wait(handle, PF_WAIT_MS_MAX), PF_STATUS_TIMEOUT);
    }
    CHECK_EQUAL(wakeups(handle), before);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

/** Reads no stripe until the capture holds back. */
static void let_it_hold_back(uint64_t handle) {
    pf_stats stats = {.size_bytes = sizeof stats};
    for (int step = 0; stats.held_back == 0; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        pf_capture_wait(handle, PF_WAIT_MS_MAX / 10);
        CHECK_EQUAL(pf_capture_stats(handle, &stats), PF_STATUS_OK);
    }
}

static void changes_are_seen_while_nobody_reads(void) {
    uint64_t handle = session_start(MOVING);
    let_it_hold_back(handle);
    pf_changes changes = read_since(handle, 0);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_OK);
    pf_stats before = {.size_bytes = sizeof before}, after = before;
    CHECK_EQUAL(pf_capture_stats(handle, &before), PF_STATUS_OK);
    for (uint32_t round = 0; round < 20; round++) {
        changes = await_change(handle, changes.token_us);
    }
    CHECK_EQUAL(pf_capture_stats(handle, &after), PF_STATUS_OK);
    CHECK_EQUAL(after.frames, before.frames);
    session_log log = {0};
    session_await_stripes(handle, &log, 50);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    session_check_nothing_left();
}

static void nobody_who_watches_nothing_who_looks(void) {
    uint64_t handle = session_start(MOVING);
    let_it_hold_back(handle);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_OK);
    await_change(handle, read_since(handle, 0).token_us);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_NOTHING), PF_STATUS_OK);
    await_look(handle);
    await_look(handle); /* What was under way with the first is over. */
    uint64_t token_us = read_since(handle, 0).token_us;
    pf_capture_wait(handle, PF_WAIT_MS_MAX); /* May tell of those. */
    for (uint32_t round = 0; round < 4; round++) {
        CHECK_EQUAL(pf_capture_wait(handle, PF_WAIT_MS_MAX), PF_STATUS_TIMEOUT);
    }
    CHECK_EQUAL(read_since(handle, 0).token_us, token_us);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_KEEP), PF_STATUS_OK);
    for (int step = 0; read_since(handle, 0).token_us == token_us; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        pf_capture_wait(handle, 1);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

static void wrong_arguments_are_refused(void) {
    uint64_t handle = session_start(STILL), looked_us;
    await_look(handle);
    pf_change_query query = {.size_bytes = sizeof query};
    pf_rectangle rectangles[PF_CHANGE_RECTANGLE_COUNT_MAX];
    pf_changes changes = {.size_bytes = sizeof changes};
    const int32_t invalid = PF_STATUS_INVALID_ARGUMENT;
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL + 1), invalid);
    CHECK_EQUAL(pf_capture_look(handle, NULL), invalid);
    CHECK_EQUAL(pf_capture_changes(handle, NULL, NULL, rectangles, &changes), invalid);
    CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, NULL, &changes), invalid);
    CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, rectangles, NULL), invalid);
    query.ignored_count = 1;
    CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, rectangles, &changes), invalid);
    query.ignored_count = PF_CHANGE_RECTANGLE_COUNT_MAX + 1;
    CHECK_EQUAL(pf_capture_changes(handle, &query, rectangles, rectangles, &changes), invalid);
    query.ignored_count = 0;
    const pf_rectangle outside[] = {
        {320, 0, 0, 0}, {0, 200, 0, 0}, {1, 0, 320, 1}, {0, 1, 1, 200}, {5, 5, UINT32_MAX, 1}};
    for (size_t index = 0; index < sizeof outside / sizeof *outside; index++) {
        const pf_rectangle *part = &outside[index];
        query.x = part->x, query.y = part->y;
        query.width = part->width, query.height = part->height;
        CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, rectangles, &changes),
                    PF_STATUS_REGION_OFF_SCREEN);
        CHECK(changes.width == 320 && changes.rectangle_count == 0);
    }
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_look(handle, &looked_us), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_capture_changes(handle, &query, NULL, rectangles, &changes),
                PF_STATUS_STALE_HANDLE);
}

static void ignored_rectangles_have_any_place(void) {
    uint64_t handle = session_start(MOVING);
    CHECK_EQUAL(pf_capture_watch(handle, PF_WATCH_TELL), PF_STATUS_OK);
    await_change(handle, 0);
    pf_change_query query = {.size_bytes = sizeof query, .ignored_count = 2};
    const pf_rectangle ignored[] = {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                    {0, 0, UINT32_MAX, UINT32_MAX}};
    pf_rectangle rectangles[PF_CHANGE_RECTANGLE_COUNT_MAX];
    pf_changes changes = {.size_bytes = sizeof changes};
    CHECK_EQUAL(pf_capture_changes(handle, &query, ignored, rectangles, &changes), PF_STATUS_OK);
    CHECK(changes.rectangle_count == 0 && changes.changed_us == 0 && changes.token_us > 0);
    CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_OK);
}

static void refused_memory_fails_the_capture_cleanly(void) {
    pf_settings settings = default_settings(STILL);
    settings.use_paint_over_quality = 0;
    session_survive_refusals(&settings, 1);
}

const pf_test changes_tests[] = {
    TEST(the_first_frame_is_a_change),
    TEST(a_look_is_of_now_and_a_still_screen_wakes_nobody),
    TEST(changes_are_seen_while_nobody_reads),
    TEST(nobody_who_watches_nothing_who_looks),
    TEST(wrong_arguments_are_refused),
    TEST(ignored_rectangles_have_any_place),
    TEST(refused_memory_fails_the_capture_cleanly),
    TESTS_END,
};
