/* SPDX-License-Identifier: MPL-2.0 */
#include "shot.h"

#include "session.h"
#include "test.h"

pf_screenshot_request shot_request(uint32_t format, uint32_t id) {
    return (pf_screenshot_request){
        .size_bytes = sizeof(pf_screenshot_request), .id = id, .format = format, .quality = 90};
}

void shot_ask(uint64_t handle, pf_screenshot_request request) {
    CHECK_EQUAL(pf_capture_request_screenshot(handle, &request), PF_STATUS_OK);
}

pf_screenshot shot_await(uint64_t handle) {
    pf_screenshot answer;
    uint32_t count = 0;
    for (int step = 0; count == 0; step++) {
        CHECK(step < SESSION_WAIT_COUNT_MAX);
        CHECK(pf_capture_wait(handle, PF_WAIT_MS_MAX) >= 0);
        CHECK_EQUAL(pf_capture_drain_screenshots(handle, &answer, 1, &count), PF_STATUS_OK);
    }
    return answer;
}

pf_screenshot shot_take(uint64_t handle, pf_screenshot_request request) {
    shot_ask(handle, request);
    pf_screenshot answer = shot_await(handle);
    CHECK_EQUAL(answer.id, request.id);
    return answer;
}

const uint8_t *shot_bytes(const pf_screenshot *answer) {
    CHECK_EQUAL(answer->status, PF_STATUS_OK);
    CHECK(answer->bytes != 0 && answer->context != 0 && answer->timestamp_us != 0);
    return (const uint8_t *)(uintptr_t)answer->bytes;
}

void shot_release(const pf_screenshot *answer) {
    pf_stripe_release((void *)(uintptr_t)answer->bytes, (void *)(uintptr_t)answer->context);
}
