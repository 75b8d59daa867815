/* SPDX-License-Identifier: MPL-2.0 */
/** Leases: what a caller that has gone without a word held is given back. */
#include <pthread.h>
#include <sched.h>

#include "base/memory.h"
#include "session.h"
#include "test.h"

#define SOURCE "synthetic://320x200@200"

static pf_lease *make_lease(uint32_t capacity) {
    uint64_t address = 0;
    CHECK_EQUAL(pf_lease_create(capacity, &address), PF_STATUS_OK);
    pf_lease *lease = (pf_lease *)(uintptr_t)address;
    CHECK(lease->handle == 0 && lease->capacity == capacity);
    return lease;
}

static pf_stripe *stripes_of(pf_lease *lease) {
    return (pf_stripe *)(lease + 1);
}

static void start(pf_lease *lease, uint32_t output_mode) {
    pf_settings settings = default_settings(SOURCE);
    settings.output_mode = output_mode;
    CHECK_EQUAL(pf_capture_start(&settings, &lease->handle), PF_STATUS_OK);
}

static void await_no_capture(void) {
    while (session_memory().capture_count > 0) {
        sched_yield();
    }
}

static void *wait_until_ended(void *handle) {
    int32_t status;
    do {
        status = pf_capture_wait(*(uint64_t *)handle, PF_WAIT_MS_MAX);
    } while (status == PF_STATUS_OK || status == PF_STATUS_TIMEOUT);
    return NULL;
}

/** Drains into the lease until some stripes have come; returns how many. */
static uint32_t drain_some(pf_lease *lease) {
    uint32_t count = 0;
    pf_state state = {.size_bytes = sizeof state};
    while (count == 0) {
        CHECK(pf_capture_wait(lease->handle, PF_WAIT_MS_MAX) >= 0);
        CHECK_EQUAL(
            pf_capture_drain(lease->handle, stripes_of(lease), lease->capacity, &count, &state),
            PF_STATUS_OK);
    }
    return count;
}

static void a_capture_goes_with_its_lease(void) {
    for (uint32_t round = 0; round < 30; round++) {
        pf_lease *lease = make_lease(0);
        start(lease, round % 2);
        uint64_t handle = lease->handle;
        session_log log = {0};
        session_await_stripes(handle, &log, round);
        pthread_t waiting;
        CHECK_EQUAL(pthread_create(&waiting, NULL, wait_until_ended, &handle), 0);
        pf_lease_end(NULL, lease);
        pthread_join(waiting, NULL);
        await_no_capture();
        CHECK_EQUAL(pf_capture_free(handle), PF_STATUS_STALE_HANDLE);
        session_check_nothing_left();
    }
}

static void stripes_that_nobody_took_over_go_too(void) {
    pf_lease *lease = make_lease(8);
    start(lease, PF_OUTPUT_H264);
    uint32_t count = drain_some(lease);
    pf_stripe taken = stripes_of(lease)[0];
    stripes_of(lease)[0].context = 0;
    CHECK_EQUAL(session_memory().lent_count, count);
    pf_lease_end(NULL, lease);
    await_no_capture();
    CHECK_EQUAL(session_memory().lent_count, 1);
    pf_stripe_release((void *)(uintptr_t)taken.bytes, (void *)(uintptr_t)taken.context);
    session_check_nothing_left();
}

static void a_capture_that_was_freed_is_left_alone(void) {
    pf_lease *lease = make_lease(1);
    start(lease, PF_OUTPUT_JPEG);
    CHECK_EQUAL(pf_capture_free(lease->handle), PF_STATUS_OK);
    pf_lease *successor = make_lease(1);
    start(successor, PF_OUTPUT_JPEG);
    pf_lease_end(NULL, lease);
    CHECK_EQUAL(session_memory().capture_count, 1);
    CHECK_EQUAL(pf_capture_free(successor->handle), PF_STATUS_OK);
    pf_lease_end(NULL, successor);
    pf_lease_end(NULL, make_lease(1));
    pf_lease_end(NULL, NULL);
    session_check_nothing_left();
}

static void ending_needs_no_thread(void) {
    pf_lease *lease = make_lease(0);
    pf_settings settings = default_settings(SOURCE);
    settings.capture_x = 320;
    CHECK_EQUAL(pf_capture_start(&settings, &lease->handle), PF_STATUS_OK);
    /* Fails by itself, so that the request that is refused is that for the thread. */
    wait_until_ended(&lease->handle);
    pf_fault_after(0);
    pf_lease_end(NULL, lease);
    pf_fault_after(-1);
    session_check_nothing_left();
}

static void wrong_arguments_are_refused(void) {
    uint64_t address = 0;
    CHECK_EQUAL(pf_lease_create(1, NULL), PF_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(pf_lease_create(PF_LEASE_STRIPE_COUNT_MAX + 1, &address),
                PF_STATUS_INVALID_ARGUMENT);
    pf_fault_after(0);
    CHECK_EQUAL(pf_lease_create(1, &address), PF_STATUS_NO_MEMORY);
    pf_fault_after(-1);
    CHECK_EQUAL(address, 0);
}

const pf_test lease_tests[] = {
    TEST(a_capture_goes_with_its_lease),
    TEST(stripes_that_nobody_took_over_go_too),
    TEST(a_capture_that_was_freed_is_left_alone),
    TEST(ending_needs_no_thread),
    TEST(wrong_arguments_are_refused),
    TESTS_END,
};
