/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The only place that asks the system for memory and threads, so that tests can
 * refuse any one of these requests (PF_FAULT_INJECTION builds).
 */
#ifndef PF_BASE_MEMORY_H
#define PF_BASE_MEMORY_H

#include <pthread.h>
#include <stddef.h>

/** Zeroed memory, or NULL. */
void *pf_alloc(size_t count, size_t size_bytes);
/** Uninitialised memory, or NULL. */
void *pf_alloc_bytes(size_t size_bytes);
/** Uninitialised memory on a 64-byte boundary (a cache line, and the widest
 * vector register), or NULL. Freed by pf_free. */
void *pf_alloc_aligned(size_t size_bytes);
void pf_free(void *memory);

/** Starts a joinable, named thread with every signal blocked, so that the
 * host's signals reach the host's threads. Returns 0 or an errno. */
int pf_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *context);

#if defined(PF_FAULT_INJECTION)
/** Refuses the request that comes after `count` granted ones; negative: none. */
void pf_fault_after(long count);
/** Requests that are granted still; negative where one has been refused, or none is
 * to be. */
long pf_fault_left(void);
#endif

#endif
