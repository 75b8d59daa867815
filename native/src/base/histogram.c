/* SPDX-License-Identifier: MPL-2.0 */
#include "base/histogram.h"

#define BITS 4u
#define PER_OCTAVE (1u << BITS)

/** Below 16 each value has its own bucket; above, the leading bit chooses the
 * octave and the four behind it the bucket. */
static uint32_t bucket_of(uint64_t ns) {
    if (ns < PER_OCTAVE) {
        return (uint32_t)ns;
    }
    uint32_t octave = 63u - (uint32_t)__builtin_clzll(ns) - BITS;
    uint32_t bucket = (octave << BITS) + (uint32_t)(ns >> octave);
    return bucket < PF_HISTOGRAM_BUCKET_COUNT ? bucket : PF_HISTOGRAM_BUCKET_COUNT - 1;
}

/** The middle of a bucket. */
static uint64_t value_of(uint32_t bucket) {
    if (bucket < PER_OCTAVE) {
        return bucket;
    }
    uint32_t octave = (bucket >> BITS) - 1;
    uint64_t low = (uint64_t)(bucket - (octave << BITS)) << octave;
    return low + ((1ull << octave) >> 1);
}

void pf_time_counts_add(pf_time_counts *counts, uint64_t ns) {
    counts->count++;
    counts->sum_ns += ns;
    counts->max_ns = ns > counts->max_ns ? ns : counts->max_ns;
    counts->buckets[bucket_of(ns)]++;
}

static uint64_t percentile(const pf_time_counts *counts, uint64_t percent) {
    uint64_t rank = (counts->count * percent + 99) / 100;
    uint64_t seen = 0;
    uint32_t bucket = 0;
    while (bucket + 1 < PF_HISTOGRAM_BUCKET_COUNT && seen + counts->buckets[bucket] < rank) {
        seen += counts->buckets[bucket++];
    }
    uint64_t ns = counts->count > 0 ? value_of(bucket) : 0;
    return ns < counts->max_ns ? ns : counts->max_ns;
}

void pf_time_counts_read(const pf_time_counts *counts, pf_histogram *histogram) {
    histogram->count = counts->count;
    histogram->sum_ns = counts->sum_ns;
    histogram->p50_ns = percentile(counts, 50);
    histogram->p95_ns = percentile(counts, 95);
    histogram->p99_ns = percentile(counts, 99);
    histogram->max_ns = counts->max_ns;
}
