/* SPDX-License-Identifier: MPL-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/bands.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/histogram.h"
#include "base/memory.h"
#include "base/timeline.h"
#include "base/wake.h"
#include "test.h"

static pf_memory usage(void) {
    pf_memory memory = {.size_bytes = sizeof memory};
    pf_buffer_usage(&memory);
    return memory;
}

static void bands_cover_the_rows_they_are_given(void) {
    for (uint32_t y = 0; y < 100; y++) {
        for (uint32_t height = 0; height < 100; height++) {
            pf_bands bands = {0};
            pf_bands_add_rows(&bands, y, height);
            for (uint32_t band = 0; band < 16; band++) {
                bool touches = y < (band + 1) * 16 && y + height > band * 16 && height > 0;
                CHECK_EQUAL(pf_bands_has(&bands, band), touches);
            }
        }
    }
}

static void runs_of_bands_are_found_in_order(void) {
    pf_bands bands = {0};
    pf_bands_add(&bands, (pf_band_range){3, 5});
    pf_bands_add(&bands, (pf_band_range){63, 66});
    pf_band_range run = pf_bands_next_run(&bands, 0, 70);
    CHECK(run.first == 3 && run.end == 5);
    run = pf_bands_next_run(&bands, run.end, 70);
    CHECK(run.first == 63 && run.end == 66);
    run = pf_bands_next_run(&bands, run.end, 70);
    CHECK_EQUAL(run.first, run.end);
    run = pf_bands_next_run(&bands, 0, 64);
    run = pf_bands_next_run(&bands, run.end, 64);
    CHECK(run.first == 63 && run.end == 64);
}

static void a_released_buffer_serves_the_next_stripe_of_its_size(void) {
    uint64_t before = usage().buffer_bytes;
    pf_buffer_pool *pool = pf_buffer_pool_create(1 << 20);
    pf_buffer *first = pf_buffer_acquire(pool, 5000);
    CHECK(first != NULL && first->capacity_bytes >= 5000);
    memset(first->bytes, 0x5a, first->capacity_bytes);
    pf_buffer_release(first);
    pf_buffer *second = pf_buffer_acquire(pool, 6000);
    CHECK(second == first);
    pf_buffer_release(second);
    pf_buffer_pool_release(pool);
    CHECK_EQUAL(usage().buffer_bytes, before);
}

static void a_pool_keeps_no_more_than_its_limit(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(10000);
    uint64_t before = usage().buffer_bytes;
    pf_buffer *buffers[16];
    for (int index = 0; index < 16; index++) {
        buffers[index] = pf_buffer_acquire(pool, 4000);
        CHECK(buffers[index] != NULL);
    }
    for (int index = 0; index < 16; index++) {
        pf_buffer_release(buffers[index]);
    }
    CHECK(usage().buffer_bytes - before <= 10000);
    pf_buffer_pool_release(pool);
}

static void a_growing_buffer_keeps_its_contents(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    pf_buffer *buffer = pf_buffer_acquire(pool, 1000);
    memcpy(buffer->bytes, "pixels", 7);
    buffer = pf_buffer_grow(buffer, 7, 100000);
    CHECK(buffer != NULL && buffer->capacity_bytes >= 100000);
    CHECK(strcmp((const char *)buffer->bytes, "pixels") == 0);
    pf_buffer_release(buffer);
    pf_buffer_pool_release(pool);
}

static void a_lent_buffer_outlives_its_pools_creator(void) {
    pf_memory before = usage();
    pf_buffer_pool *pool = pf_buffer_pool_create(1 << 20);
    pf_buffer *buffer = pf_buffer_acquire(pool, 100);
    pf_buffer_lend(buffer);
    CHECK_EQUAL(usage().lent_count, before.lent_count + 1);
    pf_buffer_pool_release(pool);
    memset(buffer->bytes, 1, 100);
    pf_buffer_release(buffer);
    CHECK_EQUAL(usage().lent_count, before.lent_count);
    CHECK_EQUAL(usage().lent_bytes, before.lent_bytes);
    CHECK_EQUAL(usage().buffer_bytes, before.buffer_bytes);
}

static void a_size_beyond_all_classes_is_refused(void) {
    pf_buffer_pool *pool = pf_buffer_pool_create(0);
    pf_buffer *largest_tapped_frame = pf_buffer_acquire(pool, ((size_t)1 << 30) + 16);
    CHECK(largest_tapped_frame != NULL);
    pf_buffer_release(largest_tapped_frame);
    CHECK(pf_buffer_acquire(pool, ((size_t)2 << 30) + 1) == NULL);
    pf_fault_after(0);
    CHECK(pf_buffer_acquire(pool, 100) == NULL);
    pf_fault_after(-1);
    pf_buffer_pool_release(pool);
}

static void a_kick_wakes_once_and_a_stop_for_good(void) {
    pf_wake wake;
    CHECK(pf_wake_init(&wake));
    CHECK_EQUAL(pf_wake_wait(&wake, -1, 0), PF_WAKE_DEADLINE);
    pf_wake_kick(&wake);
    pf_wake_kick(&wake);
    CHECK_EQUAL(pf_wake_wait(&wake, -1, PF_NEVER_NS), PF_WAKE_KICK);
    CHECK_EQUAL(pf_wake_wait(&wake, -1, 0), PF_WAKE_DEADLINE);
    pf_wake_kick(&wake);
    CHECK_EQUAL(pf_wake_wait_answer(&wake, -1, 0), PF_WAKE_DEADLINE);
    pf_wake_stop(&wake);
    CHECK(pf_wake_stopped(&wake));
    CHECK_EQUAL(pf_wake_wait(&wake, -1, PF_NEVER_NS), PF_WAKE_STOP);
    CHECK_EQUAL(pf_wake_wait_answer(&wake, -1, PF_NEVER_NS), PF_WAKE_STOP);
    pf_wake_deinit(&wake);
}

/** The kernel's own word on the CPU. */
static bool kernel_lists(const char *flag) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    CHECK(file != NULL);
    char line[8192];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, "flags", 5) == 0 && strstr(line, flag) != NULL;
    }
    fclose(file);
    return found;
}

