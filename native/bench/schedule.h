/* SPDX-License-Identifier: MPL-2.0 */
/** How long a frame's stripes would take on some number of threads. Pure. */
#ifndef PF_BENCH_SCHEDULE_H
#define PF_BENCH_SCHEDULE_H

#include <stdint.h>

#define BENCH_THREADS_MAX 64u

/**
 * Greedy list scheduling, which is what a shared queue does: each stripe, in
 * order, goes to the thread that is free first.
 *
 * @param stripe_ns What each stripe takes on one thread.
 * @param thread_count 1...BENCH_THREADS_MAX.
 * @return When the last stripe is finished, in ns. Waking threads costs nothing
 *         here, nor do they slow each other down.
 */
uint64_t schedule_makespan_ns(const uint64_t *stripe_ns, uint32_t stripe_count,
                              uint32_t thread_count);

#endif
