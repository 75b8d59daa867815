/* SPDX-License-Identifier: MPL-2.0 */
/** Where a stripe's time goes: every moment of it belongs to one stage. */
#ifndef PF_BASE_TIMELINE_H
#define PF_BASE_TIMELINE_H

#include "base/clock.h"
#include "pixelflux.h"

/** CLOCK_MONOTONIC nanoseconds. */
typedef struct pf_timeline {
    uint64_t begin_ns;
    /** The end of the last stage that was marked. */
    uint64_t last_ns;
    uint64_t stage_ns[PF_STAGE_COUNT];
} pf_timeline;

static inline pf_timeline pf_timeline_begin(uint64_t now_ns) {
    return (pf_timeline){.begin_ns = now_ns, .last_ns = now_ns};
}

/** All since the last mark was this stage's; nothing where that is not past. */
static inline void pf_timeline_mark(pf_timeline *timeline, pf_stage stage, uint64_t now_ns) {
    if (now_ns > timeline->last_ns) {
        timeline->stage_ns[stage] += now_ns - timeline->last_ns;
        timeline->last_ns = now_ns;
    }
}

#endif
