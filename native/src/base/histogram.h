/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Counts of times by size: each power of two is cut into 16 buckets of equal
 * width, so that a value is known to within 1/32 of itself. The caller locks.
 */
#ifndef PF_BASE_HISTOGRAM_H
#define PF_BASE_HISTOGRAM_H

#include "pixelflux.h"

/* 2^40 ns are 18 minutes; what takes longer counts as that. */
#define PF_HISTOGRAM_BUCKET_COUNT (37u * 16u)

typedef struct pf_time_counts {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t max_ns;
    uint32_t buckets[PF_HISTOGRAM_BUCKET_COUNT];
} pf_time_counts;

void pf_time_counts_add(pf_time_counts *counts, uint64_t ns);

/** Fills in all but size_bytes. */
void pf_time_counts_read(const pf_time_counts *counts, pf_histogram *histogram);

#endif
