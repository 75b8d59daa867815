/* SPDX-License-Identifier: MPL-2.0 */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "capture/outbox.h"
#include "capture/pacer.h"
#include "capture/pool.h"
#include "test.h"

static void the_first_frame_after_a_pause_is_taken_at_once(void) {
    pf_pacer pacer = {0};
    pf_pacer_set_rate(&pacer, 100);
    CHECK_EQUAL(pacer.next_ns, 0);
    pf_pacer_count_frame(&pacer, 5000000000);
    CHECK_EQUAL(pacer.next_ns, 5010000000);
    pf_pacer_count_frame(&pacer, 9000000000);
    CHECK_EQUAL(pacer.next_ns, 9010000000);
}

static void late_frames_do_not_let_the_rate_drift(void) {
    pf_pacer pacer = {0};
    pf_pacer_set_rate(&pacer, 100);
    uint64_t begin_ns = 1000000000, now_ns = begin_ns;
    for (int frame = 0; frame < 1000; frame++) {
        CHECK(now_ns >= pacer.next_ns);
        pf_pacer_count_frame(&pacer, now_ns);
        now_ns = pacer.next_ns + pf_random_below(9000000);
    }
    CHECK_EQUAL(pacer.next_ns, begin_ns + 1000 * 10000000ull);
}

static void a_new_rate_holds_from_the_frame_under_way(void) {
    pf_pacer pacer = {0};
    pf_pacer_set_rate(&pacer, 10);
    pf_pacer_count_frame(&pacer, 1000000000);
    pf_pacer_set_rate(&pacer, 100);
    CHECK_EQUAL(pacer.next_ns, 1010000000);
    pf_pacer_set_rate(&pacer, 10);
    CHECK_EQUAL(pacer.next_ns, 1100000000);
}

enum { JOB_COUNT_MAX = 300 };

typedef struct job_log {
    atomic_int runs[JOB_COUNT_MAX];
} job_log;

static void log_job(void *context, uint32_t index) {
    atomic_fetch_add(&((job_log *)context)->runs[index], 1);
}

static void every_job_of_a_batch_runs_once(void) {
    CHECK(pf_pool_acquire());
    CHECK(pf_pool_acquire());
    for (int round = 0; round < 200; round++) {
        job_log log = {0};
        pf_batch batch, other;
        job_log other_log = {0};
        pf_pool_begin(&batch, log_job, &log);
        pf_pool_begin(&other, log_job, &other_log);
        uint32_t published = 0;
        while (published < JOB_COUNT_MAX) {
            uint32_t count = 1 + pf_random_below(JOB_COUNT_MAX - published);
            pf_pool_publish(&batch, count);
            published += count;
        }
        pf_pool_publish(&other, 5);
        pf_pool_finish(&batch);
        for (int index = 0; index < JOB_COUNT_MAX; index++) {
            CHECK_EQUAL(log.runs[index], 1);
        }
        pf_pool_finish(&other);
        for (int index = 0; index < 5; index++) {
            CHECK_EQUAL(other_log.runs[index], 1);
        }
    }
    pf_pool_release();
    CHECK_EQUAL(pf_pool_thread_count(), pf_pool_width());
    pf_pool_release();
    CHECK_EQUAL(pf_pool_thread_count(), 0);
}

static void a_pool_without_threads_is_refused(void) {
    pf_fault_after(0);
    CHECK(!pf_pool_acquire());
    pf_fault_after(-1);
    CHECK_EQUAL(pf_pool_thread_count(), 0);
    CHECK(pf_pool_acquire());
    pf_pool_release();
}

typedef struct outbox_fixture {
    pf_wake wake;
    pf_outbox outbox;
    pf_buffer_pool *pool;
} outbox_fixture;

static void set_up(outbox_fixture *fixture, uint32_t frames_max) {
    CHECK(pf_wake_init(&fixture->wake));
    pf_outbox_init(&fixture->outbox, &fixture->wake, frames_max);
    fixture->pool = pf_buffer_pool_create(0);
}

static void tear_down(outbox_fixture *fixture) {
    pf_outbox_deinit(&fixture->outbox);
    pf_buffer_pool_release(fixture->pool);
    pf_wake_deinit(&fixture->wake);
}

static void push(outbox_fixture *fixture, uint32_t frame_id, uint32_t y) {
    pf_buffer *buffer = pf_buffer_acquire(fixture->pool, 10);
    buffer->stripe =
        (pf_stripe){.context = (uint64_t)(uintptr_t)buffer, .frame_id = frame_id, .y = y};
    buffer->timeline = pf_timeline_begin(0);
    pf_outbox_push(&fixture->outbox, buffer);
}

static uint32_t drain(outbox_fixture *fixture, pf_stripe *stripes, uint32_t capacity,
                      pf_state *state) {
    *state = (pf_state){.size_bytes = sizeof *state};
    uint32_t count = pf_outbox_drain(&fixture->outbox, stripes, capacity, state);
    for (uint32_t index = 0; index < count; index++) {
        pf_buffer_release((pf_buffer *)(uintptr_t)stripes[index].context);
    }
    return count;
}

static void stripes_come_out_in_the_order_they_went_in(void) {
    outbox_fixture fixture;
    set_up(&fixture, 3);
    for (uint32_t index = 0; index < 10; index++) {
        push(&fixture, index / 4, index);
    }
    pf_stripe stripes[8];
    pf_state state;
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 8);
    for (uint32_t index = 0; index < 8; index++) {
        CHECK_EQUAL(stripes[index].y, index);
    }
    CHECK_EQUAL(state.queued_count, 2);
    CHECK_EQUAL(state.phase, PF_PHASE_RUNNING);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 2);
    CHECK_EQUAL(stripes[1].y, 9);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 0);
    tear_down(&fixture);
}

