/* SPDX-License-Identifier: MPL-2.0 */
/**
 * The table of frame sources. A handle is a slot's number and the slot's
 * generation, so that one that was freed is told from the one that took its place.
 */
#include "source/frames.h"

/* Slot number + 1 in the low bits; 32 bits of generation above keep a handle
 * below 2^53, where a JavaScript number is exact. */
#define SLOT_BITS 11
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

_Static_assert(PF_FRAMES_COUNT_MAX < SLOT_MASK, "a slot's number has to fit");
_Static_assert(SLOT_BITS + 32 < 53, "a handle has to be exact as a double");

typedef struct slot {
    pf_frames *frames;
    uint32_t generation;
} slot;

static struct {
    pthread_mutex_t lock;
    slot slots[PF_FRAMES_COUNT_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** The slot that the handle names, NULL where it is stale. Under the lock. */
static slot *find(uint64_t handle) {
    uint32_t number = (uint32_t)(handle & SLOT_MASK) - 1;
    if (number >= PF_FRAMES_COUNT_MAX) {
        return NULL;
    }
    slot *found = &table.slots[number];
    bool current = found->frames != NULL && found->generation == handle >> SLOT_BITS;
    return current ? found : NULL;
}

bool pf_frames_publish(pf_frames *frames, uint64_t *handle) {
    bool published = false;
    pthread_mutex_lock(&table.lock);
    for (uint32_t number = 0; number < PF_FRAMES_COUNT_MAX && !published; number++) {
        slot *place = &table.slots[number];
        if (place->frames == NULL) {
            place->frames = frames;
            place->generation++;
            *handle = (uint64_t)place->generation << SLOT_BITS | (number + 1);
            published = true;
        }
    }
    pthread_mutex_unlock(&table.lock);
    return published;
}

pf_frames *pf_frames_acquire(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    slot *place = find(handle);
    pf_frames *frames = place == NULL ? NULL : place->frames;
    if (frames != NULL) {
        pf_frames_keep(frames);
    }
    pthread_mutex_unlock(&table.lock);
    return frames;
}

pf_frames *pf_frames_retire(uint64_t handle) {
    pthread_mutex_lock(&table.lock);
    slot *place = find(handle);
    pf_frames *frames = place == NULL ? NULL : place->frames;
    if (frames != NULL) {
        place->frames = NULL;
    }
    pthread_mutex_unlock(&table.lock);
    return frames;
}
