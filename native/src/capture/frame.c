/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/frame.h"

#include "base/clock.h"

/* The re-check takes 64 rows ten times a second at most: 30 us of grabbing
 * each, and all of a 1080p screen in two seconds of activity. */
#define RECHECK_BAND_COUNT 4u
#define RECHECK_INTERVAL_NS (PF_NS_PER_S / 10)

/** Numbers the stripe's job; pf_pool_publish hands it out. */
static void publish_stripe(pf_frame_stage *stage, uint32_t stripe, uint64_t now_ns) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    slot->grabbed_ns = now_ns;
    pf_timeline_mark(&slot->timeline, PF_STAGE_GRAB, now_ns);
    stage->jobs[stage->job_count++] = stripe;
}

/** Bands have arrived: a stripe is complete with the last of its damaged ones. */
static void on_bands(void *context, pf_band_range arrived) {
    pf_frame_stage *stage = context;
    uint32_t bands_per_stripe = stage->plan.stripe_height_px / PF_BAND_ROWS;
    uint64_t now_ns = pf_clock_now_ns();
    uint32_t before = stage->job_count;
    for (uint32_t stripe = arrived.first / bands_per_stripe;
         stripe <= (arrived.end - 1) / bands_per_stripe; stripe++) {
        pf_band_range rest = pf_layout_stripe_bands(&stage->plan, stripe);
        rest.first = arrived.end > rest.first ? arrived.end : rest.first;
        if (!pf_bands_any(&stage->grabbed, rest)) {
            publish_stripe(stage, stripe, now_ns);
        }
    }
    pf_count(&stage->counters.rows_grabbed, (arrived.end - arrived.first) * PF_BAND_ROWS);
    pf_pool_publish(&stage->batch, stage->job_count - before);
}

/** Stripes that have to be looked at though their pixels need no grab. */
static void publish_ungrabbed(pf_frame_stage *stage, const pf_frame_request *request) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        const pf_stripe_slot *slot = &stage->slots[stripe];
        bool due = request->now_ns >= pf_stripe_refresh_due_ns(&slot->state, &stage->policy);
        if (!slot->awaits_grab && (slot->input.damaged || request->keyframe || due)) {
            publish_stripe(stage, stripe, pf_clock_now_ns());
        }
    }
    pf_pool_publish(&stage->batch, stage->job_count);
}

/** Adds a few bands that nobody has said anything of, now and then: DAMAGE is a
 * hint. A request for everything is a chance to look at everything. */
static void add_recheck(pf_frame_stage *stage, const pf_frame_request *request) {
    uint32_t band_count = pf_band_count(stage->plan.height_px);
    if (request->keyframe) {
        pf_bands_add(&stage->grabbed, (pf_band_range){0, band_count});
    } else if (request->now_ns >= stage->recheck_ns) {
        stage->recheck_band = stage->recheck_band < band_count ? stage->recheck_band : 0;
        uint32_t end = stage->recheck_band + RECHECK_BAND_COUNT;
        end = end < band_count ? end : band_count;
        pf_bands_add(&stage->grabbed, (pf_band_range){stage->recheck_band, end});
        stage->recheck_band = end;
        stage->recheck_ns = request->now_ns + RECHECK_INTERVAL_NS;
    }
}

/** Adds up the damage since the last frame; `ask`: that of the source, too. */
static pf_status collect_damage(pf_frame_stage *stage, bool ask, pf_error *error) {
    if (!stage->damage_kept) {
        pf_bands_clear(&stage->damage.bands);
    }
    if (ask) {
        pf_status status = stage->source->ops->damage(stage->source, &stage->damage, error);
        if (status != PF_STATUS_OK) {
            return status;
        }
    }
    if (stage->all_damaged) {
        pf_damage_add(&stage->damage,
                      (pf_rect){0, 0, stage->format.width_px, stage->plan.height_px});
        stage->all_damaged = false;
    }
    return PF_STATUS_OK;
}

/** Collects the damage and tells the stripes. Whether any stripe has something to
 * do is told by *any. */
static pf_status find_damage(pf_frame_stage *stage, const pf_frame_request *request, bool *any,
                             pf_error *error) {
    pf_status status = collect_damage(stage, request->damaged, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
        stage->slots[stripe].input = (pf_stripe_input){
            .now_ns = request->now_ns,
            .damaged = pf_bands_any(&stage->damage.bands, bands),
            .keyframe = request->keyframe,
        };
    }
    status = pf_overlays_update(stage, error);
    *any = request->keyframe || request->now_ns >= pf_frame_refresh_due_ns(stage);
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        *any = *any || stage->slots[stripe].input.damaged;
    }
    return status;
}

