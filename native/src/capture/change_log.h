/* SPDX-License-Identifier: MPL-2.0 */
/**
 * What a capture knows of changes, for those who wait for them. The capture thread
 * notes what its frames and its looks in between have found; any thread reads.
 *
 * While nobody watches, a frame costs a comparison a tile of the stripes in which
 * it has found a change.
 */
#ifndef PF_CAPTURE_CHANGE_LOG_H
#define PF_CAPTURE_CHANGE_LOG_H

#include <pthread.h>

#include "capture/outbox.h"
#include "damage/change_map.h"

typedef struct pf_frame_stage pf_frame_stage;

typedef struct pf_change_log {
    /** Borrowed; told of news. */
    pf_outbox *outbox;

    pthread_mutex_t lock;
    pf_change_map map;
    /** pf_watch. */
    uint32_t watch;
    /** Everything that was drawn before this moment has been looked at. */
    uint64_t looked_us;
    /** looked_us has to reach this. */
    uint64_t wanted_us;

    /** The capture thread's own: when it looked last while it held back. */
    uint64_t last_look_ns;
    /** It has looked where the stripes have not yet. */
    bool ahead;
} pf_change_log;

void pf_change_log_init(pf_change_log *log, pf_outbox *outbox);
void pf_change_log_deinit(pf_change_log *log);

/** As pf_capture_watch. Whether the capture thread has to be woken for it. */
bool pf_change_log_watch(pf_change_log *log, uint32_t watch);

/** As pf_capture_look. */
void pf_change_log_want_look(pf_change_log *log, uint64_t *looked_us);

/** As pf_capture_changes, of arguments that have been checked. */
pf_status pf_change_log_read(pf_change_log *log, const pf_change_query *query,
                             const pf_rectangle *ignored, pf_rectangle *rectangles,
                             pf_changes *changes);

/* The capture thread's side. */

/** The frame has this size from here on, and where `other` shows another part of
 * the screen: all of it has changed, which is known before its first stripe is. False
 * without memory. */
bool pf_change_log_set_size(pf_change_log *log, uint32_t width_px, uint32_t height_px, bool other,
                            uint32_t frame_id);

/** Whether somebody waits for pf_change_log_note_look. */
bool pf_change_log_wants_look(pf_change_log *log);

/** All that was drawn before this moment has been caught up with. */
void pf_change_log_note_look(pf_change_log *log, uint64_t looked_us);

/** How long after a look the next one is due while the reader holds the capture
 * back; 0: nobody watches. */
uint64_t pf_change_log_interval_ns(pf_change_log *log, uint64_t frame_interval_ns);

/** Before a grab, where changes have to be known exactly: looks at tiles that were
 * believed to have changed. */
void pf_change_log_settle(pf_frame_stage *stage);

/** After the last job of a frame: notes what the stripes have found. */
void pf_change_log_note_frame(pf_frame_stage *stage, uint64_t now_ns);

/** After pf_frame_catch_up's grab: looks at the damage. */
void pf_change_log_note_catch_up(pf_frame_stage *stage, uint64_t now_ns);

#endif
