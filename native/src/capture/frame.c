/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/frame.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "damage/hash.h"
#include "encode/wire_header.h"

/* Buffers kept for reuse: what a frame of noise at high quality takes. */
#define IDLE_BYTES_MAX ((size_t)8 << 20)

#define H264_QUANTIZER_MAX 51u

static void count(atomic_uint_fast64_t *counter, uint64_t amount) {
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static pf_layout_kind layout_kind(const pf_settings *settings) {
    if (settings->output_mode == PF_OUTPUT_JPEG) {
        return PF_LAYOUT_JPEG;
    }
    return settings->h264_full_frame ? PF_LAYOUT_FULL_FRAME : PF_LAYOUT_H264;
}

/** What x264's CRF would give to motion: on video, a quantiser of CRF + 3 takes
 * the bytes and gives the PSNR of that CRF (docs/benchmarks.md). */
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
    }
    pf_free(stage->slots);
    pf_free(stage->jobs);
    stage->slots = NULL;
    stage->jobs = NULL;
    stage->plan.stripe_count = 0;
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
    for (uint32_t stripe = 0; stripe < plan->stripe_count; stripe++) {
        pf_stripe_state_init(&stage->slots[stripe].state, &stage->policy);
    }
    stage->all_damaged = true;
    return PF_STATUS_OK;
}

static bool same_format(const pf_encoder_format *a, const pf_encoder_format *b) {
    return a->output_mode == b->output_mode && a->width_px == b->width_px &&
           a->full_color == b->full_color && a->thread_count == b->thread_count;
}

pf_status pf_frame_stage_configure(pf_frame_stage *stage, const pf_settings *settings, bool anew,
                                   pf_error *error) {
    pf_image frame = stage->source->frame;
    pf_layout_plan plan =
        pf_layout_make(frame.height_px, layout_kind(settings), settings->stripe_height);
    pf_encoder_format format = format_of(settings, frame);
    bool same = !anew && same_format(&format, &stage->format) &&
                plan.height_px == stage->plan.height_px &&
                plan.stripe_height_px == stage->plan.stripe_height_px;
    stage->policy = policy_of(settings);
    stage->header = settings->stripe_header;
    if (same) {
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

static void note_failure(pf_frame_stage *stage, const pf_error *error) {
    pthread_mutex_lock(&stage->failure_lock);
    if (stage->failure.status == PF_STATUS_OK) {
        stage->failure = *error;
    }
    pthread_mutex_unlock(&stage->failure_lock);
}

static pf_status ready_encoder(pf_frame_stage *stage, pf_stripe_slot *slot, uint32_t rows,
                               pf_error *error) {
    if (slot->encoder != NULL) {
        return PF_STATUS_OK;
    }
    pf_encoder_format format = stage->format;
    format.height_px = rows;
    count(&stage->counters.encoders_opened, format.output_mode == PF_OUTPUT_H264);
    return pf_encoder_create(&format, &slot->encoder, error);
}

/** Describes the picture for the reader and writes its header. */
static void label(pf_frame_stage *stage, uint32_t stripe, pf_encode_result *result) {
    pf_stripe *label = &result->buffer->stripe;
    uint32_t mode = stage->format.output_mode;
    *label = (pf_stripe){.bytes = (uint64_t)(uintptr_t)result->buffer->bytes,
                         .context = (uint64_t)(uintptr_t)result->buffer,
                         .timestamp_us = stage->slots[stripe].grabbed_ns / PF_NS_PER_US,
                         .header_bytes = pf_wire_header_bytes(stage->header, mode),
                         .frame_id = stage->frame_id,
                         .y = pf_layout_stripe_y(&stage->plan, stripe),
                         .width = stage->format.width_px,
                         .height = pf_layout_stripe_rows(&stage->plan, stripe),
                         .output_mode = mode,
                         .keyframe = result->keyframe,
                         .h264_profile = result->h264_profile};
    label->size_bytes = label->header_bytes + result->payload_bytes;
    pf_wire_header_write(result->buffer->bytes, &(pf_wire_fields){.header = stage->header,
                                                                  .output_mode = mode,
                                                                  .frame_id = label->frame_id,
                                                                  .y = label->y,
                                                                  .width = label->width,
                                                                  .height = label->height,
                                                                  .keyframe = result->keyframe,
                                                                  .intra = result->intra});
}

static pf_status encode_stripe(pf_frame_stage *stage, uint32_t stripe, pf_image image,
                               const pf_stripe_decision *decision, pf_error *error) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    pf_status status = ready_encoder(stage, slot, image.height_px, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_encode_request request = {
        .image = image,
        .quality = decision->quality,
        .keyframe = decision->keyframe,
        .header_bytes = pf_wire_header_bytes(stage->header, stage->format.output_mode)};
    pf_encode_result result;
    status = slot->encoder->ops->encode(slot->encoder, &request, stage->buffers, &result, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    label(stage, stripe, &result);
    pf_outbox_push(stage->outbox, result.buffer);
    return PF_STATUS_OK;
}

static uint64_t hash_stripe(pf_frame_stage *stage, const pf_stripe_slot *slot, pf_image image) {
    if (!pf_stripe_needs_hash(&slot->state, &stage->policy, &slot->input)) {
        return 0;
    }
    count(&stage->counters.stripes_hashed, 1);
    return pf_hash_image(image);
}

/** A job: one stripe, on any thread of the pool. */
static void run_stripe(void *context, uint32_t index) {
    pf_frame_stage *stage = context;
    if (pf_wake_stopped(stage->wake)) {
        return;
    }
    uint32_t stripe = stage->jobs[index];
    pf_stripe_slot *slot = &stage->slots[stripe];
    uint64_t begin_ns = pf_clock_now_ns();
    pf_image image = pf_image_rows(stage->source->frame, pf_layout_stripe_y(&stage->plan, stripe),
                                   pf_layout_stripe_rows(&stage->plan, stripe));
    pf_stripe_decision decision = pf_stripe_decide(&slot->state, &stage->policy, &slot->input,
                                                   hash_stripe(stage, slot, image));
    count(&stage->counters.stripes_unchanged, decision.unchanged);
    pf_error error = {0};
    if (decision.send && encode_stripe(stage, stripe, image, &decision, &error) != PF_STATUS_OK) {
        note_failure(stage, &error);
    }
    count(&stage->counters.encode_ns, pf_clock_now_ns() - begin_ns);
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
        if (!pf_bands_any(&stage->damage, rest)) {
            publish_stripe(stage, stripe, now_ns);
        }
    }
    count(&stage->counters.rows_grabbed, (arrived.end - arrived.first) * PF_BAND_ROWS);
    pf_pool_publish(&stage->batch, stage->job_count - before);
}

/** Stripes that have to go out though their pixels are as they were. */
static void publish_undamaged(pf_frame_stage *stage, const pf_frame_request *request) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        const pf_stripe_slot *slot = &stage->slots[stripe];
        bool due = request->now_ns >= pf_stripe_refresh_due_ns(&slot->state, &stage->policy);
        if (!slot->input.damaged && (request->keyframe || due)) {
            publish_stripe(stage, stripe, request->now_ns);
        }
    }
    pf_pool_publish(&stage->batch, stage->job_count);
}

