/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/frame.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* Buffers kept for reuse: what a frame of noise at high quality takes. */
#define IDLE_BYTES_MAX ((size_t)8 << 20)

#define H264_QUANTIZER_MAX 51u

/* The re-check takes 64 rows ten times a second at most: 30 us of grabbing
 * each, and all of a 1080p screen in two seconds of activity. */
#define RECHECK_BAND_COUNT 4u
#define RECHECK_INTERVAL_NS (PF_NS_PER_S / 10)

static pf_layout_kind layout_kind(const pf_settings *settings) {
    if (settings->output_mode == PF_OUTPUT_JPEG) {
        return PF_LAYOUT_JPEG;
    }
    return settings->h264_full_frame ? PF_LAYOUT_FULL_FRAME : PF_LAYOUT_H264;
}

/** What x264's CRF would give to motion: on video, a quantiser of 28 took the
 * bytes and gave the PSNR of CRF 25 (38.5 dB), measured with a prototype. */
static uint32_t busy_quantizer(uint32_t crf) {
    return crf + 3 < H264_QUANTIZER_MAX ? crf + 3 : H264_QUANTIZER_MAX;
}

static pf_stripe_policy policy_of(const pf_settings *settings) {
    bool jpeg = settings->output_mode == PF_OUTPUT_JPEG;
    pf_stripe_policy policy = {
        .jpeg = jpeg,
        .quality = jpeg ? settings->jpeg_quality : settings->h264_crf,
        .busy_quality = busy_quantizer(settings->h264_crf),
        .rest_quality = jpeg ? settings->paint_over_jpeg_quality : settings->h264_paint_over_crf,
        .rest_keyframe = settings->h264_paint_over == PF_H264_PAINT_OVER_IDR,
        .frame_interval_ns = (uint64_t)((double)PF_NS_PER_S / settings->target_fps),
        .rest_after_frames = settings->paint_over_trigger_frames,
        .busy_after_changes = settings->damage_block_threshold,
        .busy_frames = settings->damage_block_duration};
    bool better =
        jpeg ? policy.rest_quality > policy.quality : policy.rest_quality < policy.quality;
    policy.refresh = settings->use_paint_over_quality && better;
    return policy;
}

static pf_encoder_format format_of(const pf_settings *settings, pf_image frame) {
    bool jpeg = settings->output_mode == PF_OUTPUT_JPEG;
    bool full_frame = layout_kind(settings) == PF_LAYOUT_FULL_FRAME;
    return (pf_encoder_format){.output_mode = settings->output_mode,
                               .width_px = frame.width_px,
                               .full_color =
                                   jpeg ? settings->jpeg_full_color : settings->h264_full_color,
                               .fps = (uint32_t)(settings->target_fps + 0.5),
                               .thread_count = full_frame ? pf_pool_width() : 1};
}

static void free_slots(pf_frame_stage *stage) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_encoder *encoder = stage->slots[stripe].encoder;
        if (encoder != NULL) {
            encoder->ops->destroy(encoder);
        }
        pf_free(stage->slots[stripe].saved);
    }
    pf_free(stage->slots);
    pf_free(stage->jobs);
    stage->slots = NULL;
    stage->jobs = NULL;
    stage->plan.stripe_count = 0;
}

/** Has everything grabbed and sent; the encoders stay. */
static void restart_stripes(pf_frame_stage *stage) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_state_init(&stage->slots[stripe].state, &stage->policy);
    }
    stage->all_damaged = true;
}

static pf_status cut_frame(pf_frame_stage *stage, const pf_layout_plan *plan, pf_error *error) {
    free_slots(stage);
    stage->slots = pf_alloc(plan->stripe_count, sizeof *stage->slots);
    stage->jobs = pf_alloc(plan->stripe_count, sizeof *stage->jobs);
    if (stage->slots == NULL || stage->jobs == NULL) {
        pf_free(stage->slots);
        pf_free(stage->jobs);
        stage->slots = NULL;
        stage->jobs = NULL;
        return pf_error_no_memory(error, "the stripes");
    }
    stage->plan = *plan;
    restart_stripes(stage);
    return PF_STATUS_OK;
}

static bool same_format(const pf_encoder_format *a, const pf_encoder_format *b) {
    return a->output_mode == b->output_mode && a->width_px == b->width_px &&
           a->full_color == b->full_color && a->thread_count == b->thread_count;
}

static void adopt_policy(pf_frame_stage *stage) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_state_adopt(&stage->slots[stripe].state, &stage->policy);
    }
}

