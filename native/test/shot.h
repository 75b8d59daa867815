/* SPDX-License-Identifier: MPL-2.0 */
/** Screenshots as their caller sees them, for tests: through the C ABI alone. */
#ifndef PF_TEST_SHOT_H
#define PF_TEST_SHOT_H

#include "pixelflux.h"

/** One of the whole frame, in quality 90 where it is a JPEG. */
pf_screenshot_request shot_request(uint32_t format, uint32_t id);

void shot_ask(uint64_t handle, pf_screenshot_request request);

/** Waits for the next answer, and leaves stripes where they are. */
pf_screenshot shot_await(uint64_t handle);

/** Asks, and waits for the answer, which may be an error. */
pf_screenshot shot_take(uint64_t handle, pf_screenshot_request request);

/** The bytes of an answer that is no error. */
const uint8_t *shot_bytes(const pf_screenshot *answer);

void shot_release(const pf_screenshot *answer);

#endif
