/* SPDX-License-Identifier: MPL-2.0 */
/** A capture as its caller sees it, for tests: through the C ABI alone. */
#ifndef PF_TEST_SESSION_H
#define PF_TEST_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "pixelflux.h"

/** Waits of PF_WAIT_MS_MAX, half a minute of them: what has not come by then never will. */
#define SESSION_WAIT_COUNT_MAX (30000 / PF_WAIT_MS_MAX)

/** The defaults of the TypeScript package. */
pf_settings default_settings(const char *display);

/** Starts a capture with them. */
uint64_t session_start(const char *display);

/** What has come out of a capture so far. */
typedef struct session_log {
    uint32_t stripe_count;
    uint32_t keyframe_count;
    uint64_t bytes;
    uint32_t last_frame_id;
    pf_state state;
} session_log;

/** Waits for news once and drains all of it; false where the capture ended. */
bool session_step(uint64_t handle, session_log *log);

/** Steps until `count` more stripes have come; fails the test if it ends. */
void session_await_stripes(uint64_t handle, session_log *log, uint32_t count);

/** Runs a capture until it has sent stripe_count stripes, again and again: each
 * time the next of its requests for memory or a thread is refused. Every one
 * has to end it with its typed error, and leave nothing behind. */
void session_survive_refusals(const pf_settings *settings, uint32_t stripe_count);

/** Checks that a lease with this capture, and with a structure in a stripe's place,
 * gives back both. */
void session_check_goes_with_lease(uint64_t handle, const void *held, size_t held_bytes);

pf_memory session_memory(void);

/** Checks that nothing of any capture is left. */
void session_check_nothing_left(void);

#endif