static void choose_grabs(pf_frame_stage *stage, const pf_frame_request *request) {
    stage->grabbed = stage->damage.bands;
    add_recheck(stage, request);
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_slot *slot = &stage->slots[stripe];
        pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
        slot->awaits_grab = pf_bands_any(&stage->grabbed, bands);
        slot->looked = false;
        slot->input.checked = slot->awaits_grab && !slot->input.damaged;
        slot->timeline = pf_timeline_begin(request->reason_ns);
        pf_timeline_mark(&slot->timeline, PF_STAGE_WAIT, request->now_ns);
    }
}

/** Bands have arrived, but no stripe goes yet: it is not known what moved, or there
 * is no frame. */
static void on_bands_held(void *context, pf_band_range arrived) {
    pf_frame_stage *stage = context;
    pf_count(&stage->counters.rows_grabbed, (arrived.end - arrived.first) * PF_BAND_ROWS);
}

/** Grabs all, tells of what moved, and then hands out the stripes. */
static pf_status grab_and_search(pf_frame_stage *stage, const pf_frame_request *request,
                                 pf_error *error) {
    pf_status status =
        stage->source->ops->grab(stage->source, &stage->grabbed, on_bands_held, stage, error);
    if (status == PF_STATUS_OK) {
        status = pf_scroll_copy_find(stage, request, error);
    }
    if (status != PF_STATUS_OK) {
        return status;
    }
    publish_ungrabbed(stage, request);
    uint32_t before = stage->job_count;
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        if (stage->slots[stripe].awaits_grab) {
            publish_stripe(stage, stripe, pf_clock_now_ns());
        }
    }
    pf_pool_publish(&stage->batch, stage->job_count - before);
    return PF_STATUS_OK;
}

static pf_status grab_as_it_comes(pf_frame_stage *stage, const pf_frame_request *request,
                                  pf_error *error) {
    publish_ungrabbed(stage, request);
    return stage->source->ops->grab(stage->source, &stage->grabbed, on_bands, stage, error);
}

static pf_status grab_and_encode(pf_frame_stage *stage, const pf_frame_request *request,
                                 pf_error *error) {
    stage->job_count = 0;
    pf_pool_begin(&stage->batch, pf_stripe_job_run, stage);
    pf_scroll_copy_begin(stage, request);
    stage->damage_kept = false;
    pf_status status = pf_scroll_copy_searches(stage) ? grab_and_search(stage, request, error)
                                                      : grab_as_it_comes(stage, request, error);
    uint64_t grabbed_ns = pf_clock_now_ns();
    pf_pool_finish(&stage->batch);
    if (stage->changes != NULL && status == PF_STATUS_OK) {
        pf_change_log_note_frame(stage, grabbed_ns);
    }
    if (stage->tap != NULL && status == PF_STATUS_OK) {
        pf_tap_take(stage);
    }
    pf_outbox_end_frame(stage->outbox, stage->frame_id);
    pf_count(&stage->counters.frames, 1);
    stage->frame_id++;
    if (status == PF_STATUS_OK && stage->failure.status != PF_STATUS_OK) {
        *error = stage->failure;
        return error->status;
    }
    return status;
}

pf_status pf_frame_take(pf_frame_stage *stage, const pf_frame_request *request, pf_error *error) {
    bool any;
    pf_status status = find_damage(stage, request, &any, error);
    if (status != PF_STATUS_OK || !any) {
        return status;
    }
    choose_grabs(stage, request);
    return grab_and_encode(stage, request, error);
}

pf_status pf_frame_catch_up(pf_frame_stage *stage, pf_error *error) {
    pf_status status = collect_damage(stage, true, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    uint32_t band_count = pf_band_count(stage->plan.height_px);
    stage->damage_kept = pf_bands_any(&stage->damage.bands, (pf_band_range){0, band_count});
    status =
        stage->source->ops->grab(stage->source, &stage->damage.bands, on_bands_held, stage, error);
    if (stage->changes != NULL && status == PF_STATUS_OK) {
        pf_change_log_note_catch_up(stage, pf_clock_now_ns());
    }
    if (stage->tap != NULL && status == PF_STATUS_OK) {
        pf_tap_take(stage);
    }
    return status;
}

bool pf_frame_is_wanted(const pf_frame_stage *stage) {
    bool animated = stage->watermark != NULL && stage->watermark_location == PF_WATERMARK_ANIMATED;
    return stage->all_damaged || stage->damage_kept || stage->overlays_changed || animated;
}

uint64_t pf_frame_refresh_due_ns(const pf_frame_stage *stage) {
    uint64_t earliest_ns = PF_NEVER_NS;
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        uint64_t due_ns = pf_stripe_refresh_due_ns(&stage->slots[stripe].state, &stage->policy);
        earliest_ns = due_ns < earliest_ns ? due_ns : earliest_ns;
    }
    return earliest_ns;
}
