/* SPDX-License-Identifier: MPL-2.0 */
/** What a frame stage is made of, and how settings change it. */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "capture/frame.h"

/* Buffers kept for reuse: what a frame of noise at high quality takes. */
#define IDLE_BYTES_MAX ((size_t)8 << 20)

#define H264_QUANTIZER_MAX 51u

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
        .rest_keyframe = !jpeg && settings->h264_paint_over == PF_H264_PAINT_OVER_IDR,
        .partial = jpeg && settings->stripe_header == PF_HEADER_EXTENDED,
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

static void destroy_encoder(pf_encoder *encoder) {
    if (encoder != NULL) {
        encoder->ops->destroy(encoder);
    }
}

static void free_slots(pf_frame_stage *stage) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_slot *slot = &stage->slots[stripe];
        destroy_encoder(slot->encoder);
        pf_tiles_destroy(&slot->tiles);
        pf_free(slot->constant);
        pf_free(slot->saved);
    }
    while (stage->idle_encoders != NULL) {
        pf_encoder *encoder = stage->idle_encoders;
        stage->idle_encoders = encoder->next;
        destroy_encoder(encoder);
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
        pf_stripe_slot *slot = &stage->slots[stripe];
        pf_stripe_state_init(&slot->state, &stage->policy);
        pf_tiles_mark_all(&slot->tiles, PF_TILE_CHANGED);
        slot->noted = false;
    }
    stage->all_damaged = true;
    stage->damage_kept = false;
}

static bool init_slot(pf_frame_stage *stage, uint32_t stripe) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    uint32_t width = stage->format.width_px, rows = pf_layout_stripe_rows(&stage->plan, stripe);
    if (stage->format.output_mode == PF_OUTPUT_H264) {
        slot->constant = pf_alloc(pf_band_count(width), pf_band_count(rows));
        if (slot->constant == NULL) {
            return false;
        }
    }
    return pf_tiles_create(&slot->tiles, width, rows);
}

static bool alloc_slots(pf_frame_stage *stage, const pf_layout_plan *plan) {
    stage->slots = pf_alloc(plan->stripe_count, sizeof *stage->slots);
    stage->jobs = pf_alloc(plan->stripe_count, sizeof *stage->jobs);
    if (stage->slots == NULL || stage->jobs == NULL) {
        return false;
    }
    stage->plan = *plan;
    for (uint32_t stripe = 0; stripe < plan->stripe_count; stripe++) {
        if (!init_slot(stage, stripe)) {
            return false;
        }
    }
    return true;
}

static pf_status cut_frame(pf_frame_stage *stage, const pf_layout_plan *plan, pf_error *error) {
    free_slots(stage);
    if (!alloc_slots(stage, plan)) {
        free_slots(stage);
        return pf_error_no_memory(error, "the stripes");
    }
    restart_stripes(stage);
    return PF_STATUS_OK;
}

static bool same_format(const pf_encoder_format *a, const pf_encoder_format *b) {
    return a->output_mode == b->output_mode && a->width_px == b->width_px &&
           a->full_color == b->full_color && a->thread_count == b->thread_count;
}

static void adopt_policy(pf_frame_stage *stage) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_slot *slot = &stage->slots[stripe];
        pf_stripe_state_adopt(&slot->state, &stage->policy);
        if (!slot->state.rested) {
            pf_tiles_mark_all(&slot->tiles, PF_TILE_UNREFINED);
        }
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
    stage->blend_cursor = settings->capture_cursor == PF_CURSOR_BLEND;
    stage->jpeg_full_color = settings->jpeg_full_color;
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
    memset(stage->overlays, 0, sizeof stage->overlays);
    memset(&stage->failure, 0, sizeof stage->failure);
    pthread_mutex_init(&stage->lock, NULL);
    stage->buffers = pf_buffer_pool_create(IDLE_BYTES_MAX);
    if (stage->buffers == NULL) {
        return pf_error_no_memory(error, "the stripe buffers");
    }
    return pf_frame_stage_configure(stage, settings, true, error);
}

void pf_frame_stage_deinit(pf_frame_stage *stage) {
    free_slots(stage);
    pf_scroll_copy_free(&stage->scroll);
    if (stage->buffers != NULL) {
        pf_buffer_pool_release(stage->buffers);
        stage->buffers = NULL;
    }
    pthread_mutex_destroy(&stage->lock);
}
