/* SPDX-License-Identifier: MPL-2.0 */
#include "abi/handles.h"

/* Slot number + 1 in the low bits; 32 bits of generation above keep a handle
 * below 2^53, where a JavaScript number is exact. */
#define SLOT_BITS 8
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

_Static_assert(PF_CAPTURE_COUNT_MAX < SLOT_MASK, "a slot's number has to fit");

typedef struct slot {
    pf_capture *capture;
    uint32_t generation;
    uint32_t user_count;
    bool taken;
    /** A capture was published here and is not gone yet. */
    bool occupied;
} slot;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t unused;
    slot slots[PF_CAPTURE_COUNT_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .unused = PTHREAD_COND_INITIALIZER};

static uint32_t slot_of(uint64_t handle) {
    return (uint32_t)(handle & SLOT_MASK) - 1;
}

/** The slot that the handle names, NULL where it is stale. Under the lock. */
static slot *find(uint64_t handle) {
    uint32_t number = slot_of(handle);
    if (number >= PF_CAPTURE_COUNT_MAX) {
        return NULL;
    }
    slot *found = &table.slots[number];
    bool current = found->capture != NULL && found->generation == handle >> SLOT_BITS;
    return current ? found : NULL;
}

bool pf_handles_reserve(uint32_t *number) {
    bool reserved = false;
    pthread_mutex_lock(&table.lock);
    for (uint32_t index = 0; index < PF_CAPTURE_COUNT_MAX && !reserved; index++) {
        if (!table.slots[index].taken) {
            table.slots[index].taken = true;
            *number = index;
            reserved = true;
        }
    }
    pthread_mutex_unlock(&table.lock);
    return reserved;
}

void pf_handles_cancel(uint32_t number) {
    pthread_mutex_lock(&table.lock);
    table.slots[number].taken = false;
    pthread_mutex_unlock(&table.lock);
}

uint64_t pf_handles_publish(uint32_t number, pf_capture *capture) {
    pthread_mutex_lock(&table.lock);
    slot *place = &table.slots[number];
    place->capture = capture;
    place->occupied = true;
    place->generation++;
    uint64_t handle = (uint64_t)place->generation << SLOT_BITS | (number + 1);
    pthread_mutex_unlock(&table.lock);
    return handle;
}

pf_capture *pf_handles_acquire(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    slot *place = find(handle);
    pf_capture *capture = place == NULL ? NULL : place->capture;
    if (capture != NULL) {
        place->user_count++;
    }
    pthread_mutex_unlock(&table.lock);
    return capture;
}

void pf_handles_release(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    if (--table.slots[slot_of(handle)].user_count == 0) {
        pthread_cond_broadcast(&table.unused);
    }
    pthread_mutex_unlock(&table.lock);
}

pf_capture *pf_handles_retire(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    slot *place = find(handle);
    pf_capture *capture = place == NULL ? NULL : place->capture;
    if (capture != NULL) {
        place->capture = NULL;
    }
    pthread_mutex_unlock(&table.lock);
    return capture;
}

void pf_handles_await_unused(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    slot *place = &table.slots[slot_of(handle)];
    while (place->user_count > 0) {
        pthread_cond_wait(&table.unused, &table.lock);
    }
    pthread_mutex_unlock(&table.lock);
}

void pf_handles_vacate(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    slot *place = &table.slots[slot_of(handle)];
    place->occupied = false;
    place->taken = false;
    pthread_mutex_unlock(&table.lock);
}

uint32_t pf_handles_count(void) {
    uint32_t count = 0;
    pthread_mutex_lock(&table.lock);
    for (uint32_t index = 0; index < PF_CAPTURE_COUNT_MAX; index++) {
        count += table.slots[index].occupied;
    }
    pthread_mutex_unlock(&table.lock);
    return count;
}
