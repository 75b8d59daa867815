/* SPDX-License-Identifier: MPL-2.0 */
/**
 * What goes from a capture to its reader: the bounded queue of stripes, the
 * state, and the news that there is something to read. Any thread.
 */
#ifndef PF_CAPTURE_OUTBOX_H
#define PF_CAPTURE_OUTBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/histogram.h"
#include "base/wake.h"

typedef struct pf_outbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /** Kicked when room has been made for a capture that held back. */
    pf_wake *wake;
    uint32_t frames_max;

    pf_buffer *head;
    pf_buffer *tail;
    uint32_t stripe_count;
    /** Frames of which stripes wait. */
    uint32_t frame_count;
    /** The capture found no room and waits for a kick. */
    bool held_back;
    /** Discards what is pushed: the capture was asked to stop. */
    bool closed;
    /** Something happened since the last drain; the reader has been told. */
    bool news;
    bool told;
    uint64_t told_ns;
    /** A screenshot has been answered, and the reader not been told. */
    bool screenshot_untold;
    /** The pointer has changed since it was drained; the reader has been told. */
    bool cursor_news;
    bool cursor_told;
    /** The same of a change, which is not told again before changes are read. */
    bool changes_untold;
    bool changes_told;
    pf_state state;
    pf_error error;
    /** Sums for pf_stats. */
    uint64_t stripes_pushed;
    /** As many of them belong to frames that have ended; fewer for a frame
     * under way. */
    uint64_t stripes_told_ended;
    uint64_t bytes_pushed;
    uint64_t keyframes_pushed;
    uint64_t held_back_count;
    uint64_t copies_pushed;
    /** Of the stripes that were drained. */
    pf_time_counts stages[PF_STAGE_COUNT];
} pf_outbox;

void pf_outbox_init(pf_outbox *outbox, pf_wake *wake, uint32_t frames_max);
/** Releases what is still queued. */
void pf_outbox_deinit(pf_outbox *outbox);

/** Takes the buffer. */
void pf_outbox_push(pf_outbox *outbox, pf_buffer *buffer);

/** The last stripe of this frame has been pushed, if it has any. */
void pf_outbox_end_frame(pf_outbox *outbox, uint32_t frame_id);

/** Whether a further frame may be taken. Where not, the next drain that makes
 * room kicks the capture. */
bool pf_outbox_has_room(pf_outbox *outbox);

/** Frames have this size from here on. The first push after it makes the phase
 * PF_PHASE_RUNNING; sizes after that count as resizes, those of a source that
 * was lost and came back only where they differ. */
void pf_outbox_set_size(pf_outbox *outbox, uint32_t width, uint32_t height);

/** The source is lost, and being waited for. What is queued stays. */
void pf_outbox_lose_source(pf_outbox *outbox, const pf_error *loss);

/** A screenshot has been answered: the next pf_outbox_wait tells of it. */
void pf_outbox_tell_screenshot(pf_outbox *outbox);

/** The pointer has changed: the next pf_outbox_wait tells of it, unless one has
 * since pf_outbox_take_cursor_news. */
void pf_outbox_tell_cursor(pf_outbox *outbox);
void pf_outbox_take_cursor_news(pf_outbox *outbox);
/** Something is known of changes that was not: the next pf_outbox_wait tells of it,
 * once until pf_outbox_note_changes_read. */
void pf_outbox_tell_changes(pf_outbox *outbox);
void pf_outbox_note_changes_read(pf_outbox *outbox);

/** Discards what is queued and whatever will be pushed. */
void pf_outbox_close(pf_outbox *outbox);

/** The last word: no thread of the capture touches the outbox again. `failure`
 * with PF_STATUS_OK or PF_STATUS_ENDED means that it was asked to stop. */
void pf_outbox_end(pf_outbox *outbox, const pf_error *failure);

/** As pf_capture_wait. */
pf_status pf_outbox_wait(pf_outbox *outbox, uint32_t timeout_ms);

/** As pf_capture_drain. */
uint32_t pf_outbox_drain(pf_outbox *outbox, pf_stripe *stripes, uint32_t capacity, pf_state *state);

void pf_outbox_message(pf_outbox *outbox, char *text, uint32_t capacity_bytes);
void pf_outbox_stats(pf_outbox *outbox, pf_stats *stats);
void pf_outbox_histogram(pf_outbox *outbox, uint32_t stage, pf_histogram *histogram);

#endif
