/* SPDX-License-Identifier: MPL-2.0 */
#include "schedule.h"

uint64_t schedule_makespan_ns(const uint64_t *stripe_ns, uint32_t stripe_count,
                              uint32_t thread_count) {
    uint64_t free_ns[BENCH_THREADS_MAX] = {0};
    uint64_t end_ns = 0;
    for (uint32_t stripe = 0; stripe < stripe_count; stripe++) {
        uint32_t first = 0;
        for (uint32_t thread = 1; thread < thread_count; thread++) {
            first = free_ns[thread] < free_ns[first] ? thread : first;
        }
        free_ns[first] += stripe_ns[stripe];
        end_ns = free_ns[first] > end_ns ? free_ns[first] : end_ns;
    }
    return end_ns;
}
