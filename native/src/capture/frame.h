/* SPDX-License-Identifier: MPL-2.0 */
/**
 * One frame's way: damage, grab, and a job a stripe that hashes, decides and
 * encodes. A stripe's job may start while later bands are still being grabbed.
 */
#ifndef PF_CAPTURE_FRAME_H
#define PF_CAPTURE_FRAME_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "capture/change_log.h"
#include "capture/outbox.h"
#include "capture/pool.h"
#include "capture/scroll_copy.h"
#include "capture/tap.h"
#include "damage/layout.h"
#include "damage/stripe_state.h"
#include "damage/tiles.h"
#include "encode/encoder.h"
#include "overlay/watermark.h"
#include "source/source.h"

enum { PF_OVERLAY_WATERMARK, PF_OVERLAY_CURSOR, PF_OVERLAY_COUNT };

/** What one stripe keeps from frame to frame, and its part in this frame. */
typedef struct pf_stripe_slot {
    pf_stripe_state state;
    pf_tiles tiles;
    /** H.264: NULL until its first picture. JPEG pictures have no past, and are
     * encoded by whatever encoder is idle. */
    pf_encoder *encoder;
    /** H.264: pf_encode_request.constant of the picture under way. */
    uint8_t *constant;
    pf_stripe_input input;
    /** Bands of it are being grabbed. */
    bool awaits_grab;
    /** Its tiles have been hashed in this frame, but for those that are unseen. */
    bool looked;
    /** Of the tiles' hashes, where it was looked at; and as the change log knows it,
     * where that knows no more than the tiles. */
    uint64_t digest;
    uint64_t noted_digest;
    bool noted;
    uint64_t grabbed_ns;
    /** Of this frame. */
    pf_timeline timeline;
    /** What overlays hide while the stripe is encoded; kept for the next time. */
    uint8_t *saved;
    size_t saved_bytes;
} pf_stripe_slot;

typedef struct pf_frame_counters {
    atomic_uint_fast64_t frames;
    atomic_uint_fast64_t rows_grabbed;
    atomic_uint_fast64_t stripes_hashed;
    atomic_uint_fast64_t stripes_unchanged;
    atomic_uint_fast64_t changed_without_damage;
    atomic_uint_fast64_t encoders_opened;
} pf_frame_counters;

struct pf_frame_stage {
    /** Borrowed. */
    pf_source *source;
    pf_outbox *outbox;
    pf_wake *wake;
    /** NULL: nobody will ask what changed. */
    pf_change_log *changes;
    /** NULL: nobody will ask for pixels. Needs `changes`. */
    pf_tap *tap;
    /** NULL for none. */
    const pf_watermark *watermark;
    /** Owned. */
    pf_buffer_pool *buffers;
    pf_stripe_slot *slots;
    /** Stripes of this frame in the order of their jobs. */
    uint32_t *jobs;
    uint32_t job_count;
    /** JPEG: at most one for each thread; under `lock`. */
    pf_encoder *idle_encoders;

    pf_layout_plan plan;
    pf_stripe_policy policy;
    pf_encoder_format format;
    uint32_t header;
    uint32_t frame_id;
    /** Nothing of the frame is up to date. */
    bool all_damaged;
    /** What this frame was told of. */
    pf_damage damage;
    /** That was taken, and grabbed, since the frame before: it is the next one's. */
    bool damage_kept;
    /** Bands that it grabs: those, and some that are looked at unasked. */
    pf_bands grabbed;
    pf_batch batch;

    /** What is drawn over the frame, and how it is found. */
    pf_sprite overlays[PF_OVERLAY_COUNT];
    /** As they were drawn in the frame before. */
    pf_sprite overlays_before[PF_OVERLAY_COUNT];
    uint32_t watermark_location;
    uint64_t watermark_step;
    bool blend_cursor;
    /** They may differ from those of the frame before. */
    bool overlays_changed;

    /** Of screenshots. */
    bool jpeg_full_color;

    /** The re-check goes round: the next band, and not before this time. */
    uint32_t recheck_band;
    uint64_t recheck_ns;

    pf_scroll_copy scroll;

    /** What the jobs of a frame share. */
    pthread_mutex_t lock;
    /** The first job that fails says why. */
    pf_error failure;
    pf_frame_counters counters;
};

static inline void pf_count(atomic_uint_fast64_t *counter, uint64_t amount) {
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/** A job of the stage's batch: hashes, decides and encodes one stripe. */
void pf_stripe_job_run(void *stage, uint32_t index);

/** Places the overlays for the next frame, and marks the stripes in which they
 * differ from those of the frame before as damaged. */
pf_status pf_overlays_update(pf_frame_stage *stage, pf_error *error);

/** The overlays as they are now, without a frame. The pixels are borrowed until the
 * next look or update. */
pf_status pf_overlays_look(pf_frame_stage *stage, pf_sprite overlays[PF_OVERLAY_COUNT],
                           pf_error *error);

/** Needs source, outbox and wake to be set. A stage that was used before goes on
 * counting frames where it was. */
pf_status pf_frame_stage_init(pf_frame_stage *stage, const pf_settings *settings, pf_error *error);
void pf_frame_stage_deinit(pf_frame_stage *stage);

/** Takes over qualities, times and rates from the next frame on. Where size or
 * format have changed it cuts the frame anew; there, and where `restart` says
 * that the frame shows something else now, every stripe is sent complete. */
pf_status pf_frame_stage_configure(pf_frame_stage *stage, const pf_settings *settings, bool restart,
                                   pf_error *error);

/** What is asked of one frame. */
struct pf_frame_request {
    uint64_t now_ns;
    /** Since when there has been reason for it. */
    uint64_t reason_ns;
    /** Ask the source where its damage is. */
    bool damaged;
    /** Send every stripe, complete, and look at all of the screen. */
    bool keyframe;
};

/** Takes one frame and returns when its last stripe is queued. */
pf_status pf_frame_take(pf_frame_stage *stage, const pf_frame_request *request, pf_error *error);

/** Brings the source's frame up to date without sending anything; the next frame
 * sends what has changed. */
pf_status pf_frame_catch_up(pf_frame_stage *stage, pf_error *error);

/** Whether there is a frame to be taken without anything on the screen changing:
 * the first, or the next of an animation. */
bool pf_frame_is_wanted(const pf_frame_stage *stage);

/** When the next refresh at rest is due, PF_NEVER_NS where none is. */
uint64_t pf_frame_refresh_due_ns(const pf_frame_stage *stage);

#endif
