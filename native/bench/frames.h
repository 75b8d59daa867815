/* SPDX-License-Identifier: MPL-2.0 */
/** The frames that are encoded: what pf-painter's workloads would show, in memory. */
#ifndef PF_BENCH_FRAMES_H
#define PF_BENCH_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/image.h"

typedef struct bench_frames bench_frames;

/** Places where scroll and typing may be: relative to the stripes of any height,
 * their rows should begin anywhere. */
#define FRAMES_POSITION_COUNT 8u

/** What to paint: video, scroll or typing, and where. */
typedef struct frames_subject {
    const char *name;
    /** Less than FRAMES_POSITION_COUNT; no matter for video. */
    uint32_t position;
} frames_subject;

/** Frames of this size in px. NULL: no such name, or no memory. */
bench_frames *frames_create(frames_subject subject, uint32_t width_px, uint32_t height_px);
void frames_destroy(bench_frames *frames);

/** Puts frame `index` into the one buffer there is, as a grab would. */
pf_image frames_paint(bench_frames *frames, uint32_t index);

/** What changes from frame to frame. */
pf_rect frames_changed(const bench_frames *frames);

#endif
