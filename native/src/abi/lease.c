/* SPDX-License-Identifier: MPL-2.0 */
/** Leases: what a caller that may end without a word holds. */
#include "abi/last_error.h"
#include "base/memory.h"
#include "pixelflux.h"

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "a handle travels as a pointer");

static void *free_abandoned(void *handle) {
    pf_capture_free((uintptr_t)handle);
    return NULL;
}

/** Frees the capture by a thread of its own, where the system grants one. */
static void abandon(uint64_t handle) {
    if (pf_capture_stop(handle) != PF_STATUS_OK) {
        return;
    }
    pthread_t thread;
    void *context = (void *)(uintptr_t)handle;
    if (pf_thread_start(&thread, "pf-abandon", free_abandoned, context) == 0) {
        pthread_detach(thread);
    } else {
        free_abandoned(context);
    }
}

int32_t pf_lease_create(uint32_t capacity, uint64_t *address) {
    if (address == NULL || capacity > PF_LEASE_STRIPE_COUNT_MAX) {
        return pf_refuse("capacity, address: expected a number in range and a pointer");
    }
    pf_lease *lease = pf_alloc(1, sizeof *lease + capacity * sizeof(pf_stripe));
    if (lease == NULL) {
        return pf_error_no_memory(pf_last_error(), "a lease");
    }
    lease->capacity = capacity;
    *address = (uintptr_t)lease;
    return PF_STATUS_OK;
}

void pf_lease_end(void *bytes, void *context) {
    (void)bytes;
    pf_lease *lease = context;
    if (lease == NULL) {
        return;
    }
    const pf_stripe *stripes = (const pf_stripe *)(lease + 1);
    for (uint32_t index = 0; index < lease->capacity; index++) {
        pf_stripe_release(NULL, (void *)(uintptr_t)stripes[index].context);
    }
    pf_frames_free(lease->frames);
    abandon(lease->handle);
    pf_free(lease);
}
