/* SPDX-License-Identifier: MPL-2.0 */
#include "base/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#if defined(PF_FAULT_INJECTION)
#include <stdatomic.h>

static atomic_long pf_fault_countdown = -1;

void pf_fault_after(long count) {
    atomic_store(&pf_fault_countdown, count);
}

long pf_fault_left(void) {
    return atomic_load(&pf_fault_countdown);
}

static bool refused(void) {
    return atomic_load(&pf_fault_countdown) >= 0 && atomic_fetch_sub(&pf_fault_countdown, 1) == 0;
}
#else
static bool refused(void) {
    return false;
}
#endif

void *pf_alloc(size_t count, size_t size_bytes) {
    return refused() ? NULL : calloc(count, size_bytes);
}

void *pf_alloc_bytes(size_t size_bytes) {
    return refused() ? NULL : malloc(size_bytes);
}

void *pf_alloc_aligned(size_t size_bytes) {
    void *memory = NULL;
    if (refused() || posix_memalign(&memory, 64, size_bytes) != 0) {
        return NULL;
    }
    return memory;
}

void pf_free(void *memory) {
    free(memory);
}

int pf_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *context) {
    if (refused()) {
        return EAGAIN;
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0) {
        pthread_setname_np(*thread, name);
    }
    return failure;
}
