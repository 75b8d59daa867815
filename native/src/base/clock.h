/* SPDX-License-Identifier: MPL-2.0 */
#ifndef PF_BASE_CLOCK_H
#define PF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define PF_NS_PER_S 1000000000ull
#define PF_NS_PER_US 1000ull

/** A point in time that never comes. */
#define PF_NEVER_NS UINT64_MAX

static inline uint64_t pf_clock_read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * PF_NS_PER_S + (uint64_t)now.tv_nsec;
}

/** CLOCK_MONOTONIC in nanoseconds: setting the wall clock does not move it. */
static inline uint64_t pf_clock_now_ns(void) {
    return pf_clock_read_ns(CLOCK_MONOTONIC);
}

static inline struct timespec pf_clock_timespec(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / PF_NS_PER_S),
                             .tv_nsec = (long)(ns % PF_NS_PER_S)};
}

#endif
