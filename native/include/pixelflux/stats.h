/* SPDX-License-Identifier: MPL-2.0 */
/** Counters of a capture, and where the time of its stripes goes. */
#ifndef PIXELFLUX_STATS_H
#define PIXELFLUX_STATS_H

#include "api.h"
#include "status.h"

/** Counters of one capture since its start. All are cumulative. */
typedef struct pf_stats {
    uint32_t size_bytes;
    uint32_t reserved;
    /** Frames grabbed, whether or not any stripe of them had changed. */
    uint64_t frames;
    /** Stripes encoded and queued, and their bytes with headers. */
    uint64_t stripes;
    uint64_t bytes;
    uint64_t keyframes;
    /** Rows copied from the source, and stripes hashed. */
    uint64_t rows_grabbed;
    uint64_t stripes_hashed;
    /** Damaged stripes whose hash said that nothing had changed. */
    uint64_t stripes_unchanged;
    /** Changes found by the re-check that DAMAGE had not told of. */
    uint64_t changed_without_damage;
    /** Times the capture held back because the reader was slow. */
    uint64_t held_back;
    /** Times the capture thread woke up. */
    uint64_t wakeups;
    /** H.264 encoders opened. */
    uint64_t encoders_opened;
    /** Stripes among the above that were copies. */
    uint64_t copies;
} pf_stats;

/** Where the time of a stripe goes, one stage behind the other. */
typedef enum pf_stage {
    /** There is something to capture -> its frame begins: the frame rate's
     * bound, or a slow reader. */
    PF_STAGE_WAIT = 0,
    /** -> the stripe's rows have arrived from the source. */
    PF_STAGE_GRAB = 1,
    /** -> a thread takes the stripe up. */
    PF_STAGE_SCHEDULE = 2,
    /** -> it is known to have changed. */
    PF_STAGE_HASH = 3,
    /** -> overlays are drawn and colours converted; libjpeg converts while it
     * encodes where it is given full colour. */
    PF_STAGE_CONVERT = 4,
    /** -> it is encoded and in the queue. */
    PF_STAGE_ENCODE = 5,
    /** -> the thread in pf_capture_wait has been told. */
    PF_STAGE_QUEUE = 6,
    /** -> it has been drained. */
    PF_STAGE_POLL = 7
} pf_stage;

/** Values of pf_stage. */
#define PF_STAGE_COUNT 8

/** How long one stage took for the stripes that have been drained. The
 * percentiles are exact within 4 %. */
typedef struct pf_histogram {
    uint32_t size_bytes;
    uint32_t reserved;
    /** Stripes; the same in every stage. */
    uint64_t count;
    uint64_t sum_ns;
    uint64_t p50_ns;
    uint64_t p95_ns;
    uint64_t p99_ns;
    uint64_t max_ns;
} pf_histogram;

/** Reads a capture's counters. stats->size_bytes must be set. Never blocks.
 * Errors: INVALID_ARGUMENT, STALE_HANDLE. */
PF_API int32_t pf_capture_stats(uint64_t handle, pf_stats *stats);

/** Reads how long a stage (pf_stage) took so far. histogram->size_bytes must be
 * set. Never blocks. Errors: INVALID_ARGUMENT, STALE_HANDLE. */
PF_API int32_t pf_capture_histogram(uint64_t handle, uint32_t stage, pf_histogram *histogram);

#endif