static void avx2_is_seen_where_the_kernel_sees_it(void) {
    CHECK_EQUAL(pf_cpu_has_avx2(), kernel_lists(" avx2 "));
}

static pf_histogram read_counts(const pf_time_counts *counts) {
    pf_histogram histogram = {.size_bytes = sizeof histogram};
    pf_time_counts_read(counts, &histogram);
    return histogram;
}

static bool within_4_percent(uint64_t actual, uint64_t expected) {
    uint64_t distance = actual > expected ? actual - expected : expected - actual;
    return distance * 25 <= expected;
}

static void a_histogram_knows_its_percentiles(void) {
    static pf_time_counts counts;
    for (uint64_t step = 1; step < 1ull << 38; step = step * 3 + 1) {
        memset(&counts, 0, sizeof counts);
        for (uint64_t index = 1; index <= 1000; index++) {
            pf_time_counts_add(&counts, index * 3 % 1001 * step);
        }
        pf_histogram histogram = read_counts(&counts);
        CHECK_EQUAL(histogram.count, 1000);
        CHECK_EQUAL(histogram.sum_ns, 500500 * step);
        CHECK_EQUAL(histogram.max_ns, 1000 * step);
        bool in_range = 1000 * step < 1ull << 40;
        CHECK(!in_range || within_4_percent(histogram.p50_ns, 500 * step));
        CHECK(!in_range || within_4_percent(histogram.p95_ns, 950 * step));
        CHECK(!in_range || within_4_percent(histogram.p99_ns, 990 * step));
        CHECK(histogram.p99_ns <= histogram.max_ns);
    }
}

static void an_empty_histogram_is_all_zeros(void) {
    static const pf_time_counts counts;
    pf_histogram histogram = read_counts(&counts);
    CHECK_EQUAL(histogram.count + histogram.sum_ns + histogram.max_ns + histogram.p50_ns +
                    histogram.p95_ns + histogram.p99_ns,
                0);
}

static void every_moment_of_a_timeline_belongs_to_one_stage(void) {
    pf_timeline timeline = pf_timeline_begin(1000);
    uint64_t now_ns = 1000, sum_ns = 0;
    for (uint32_t step = 0; step < 1000; step++) {
        now_ns += pf_random_below(1000);
        uint64_t told_ns = now_ns - pf_random_below(500);
        pf_timeline_mark(&timeline, pf_random_below(PF_STAGE_COUNT), told_ns);
    }
    for (uint32_t stage = 0; stage < PF_STAGE_COUNT; stage++) {
        sum_ns += timeline.stage_ns[stage];
    }
    CHECK_EQUAL(sum_ns, timeline.last_ns - timeline.begin_ns);
    CHECK(timeline.last_ns <= now_ns && timeline.last_ns + 500 > now_ns);
}

const pf_test base_tests[] = {
    TEST(bands_cover_the_rows_they_are_given),
    TEST(runs_of_bands_are_found_in_order),
    TEST(a_released_buffer_serves_the_next_stripe_of_its_size),
    TEST(a_pool_keeps_no_more_than_its_limit),
    TEST(a_growing_buffer_keeps_its_contents),
    TEST(a_lent_buffer_outlives_its_pools_creator),
    TEST(a_size_beyond_all_classes_is_refused),
    TEST(a_kick_wakes_once_and_a_stop_for_good),
    TEST(avx2_is_seen_where_the_kernel_sees_it),
    TEST(a_histogram_knows_its_percentiles),
    TEST(an_empty_histogram_is_all_zeros),
    TEST(every_moment_of_a_timeline_belongs_to_one_stage),
    TESTS_END,
};
