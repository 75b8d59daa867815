/* SPDX-License-Identifier: MPL-2.0 */
/** Frame sources through the C ABI: arguments, memory, handles. */
#include <stdlib.h>

#include "base/memory.h"
#include "pushed.h"
#include "session.h"
#include "test.h"

static int32_t push(uint64_t handle, uint32_t width, uint32_t height, uint32_t stride_bytes,
                    uint64_t size_bytes, const uint32_t *damage, uint32_t damage_count) {
    static const uint8_t pixels[16 * 16 * 4];
    uint64_t serial = 7;
    int32_t status = pf_frames_push(handle, pixels, size_bytes, width, height, stride_bytes, damage,
                                    damage_count, &serial);
    CHECK((status == PF_STATUS_OK) == (serial != 7));
    return status;
}

static void wrong_arguments_are_refused(void) {
    uint64_t handle = 0, serial = 0;
    const int32_t refused = PF_STATUS_INVALID_ARGUMENT;
    CHECK_EQUAL(pf_frames_create(1, 1, NULL), refused);
    CHECK_EQUAL(pf_frames_create(0, 1, &handle), refused);
    CHECK_EQUAL(pf_frames_create(1, 0, &handle), refused);
    CHECK_EQUAL(pf_frames_create(16385, 1, &handle), refused);
    CHECK_EQUAL(handle, 0);
    CHECK_EQUAL(pf_frames_create(0, 0, &handle), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_push(handle, NULL, 4, 1, 1, 4, NULL, 0, &serial), refused);
    CHECK_EQUAL(pf_frames_push(handle, (const uint8_t *)"1234", 4, 1, 1, 4, NULL, 0, NULL),
                refused);
    CHECK_EQUAL(push(handle, 16, 16, 64, 1024, NULL, 0), PF_STATUS_OK);
    CHECK_EQUAL(push(handle, 16, 16, 64, 1023, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 16, 16, 63, 1024, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 15, 16, 64, 1020, NULL, 0), PF_STATUS_OK);
    CHECK_EQUAL(push(handle, 15, 16, 64, 1019, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 1, 2, UINT32_MAX, 1024, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 0, 16, 64, 1024, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 16, 16385, 64, UINT64_MAX, NULL, 0), refused);
    CHECK_EQUAL(push(handle, 16385, 1, UINT32_MAX, UINT64_MAX, NULL, 0), refused);
    const uint32_t wrong[][4] = {{0, 0, 17, 1},         {0, 0, 1, 17},        {16, 0, 1, 1},
                                 {0, 16, 1, 1},         {0, 0, 0, 1},         {0, 0, 1, 0},
                                 {UINT32_MAX, 0, 1, 1}, {1, 1, UINT32_MAX, 1}};
    for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
        CHECK_EQUAL(push(handle, 16, 16, 64, 1024, wrong[index], 1), refused);
    }
    CHECK_EQUAL(push(handle, 16, 16, 64, 1024, wrong[0], PF_FRAMES_DAMAGE_COUNT_MAX + 1), refused);
    CHECK_EQUAL(pf_frames_free(handle), PF_STATUS_OK);
    CHECK_EQUAL(push(handle, 16, 16, 64, 1024, NULL, 0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_free(handle), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_free(0), PF_STATUS_STALE_HANDLE);
    CHECK_EQUAL(pf_frames_free(UINT64_MAX), PF_STATUS_STALE_HANDLE);
    session_check_nothing_left();
}

static void refused_memory_is_survived(void) {
    pushed_screen *pushed = calloc(1, sizeof *pushed);
    uint64_t handle = 0;
    for (long granted = 0; granted < 3; granted++) {
        pf_fault_after(granted);
        CHECK_EQUAL(pf_frames_create(16, 16, &handle), PF_STATUS_NO_MEMORY);
        pf_fault_after(-1);
        session_check_nothing_left();
    }
    create_pushed(pushed, 0, 0);
    for (long granted = 0; granted < 2; granted++) {
        pf_fault_after(granted);
        CHECK_EQUAL(push(pushed->handle, 16, 16, 64, 1024, NULL, 0), PF_STATUS_NO_MEMORY);
        pf_fault_after(-1);
    }
    push_all(pushed, 64, 64);
    CHECK_EQUAL(pf_frames_free(pushed->handle), PF_STATUS_OK);
    free(pushed);
    session_check_nothing_left();
}

static void there_is_an_end_to_them(void) {
    static uint64_t handles[PF_FRAMES_COUNT_MAX];
    uint64_t one_more = 0;
    for (uint32_t index = 0; index < PF_FRAMES_COUNT_MAX; index++) {
        CHECK_EQUAL(pf_frames_create(1, 1, &handles[index]), PF_STATUS_OK);
        CHECK(handles[index] < 1ull << 53 && handles[index] != 0);
    }
    CHECK_EQUAL(pf_frames_create(1, 1, &one_more), PF_STATUS_NO_RESOURCE);
    CHECK_EQUAL(pf_frames_free(handles[500]), PF_STATUS_OK);
    CHECK_EQUAL(pf_frames_create(1, 1, &one_more), PF_STATUS_OK);
    CHECK(one_more != handles[500]);
    CHECK_EQUAL(pf_frames_free(handles[500]), PF_STATUS_STALE_HANDLE);
    handles[500] = one_more;
    for (uint32_t index = 0; index < PF_FRAMES_COUNT_MAX; index++) {
        CHECK_EQUAL(pf_frames_free(handles[index]), PF_STATUS_OK);
    }
    session_check_nothing_left();
}

static void a_source_goes_with_its_lease(void) {
    uint64_t address = 0;
    CHECK_EQUAL(pf_lease_create(0, &address), PF_STATUS_OK);
    pf_lease *lease = (pf_lease *)(uintptr_t)address;
    CHECK_EQUAL(pf_frames_create(8, 8, &lease->frames), PF_STATUS_OK);
    CHECK_EQUAL(session_memory().frame_source_count, 1);
    pf_lease_end(NULL, lease);
    session_check_nothing_left();
}

const pf_test frames_tests[] = {
    TEST(wrong_arguments_are_refused),
    TEST(refused_memory_is_survived),
    TEST(there_is_an_end_to_them),
    TEST(a_source_goes_with_its_lease),
    TESTS_END,
};
