/* SPDX-License-Identifier: MPL-2.0 */
#include "team.h"

#include <stdio.h>
#include <stdlib.h>

static void take_stripes(bench_team *team) {
    for (;;) {
        uint32_t stripe = atomic_fetch_add(&team->next, 1);
        if (stripe >= team->stripes->end) {
            return;
        }
        stripes_encode(team->stripes, team->frame, stripe);
    }
}

static void *help(void *context) {
    bench_team *team = context;
    for (;;) {
        pthread_barrier_wait(&team->begin);
        if (team->ending) {
            return NULL;
        }
        take_stripes(team);
        pthread_barrier_wait(&team->finish);
    }
}

void team_create(bench_team *team, bench_stripes *stripes, uint32_t thread_count) {
    *team = (bench_team){.thread_count = thread_count, .stripes = stripes};
    pthread_barrier_init(&team->begin, NULL, thread_count);
    pthread_barrier_init(&team->finish, NULL, thread_count);
    for (uint32_t index = 1; index < thread_count; index++) {
        if (pthread_create(&team->helpers[index], NULL, help, team) != 0) {
            fprintf(stderr, "pf-codec-bench: a thread was refused\n");
            exit(1);
        }
    }
}

void team_destroy(bench_team *team) {
    team->ending = true;
    pthread_barrier_wait(&team->begin);
    for (uint32_t index = 1; index < team->thread_count; index++) {
        pthread_join(team->helpers[index], NULL);
    }
    pthread_barrier_destroy(&team->begin);
    pthread_barrier_destroy(&team->finish);
}

void team_encode(bench_team *team, pf_image frame) {
    team->frame = frame;
    atomic_store(&team->next, team->stripes->first);
    pthread_barrier_wait(&team->begin);
    take_stripes(team);
    pthread_barrier_wait(&team->finish);
}
