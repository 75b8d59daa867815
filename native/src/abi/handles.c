/* SPDX-License-Identifier: MPL-2.0 */
#include "abi/handles.h"

#include "base/handle.h"

#define NUMBER_BITS 8

_Static_assert(PF_CAPTURE_COUNT_MAX < 1 << NUMBER_BITS, "a slot's number + 1 has to fit");

/** What there is to know of a slot beside its handle. */
typedef struct occupancy {
    /** Calls under way. */
    uint32_t user_count;
    bool taken;
    /** A capture was published here and is not gone yet. */
    bool occupied;
} occupancy;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unused = PTHREAD_COND_INITIALIZER;
static pf_handle_slot slots[PF_CAPTURE_COUNT_MAX];
static pf_handle_table table = {slots, PF_CAPTURE_COUNT_MAX, NUMBER_BITS};
static occupancy occupancies[PF_CAPTURE_COUNT_MAX];

static occupancy *occupancy_of(uint64_t handle) {
    return &occupancies[pf_handle_number(&table, handle)];
}

bool pf_handles_reserve(uint32_t *number) {
    bool reserved = false;
    pthread_mutex_lock(&lock);
    for (uint32_t index = 0; index < PF_CAPTURE_COUNT_MAX && !reserved; index++) {
        if (!occupancies[index].taken) {
            occupancies[index].taken = true;
            *number = index;
            reserved = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return reserved;
}

void pf_handles_cancel(uint32_t number) {
    pthread_mutex_lock(&lock);
    occupancies[number].taken = false;
    pthread_mutex_unlock(&lock);
}

uint64_t pf_handles_publish(uint32_t number, pf_capture *capture) {
    pthread_mutex_lock(&lock);
    uint64_t handle = pf_handle_put(&table, number, capture);
    occupancies[number].occupied = true;
    pthread_mutex_unlock(&lock);
    return handle;
}

pf_capture *pf_handles_acquire(uint64_t handle, pf_status *status) {
    pthread_mutex_lock(&lock);
    pf_capture *capture = pf_handle_find(&table, handle);
    if (capture != NULL) {
        occupancy_of(handle)->user_count++;
    }
    pthread_mutex_unlock(&lock);
    *status = capture == NULL ? PF_STATUS_STALE_HANDLE : PF_STATUS_OK;
    return capture;
}

pf_capture *pf_handles_release(uint64_t handle) {
    pthread_mutex_lock(&lock);
    if (--occupancy_of(handle)->user_count == 0) {
        pthread_cond_broadcast(&unused);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

pf_capture *pf_handles_retire(uint64_t handle) {
    pthread_mutex_lock(&lock);
    pf_capture *capture = pf_handle_take(&table, handle);
    pthread_mutex_unlock(&lock);
    return capture;
}

void pf_handles_await_unused(uint64_t handle) {
    pthread_mutex_lock(&lock);
    while (occupancy_of(handle)->user_count > 0) {
        pthread_cond_wait(&unused, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void pf_handles_vacate(uint64_t handle) {
    pthread_mutex_lock(&lock);
    *occupancy_of(handle) = (occupancy){0};
    pthread_mutex_unlock(&lock);
}

uint32_t pf_handles_count(void) {
    uint32_t count = 0;
    pthread_mutex_lock(&lock);
    for (uint32_t index = 0; index < PF_CAPTURE_COUNT_MAX; index++) {
        count += occupancies[index].occupied;
    }
    pthread_mutex_unlock(&lock);
    return count;
}