pf_status pf_frame_stage_configure(pf_frame_stage *stage, const pf_settings *settings, bool restart,
                                   pf_error *error) {
    pf_image frame = stage->source->frame;
    pf_layout_plan plan =
        pf_layout_make(frame.height_px, layout_kind(settings), settings->stripe_height);
    pf_encoder_format format = format_of(settings, frame);
    bool same = stage->slots != NULL && same_format(&format, &stage->format) &&
                plan.height_px == stage->plan.height_px &&
                plan.stripe_height_px == stage->plan.stripe_height_px;
    stage->policy = policy_of(settings);
    stage->header = settings->stripe_header;
    stage->watermark_location = settings->watermark_location;
    stage->capture_cursor = settings->capture_cursor;
    stage->overlays_changed = true;
    if (same && restart) {
        restart_stripes(stage);
        return PF_STATUS_OK;
    }
    if (same) {
        adopt_policy(stage);
        return PF_STATUS_OK;
    }
    stage->format = format;
    return cut_frame(stage, &plan, error);
}

pf_status pf_frame_stage_init(pf_frame_stage *stage, const pf_settings *settings, pf_error *error) {
    pthread_mutex_init(&stage->failure_lock, NULL);
    stage->buffers = pf_buffer_pool_create(IDLE_BYTES_MAX);
    if (stage->buffers == NULL) {
        return pf_error_no_memory(error, "the stripe buffers");
    }
    return pf_frame_stage_configure(stage, settings, true, error);
}

void pf_frame_stage_deinit(pf_frame_stage *stage) {
    free_slots(stage);
    if (stage->buffers != NULL) {
        pf_buffer_pool_release(stage->buffers);
        stage->buffers = NULL;
    }
    pthread_mutex_destroy(&stage->failure_lock);
}

/** Numbers the stripe's job; pf_pool_publish hands it out. */
static void publish_stripe(pf_frame_stage *stage, uint32_t stripe, uint64_t now_ns) {
    stage->slots[stripe].grabbed_ns = now_ns;
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
            publish_stripe(stage, stripe, request->now_ns);
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

/** Asks the source for its damage and tells the stripes. Whether any stripe has
 * something to do is told by *any. */
static pf_status find_damage(pf_frame_stage *stage, const pf_frame_request *request, bool *any,
                             pf_error *error) {
    pf_bands_clear(&stage->grabbed);
    if (request->damaged) {
        pf_status status = stage->source->ops->damage(stage->source, &stage->grabbed, error);
        if (status != PF_STATUS_OK) {
            return status;
        }
    }
    if (stage->all_damaged) {
        pf_bands_add_rows(&stage->grabbed, 0, stage->plan.height_px);
        stage->all_damaged = false;
    }
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
        stage->slots[stripe].input = (pf_stripe_input){
            .now_ns = request->now_ns,
            .damaged = pf_bands_any(&stage->grabbed, bands),
            .keyframe = request->keyframe,
        };
    }
    pf_status status = pf_overlays_update(stage, error);
    *any = request->keyframe || request->now_ns >= pf_frame_refresh_due_ns(stage);
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        *any = *any || stage->slots[stripe].input.damaged;
    }
    return status;
}

static void choose_grabs(pf_frame_stage *stage, const pf_frame_request *request) {
    add_recheck(stage, request);
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_slot *slot = &stage->slots[stripe];
        pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
        slot->awaits_grab = pf_bands_any(&stage->grabbed, bands);
        slot->input.checked = slot->awaits_grab && !slot->input.damaged;
    }
}

static pf_status grab_and_encode(pf_frame_stage *stage, const pf_frame_request *request,
                                 pf_error *error) {
    uint64_t begin_ns = pf_clock_now_ns();
    stage->job_count = 0;
    pf_pool_begin(&stage->batch, pf_stripe_job_run, stage);
    publish_ungrabbed(stage, request);
    pf_status status =
        stage->source->ops->grab(stage->source, &stage->grabbed, on_bands, stage, error);
    pf_count(&stage->counters.grab_ns, pf_clock_now_ns() - begin_ns);
    pf_pool_finish(&stage->batch);
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

bool pf_frame_is_wanted(const pf_frame_stage *stage) {
    bool animated = stage->watermark != NULL && stage->watermark_location == PF_WATERMARK_ANIMATED;
    return stage->all_damaged || stage->overlays_changed || animated;
}

uint64_t pf_frame_refresh_due_ns(const pf_frame_stage *stage) {
    uint64_t earliest_ns = PF_NEVER_NS;
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        uint64_t due_ns = pf_stripe_refresh_due_ns(&stage->slots[stripe].state, &stage->policy);
        earliest_ns = due_ns < earliest_ns ? due_ns : earliest_ns;
    }
    return earliest_ns;
}
