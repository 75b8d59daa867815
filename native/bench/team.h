/* SPDX-License-Identifier: MPL-2.0 */
/** Threads that encode the stripes of one frame together. */
#ifndef PF_BENCH_TEAM_H
#define PF_BENCH_TEAM_H

#include <pthread.h>
#include <stdatomic.h>

#include "schedule.h"
#include "stripes.h"

typedef struct bench_team {
    /** The caller is one of them. */
    uint32_t thread_count;
    pthread_t helpers[BENCH_THREADS_MAX];
    pthread_barrier_t begin;
    pthread_barrier_t finish;
    bool ending;
    bench_stripes *stripes;
    pf_image frame;
    atomic_uint next;
} bench_team;

/** @param thread_count 1...BENCH_THREADS_MAX */
void team_create(bench_team *team, bench_stripes *stripes, uint32_t thread_count);
void team_destroy(bench_team *team);

/** Encodes the frame's stripes and returns when the last is finished. */
void team_encode(bench_team *team, pf_image frame);

#endif
