/* SPDX-License-Identifier: MPL-2.0 */
/**
 * Copies of the pixels that each frame has changed, for somebody who wants the
 * screen itself and not stripes: copied by the capture thread behind the change log,
 * and drained by any thread.
 *
 * The list is bounded. A change that finds no room is part of a later frame: what
 * has not been copied is known by its time.
 */
#ifndef PF_CAPTURE_TAP_H
#define PF_CAPTURE_TAP_H

#include "base/buffer.h"
#include "capture/outbox.h"

typedef struct pf_frame_stage pf_frame_stage;

/** A frame that waits for its reader. */
typedef struct pf_tap_entry {
    pf_buffer *buffer;
    pf_tap_frame words;
} pf_tap_entry;

/** What has to be copied next. */
typedef struct pf_tap_want {
    /** All of the frame. */
    bool complete;
    /** Changes up to here have been copied. */
    uint64_t copied_us;
    /** Counts the orders of pf_tap_set. */
    uint32_t order;
} pf_tap_want;

#define PF_TAP_ENTRY_COUNT_MAX 64u

typedef struct pf_tap {
    /** Borrowed. */
    pf_outbox *outbox;
    pf_wake *wake;

    pthread_mutex_t lock;
    /** 0: nobody wants frames. */
    uint32_t bytes_max;
    pf_tap_entry entries[PF_TAP_ENTRY_COUNT_MAX];
    uint32_t first;
    uint32_t count;
    size_t queued_bytes;
    pf_tap_want want;
    /** Frames whose changes wait for room. */
    uint32_t merged_count;
    bool closed;
} pf_tap;

void pf_tap_init(pf_tap *tap, pf_outbox *outbox, pf_wake *wake);
/** Releases what was not drained. */
void pf_tap_deinit(pf_tap *tap);

/** As pf_capture_tap. */
void pf_tap_set(pf_tap *tap, uint32_t bytes_max);

/** As pf_capture_drain_tap; false where nothing waits. */
bool pf_tap_drain(pf_tap *tap, pf_tap_frame *frame);

/** Discards what there is and whatever will be copied. */
void pf_tap_close(pf_tap *tap);

/** The capture thread, when the change log knows the stage's frame: copies what has
 * changed, where somebody wants it. */
void pf_tap_take(pf_frame_stage *stage);

/** The same where nothing new is known: what found no room before. */
void pf_tap_catch_up(pf_frame_stage *stage);

#endif
