/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The threads that encode, shared by all captures of the process. They exist
 * while there is a capture.
 *
 * A frame's jobs form a batch. The capture thread publishes them as pixels
 * arrive and, when there is nothing left to publish, works on them itself: a
 * frame with a single changed stripe wakes nobody (a wake-up costs about 50 us), and
 * others at most one thread less than there are cores.
 */
#ifndef PF_CAPTURE_POOL_H
#define PF_CAPTURE_POOL_H

#include <stdbool.h>
#include <stdint.h>

/** Runs job number `index` of a batch. */
typedef void (*pf_job_run)(void *context, uint32_t index);

typedef struct pf_batch {
    pf_job_run run;
    void *context;
    /** The pool's; under its lock. */
    uint32_t published;
    uint32_t taken;
    uint32_t finished;
    struct pf_batch *next;
} pf_batch;

/** Joins the pool, starting its threads if this is the first. False where the
 * system refuses a thread; nothing is owed then. */
bool pf_pool_acquire(void);

/** Leaves it; the last one out waits until the threads have ended. */
void pf_pool_release(void);

/** Begins an empty batch, which stays in place until pf_pool_finish. */
void pf_pool_begin(pf_batch *batch, pf_job_run run, void *context);

/** Adds `count` jobs, numbered on from those before. */
void pf_pool_publish(pf_batch *batch, uint32_t count);

/** The same for one who does not wait: others do the jobs. */
void pf_pool_hand_over(pf_batch *batch, uint32_t count);

/** Works until every job of the batch is done. */
void pf_pool_finish(pf_batch *batch);

/** Threads that can work on a batch at the same time, the caller included. */
uint32_t pf_pool_width(void);

/** Threads of the pool that run now. */
uint32_t pf_pool_thread_count(void);

#endif