static void a_full_outbox_has_room_again_when_a_frame_is_read(void) {
    outbox_fixture fixture;
    set_up(&fixture, 2);
    pf_stripe stripes[8];
    pf_state state;
    CHECK(pf_outbox_has_room(&fixture.outbox));
    push(&fixture, 1, 0);
    push(&fixture, 1, 1);
    CHECK(pf_outbox_has_room(&fixture.outbox));
    push(&fixture, 2, 0);
    CHECK(!pf_outbox_has_room(&fixture.outbox));
    drain(&fixture, stripes, 1, &state);
    CHECK_EQUAL(pf_wake_wait(&fixture.wake, -1, 0), PF_WAKE_DEADLINE);
    drain(&fixture, stripes, 1, &state);
    CHECK_EQUAL(pf_wake_wait(&fixture.wake, -1, 0), PF_WAKE_KICK);
    CHECK(pf_outbox_has_room(&fixture.outbox));
    drain(&fixture, stripes, 1, &state);
    CHECK_EQUAL(pf_wake_wait(&fixture.wake, -1, 0), PF_WAKE_DEADLINE);
    pf_stats stats = {0};
    pf_outbox_stats(&fixture.outbox, &stats);
    CHECK_EQUAL(stats.held_back, 1);
    tear_down(&fixture);
}

static void news_is_told_once_until_the_next_drain(void) {
    outbox_fixture fixture;
    set_up(&fixture, 3);
    pf_stripe stripes[8];
    pf_state state;
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_TIMEOUT);
    push(&fixture, 1, 0);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_OK);
    push(&fixture, 1, 1);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_TIMEOUT);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 2);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_TIMEOUT);
    push(&fixture, 1, 2);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_OK);
    tear_down(&fixture);
}

static void the_end_of_a_frame_with_stripes_is_news(void) {
    outbox_fixture fixture;
    set_up(&fixture, 3);
    pf_stripe stripes[8];
    pf_state state;
    push(&fixture, 4, 0);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 1);
    CHECK_EQUAL(state.ended_count, 0);
    pf_outbox_end_frame(&fixture.outbox, 4);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_OK);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 0);
    CHECK_EQUAL(state.ended_count, 5);
    pf_outbox_end_frame(&fixture.outbox, 5);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 0), PF_STATUS_TIMEOUT);
    tear_down(&fixture);
}

static void the_size_changes_with_the_stripes(void) {
    outbox_fixture fixture;
    set_up(&fixture, 3);
    pf_stripe stripes[8];
    pf_state state;
    pf_outbox_set_size(&fixture.outbox, 640, 480);
    push(&fixture, 1, 0);
    push(&fixture, 1, 1);
    pf_outbox_set_size(&fixture.outbox, 320, 240);
    push(&fixture, 2, 2);
    CHECK_EQUAL(drain(&fixture, stripes, 0, &state), 0);
    CHECK_EQUAL(state.width, 640);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 2);
    CHECK(state.width == 640 && state.resize_count == 0 && state.queued_count == 1);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 1);
    CHECK(state.height == 240 && state.resize_count == 1 && state.queued_count == 0);
    pf_outbox_set_size(&fixture.outbox, 64, 48);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 0);
    CHECK(state.width == 64 && state.resize_count == 2);
    tear_down(&fixture);
}

static void a_closed_outbox_discards(void) {
    outbox_fixture fixture;
    set_up(&fixture, 3);
    pf_stripe stripes[8];
    pf_state state;
    push(&fixture, 1, 0);
    pf_outbox_close(&fixture.outbox);
    push(&fixture, 1, 1);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 0);
    pf_error none = {0};
    pf_outbox_end(&fixture.outbox, &none);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 100), PF_STATUS_ENDED);
    drain(&fixture, stripes, 8, &state);
    CHECK_EQUAL(state.phase, PF_PHASE_STOPPED);
    CHECK_EQUAL(state.error, 0);
    tear_down(&fixture);
}

static void a_failure_keeps_what_was_ready_and_says_why(void) {
    outbox_fixture fixture;
    set_up(&fixture, 3);
    pf_stripe stripes[8];
    pf_state state;
    push(&fixture, 1, 0);
    pf_error failure;
    pf_error_set(&failure, PF_STATUS_DISPLAY_LOST, "gone");
    pf_outbox_end(&fixture.outbox, &failure);
    CHECK_EQUAL(pf_outbox_wait(&fixture.outbox, 100), PF_STATUS_ENDED);
    CHECK_EQUAL(drain(&fixture, stripes, 8, &state), 1);
    CHECK_EQUAL(state.phase, PF_PHASE_FAILED);
    CHECK_EQUAL(state.error, PF_STATUS_DISPLAY_LOST);
    char message[3];
    pf_outbox_message(&fixture.outbox, message, sizeof message);
    CHECK(strcmp(message, "go") == 0);
    tear_down(&fixture);
}

const pf_test capture_tests[] = {
    TEST(the_first_frame_after_a_pause_is_taken_at_once),
    TEST(late_frames_do_not_let_the_rate_drift),
    TEST(a_new_rate_holds_from_the_frame_under_way),
    TEST(every_job_of_a_batch_runs_once),
    TEST(a_pool_without_threads_is_refused),
    TEST(stripes_come_out_in_the_order_they_went_in),
    TEST(a_full_outbox_has_room_again_when_a_frame_is_read),
    TEST(news_is_told_once_until_the_next_drain),
    TEST(the_end_of_a_frame_with_stripes_is_news),
    TEST(the_size_changes_with_the_stripes),
    TEST(a_closed_outbox_discards),
    TEST(a_failure_keeps_what_was_ready_and_says_why),
    TESTS_END,
};
