/* SPDX-License-Identifier: MPL-2.0 */
/** The table of frame sources. */
#include "base/handle.h"
#include "source/frames.h"

#define NUMBER_BITS 11

_Static_assert(PF_FRAMES_COUNT_MAX < 1 << NUMBER_BITS, "a slot's number + 1 has to fit");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pf_handle_slot slots[PF_FRAMES_COUNT_MAX];
static pf_handle_table table = {slots, PF_FRAMES_COUNT_MAX, NUMBER_BITS};

bool pf_frames_publish(pf_frames *frames, uint64_t *handle) {
    bool published = false;
    pthread_mutex_lock(&lock);
    for (uint32_t number = 0; number < PF_FRAMES_COUNT_MAX && !published; number++) {
        if (slots[number].object == NULL) {
            *handle = pf_handle_put(&table, number, frames);
            published = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return published;
}

pf_frames *pf_frames_acquire(uint64_t handle) {
    pthread_mutex_lock(&lock);
    pf_frames *frames = pf_handle_find(&table, handle);
    if (frames != NULL) {
        pf_frames_keep(frames);
    }
    pthread_mutex_unlock(&lock);
    return frames;
}

pf_frames *pf_frames_retire(uint64_t handle) {
    pthread_mutex_lock(&lock);
    pf_frames *frames = pf_handle_take(&table, handle);
    pthread_mutex_unlock(&lock);
    return frames;
}