static pf_status find_damage(pf_frame_stage *stage, const pf_frame_request *request,
                             pf_error *error) {
    pf_bands_clear(&stage->damage);
    if (request->damaged) {
        pf_status status = stage->source->ops->damage(stage->source, &stage->damage, error);
        if (status != PF_STATUS_OK) {
            return status;
        }
    }
    if (stage->all_damaged) {
        pf_bands_add_rows(&stage->damage, 0, stage->plan.height_px);
        stage->all_damaged = false;
    }
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
        stage->slots[stripe].input = (pf_stripe_input){
            .now_ns = request->now_ns,
            .damaged = pf_bands_any(&stage->damage, bands),
            .keyframe = request->keyframe,
        };
    }
    return PF_STATUS_OK;
}

static pf_status grab_and_encode(pf_frame_stage *stage, const pf_frame_request *request,
                                 pf_error *error) {
    uint64_t begin_ns = pf_clock_now_ns();
    stage->job_count = 0;
    pf_pool_begin(&stage->batch, run_stripe, stage);
    publish_undamaged(stage, request);
    pf_status status =
        stage->source->ops->grab(stage->source, &stage->damage, on_bands, stage, error);
    count(&stage->counters.grab_ns, pf_clock_now_ns() - begin_ns);
    pf_pool_finish(&stage->batch);
    if (stage->job_count > 0) {
        count(&stage->counters.frames, 1);
        stage->frame_id++;
    }
    if (status == PF_STATUS_OK && stage->failure.status != PF_STATUS_OK) {
        *error = stage->failure;
        return error->status;
    }
    return status;
}

pf_status pf_frame_take(pf_frame_stage *stage, const pf_frame_request *request, pf_error *error) {
    pf_status status = find_damage(stage, request, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    return grab_and_encode(stage, request, error);
}

uint64_t pf_frame_refresh_due_ns(const pf_frame_stage *stage) {
    uint64_t earliest_ns = PF_NEVER_NS;
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        uint64_t due_ns = pf_stripe_refresh_due_ns(&stage->slots[stripe].state, &stage->policy);
        earliest_ns = due_ns < earliest_ns ? due_ns : earliest_ns;
    }
    return earliest_ns;
}
