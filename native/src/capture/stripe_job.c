/* SPDX-License-Identifier: MPL-2.0 */
/** What becomes of one stripe: hash, decision, overlays, encoding, label. Runs on
 * any thread of the pool; the stripe's slot is its own meanwhile. */
#include "base/clock.h"
#include "base/memory.h"
#include "capture/frame.h"
#include "damage/hash.h"
#include "encode/wire_header.h"

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
    pf_count(&stage->counters.encoders_opened, format.output_mode == PF_OUTPUT_H264);
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

static pf_status encode(pf_frame_stage *stage, uint32_t stripe, pf_image image,
                        const pf_stripe_decision *decision, pf_error *error) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    pf_encode_request request = {
        .image = image,
        .quality = decision->quality,
        .keyframe = decision->keyframe,
        .header_bytes = pf_wire_header_bytes(stage->header, stage->format.output_mode)};
    pf_encode_result result;
    pf_status status =
        slot->encoder->ops->encode(slot->encoder, &request, stage->buffers, &result, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    label(stage, stripe, &result);
    pf_outbox_push(stage->outbox, result.buffer);
    return PF_STATUS_OK;
}

/** The parts of the overlays that lie in the stripe; returns their bytes. */
static size_t find_parts(const pf_frame_stage *stage, uint32_t stripe,
                         pf_rect parts[PF_OVERLAY_COUNT]) {
    size_t size_bytes = 0;
    for (int index = 0; index < PF_OVERLAY_COUNT; index++) {
        parts[index] = pf_overlay_part(&stage->overlays[index], stage->format.width_px,
                                       pf_layout_stripe_y(&stage->plan, stripe),
                                       pf_layout_stripe_rows(&stage->plan, stripe));
        size_bytes += (size_t)parts[index].width * parts[index].height * PF_BYTES_PER_PIXEL;
    }
    return size_bytes;
}

static bool ready_saved(pf_stripe_slot *slot, size_t size_bytes) {
    if (size_bytes > slot->saved_bytes) {
        pf_free(slot->saved);
        slot->saved = pf_alloc_bytes(size_bytes);
        slot->saved_bytes = slot->saved == NULL ? 0 : size_bytes;
    }
    return size_bytes <= slot->saved_bytes;
}

/** Draws the parts one over the other, or takes them off again in the opposite
 * order. The frame is the source's, but no grab is under way in these rows. */
static void draw_parts(const pf_frame_stage *stage, const pf_rect parts[PF_OVERLAY_COUNT],
                       uint8_t *saved, bool draw) {
    pf_image frame = stage->source->frame;
    uint8_t *pixels = (uint8_t *)(uintptr_t)frame.pixels;
    size_t offsets[PF_OVERLAY_COUNT] = {0};
    for (int index = 1; index < PF_OVERLAY_COUNT; index++) {
        offsets[index] = offsets[index - 1] + (size_t)parts[index - 1].width *
                                                  parts[index - 1].height * PF_BYTES_PER_PIXEL;
    }
    for (int turn = 0; turn < PF_OVERLAY_COUNT; turn++) {
        int index = draw ? turn : PF_OVERLAY_COUNT - 1 - turn;
        if (draw) {
            pf_overlay_draw(&stage->overlays[index], parts[index], pixels, frame.stride_bytes,
                            saved + offsets[index]);
        } else {
            pf_overlay_undraw(parts[index], pixels, frame.stride_bytes, saved + offsets[index]);
        }
    }
}

static pf_status encode_with_overlays(pf_frame_stage *stage, uint32_t stripe, pf_image image,
                                      const pf_stripe_decision *decision, pf_error *error) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    pf_status status = ready_encoder(stage, slot, image.height_px, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_rect parts[PF_OVERLAY_COUNT];
    size_t saved_bytes = find_parts(stage, stripe, parts);
    if (saved_bytes == 0) {
        return encode(stage, stripe, image, decision, error);
    }
    if (!ready_saved(slot, saved_bytes)) {
        return pf_error_no_memory(error, "an overlay");
    }
    draw_parts(stage, parts, slot->saved, true);
    status = encode(stage, stripe, image, decision, error);
    draw_parts(stage, parts, slot->saved, false);
    return status;
}

static uint64_t hash_stripe(pf_frame_stage *stage, uint32_t stripe, pf_image image) {
    const pf_stripe_slot *slot = &stage->slots[stripe];
    if (!pf_stripe_needs_hash(&slot->state, &slot->input)) {
        return 0;
    }
    pf_count(&stage->counters.stripes_hashed, 1);
    uint64_t hash = pf_hash_image(image);
    pf_rect parts[PF_OVERLAY_COUNT];
    if (find_parts(stage, stripe, parts) > 0) {
        for (int index = 0; index < PF_OVERLAY_COUNT; index++) {
            hash =
                parts[index].height > 0 ? pf_overlay_mix_hash(&stage->overlays[index], hash) : hash;
        }
    }
    return hash;
}

void pf_stripe_job_run(void *context, uint32_t index) {
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
                                                   hash_stripe(stage, stripe, image));
    pf_count(&stage->counters.stripes_unchanged, decision.unchanged);
    pf_count(&stage->counters.changed_without_damage, decision.untold);
    pf_error error = {0};
    if (decision.send &&
        encode_with_overlays(stage, stripe, image, &decision, &error) != PF_STATUS_OK) {
        note_failure(stage, &error);
    }
    pf_count(&stage->counters.encode_ns, pf_clock_now_ns() - begin_ns);
}
