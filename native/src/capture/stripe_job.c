/* SPDX-License-Identifier: MPL-2.0 */
/** What becomes of one stripe: hash, decision, overlays, encoding, label. Runs on
 * any thread of the pool; the stripe's slot is its own meanwhile. */
#include "base/clock.h"
#include "base/memory.h"
#include "capture/frame.h"
#include "damage/hash.h"
#include "encode/wire_header.h"

static void note_failure(pf_frame_stage *stage, const pf_error *error) {
    pthread_mutex_lock(&stage->lock);
    if (stage->failure.status == PF_STATUS_OK) {
        stage->failure = *error;
    }
    pthread_mutex_unlock(&stage->lock);
}

static pf_status create_encoder(pf_frame_stage *stage, uint32_t rows, pf_encoder **encoder,
                                pf_error *error) {
    pf_encoder_format format = stage->format;
    format.height_px = rows;
    pf_count(&stage->counters.encoders_opened, format.output_mode == PF_OUTPUT_H264);
    return pf_encoder_create(&format, encoder, error);
}

/** The encoder for a stripe's picture, to be given back by put_encoder. */
static pf_status take_encoder(pf_frame_stage *stage, pf_stripe_slot *slot, uint32_t rows,
                              pf_encoder **encoder, pf_error *error) {
    if (stage->format.output_mode == PF_OUTPUT_H264) {
        pf_status status = slot->encoder == NULL
                               ? create_encoder(stage, rows, &slot->encoder, error)
                               : PF_STATUS_OK;
        *encoder = slot->encoder;
        return status;
    }
    pthread_mutex_lock(&stage->lock);
    *encoder = stage->idle_encoders;
    if (*encoder != NULL) {
        stage->idle_encoders = (*encoder)->next;
    }
    pthread_mutex_unlock(&stage->lock);
    return *encoder == NULL ? create_encoder(stage, rows, encoder, error) : PF_STATUS_OK;
}

static void put_encoder(pf_frame_stage *stage, pf_encoder *encoder) {
    if (stage->format.output_mode == PF_OUTPUT_JPEG) {
        pthread_mutex_lock(&stage->lock);
        encoder->next = stage->idle_encoders;
        stage->idle_encoders = encoder;
        pthread_mutex_unlock(&stage->lock);
    }
}

static uint32_t stripe_type(const pf_frame_stage *stage) {
    return stage->format.output_mode == PF_OUTPUT_JPEG ? PF_STRIPE_JPEG : PF_STRIPE_H264;
}

/** Describes the picture of an area of the stripe for the reader and writes its
 * header. */
static void label(pf_frame_stage *stage, uint32_t stripe, pf_rect area, pf_encode_result *result) {
    pf_stripe *label = &result->buffer->stripe;
    uint32_t type = stripe_type(stage);
    *label = (pf_stripe){.bytes = (uint64_t)(uintptr_t)result->buffer->bytes,
                         .context = (uint64_t)(uintptr_t)result->buffer,
                         .timestamp_us = stage->slots[stripe].grabbed_ns / PF_NS_PER_US,
                         .header_bytes = pf_wire_header_bytes(stage->header, type),
                         .frame_id = stage->frame_id,
                         .type = type,
                         .x = area.x,
                         .y = pf_layout_stripe_y(&stage->plan, stripe) + area.y,
                         .width = area.width,
                         .height = area.height,
                         .keyframe = result->keyframe,
                         .h264_profile = result->h264_profile};
    label->size_bytes = label->header_bytes + result->payload_bytes;
    pf_wire_header_write(result->buffer->bytes, stage->header, label, result->intra);
}

/** The part of the stripe that its picture shows; of height 0 where a copy has
 * shown it all. */
static pf_rect area_of(const pf_frame_stage *stage, const pf_tiles *tiles,
                       const pf_stripe_decision *decision) {
    if (stage->policy.partial && !decision->keyframe) {
        return pf_tiles_area(tiles, PF_TILE_CHANGED | (decision->refresh ? PF_TILE_UNREFINED : 0));
    }
    return (pf_rect){0, 0, tiles->width_px, tiles->height_px};
}

/** What an H.264 encoder may rely on; NULL: nothing. */
static uint8_t *constant_of(const pf_stripe_slot *slot, const pf_stripe_decision *decision) {
    if (slot->constant == NULL || decision->keyframe) {
        return NULL;
    }
    pf_tiles_write_constant(&slot->tiles, slot->constant);
    return slot->constant;
}

static pf_status encode(pf_frame_stage *stage, uint32_t stripe, pf_encoder *encoder, pf_image image,
                        const pf_stripe_decision *decision, pf_error *error) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    pf_rect area = area_of(stage, &slot->tiles, decision);
    if (area.height == 0) {
        return PF_STATUS_OK;
    }
    pf_encode_request request = {.image = pf_image_part(image, area),
                                 .constant = constant_of(slot, decision),
                                 .quality = decision->quality,
                                 .keyframe = decision->keyframe,
                                 .header_bytes =
                                     pf_wire_header_bytes(stage->header, stripe_type(stage)),
                                 .timeline = &slot->timeline};
    pf_encode_result result;
    pf_status status = encoder->ops->encode(encoder, &request, stage->buffers, &result, error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_tiles_note_picture(&slot->tiles, decision->keyframe || decision->refresh, decision->refined);
    label(stage, stripe, area, &result);
    pf_timeline_mark(&slot->timeline, PF_STAGE_ENCODE, pf_clock_now_ns());
    result.buffer->timeline = slot->timeline;
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

static pf_status encode_with_overlays(pf_frame_stage *stage, uint32_t stripe, pf_encoder *encoder,
                                      pf_image image, const pf_stripe_decision *decision,
                                      pf_error *error) {
    pf_stripe_slot *slot = &stage->slots[stripe];
    pf_rect parts[PF_OVERLAY_COUNT];
    size_t saved_bytes = find_parts(stage, stripe, parts);
    if (saved_bytes == 0) {
        return encode(stage, stripe, encoder, image, decision, error);
    }
    if (!ready_saved(slot, saved_bytes)) {
        return pf_error_no_memory(error, "an overlay");
    }
    draw_parts(stage, parts, slot->saved, true);
    pf_status status = encode(stage, stripe, encoder, image, decision, error);
    draw_parts(stage, parts, slot->saved, false);
    return status;
}

static pf_status send_picture(pf_frame_stage *stage, uint32_t stripe, pf_image image,
                              const pf_stripe_decision *decision, pf_error *error) {
    pf_encoder *encoder;
    pf_status status = take_encoder(stage, &stage->slots[stripe], image.height_px, &encoder, error);
    if (status == PF_STATUS_OK) {
        status = encode_with_overlays(stage, stripe, encoder, image, decision, error);
        put_encoder(stage, encoder);
    }
    return status;
}

/** Busy: what damage tells of is believed. */
static void assume_damage(pf_frame_stage *stage, uint32_t stripe) {
    pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
    for (uint32_t band = bands.first; band < bands.end; band++) {
        if (pf_bands_has(&stage->damage.bands, band)) {
            pf_tiles_assume(&stage->slots[stripe].tiles, band - bands.first,
                            stage->damage.left_px[band], stage->damage.right_px[band]);
        }
    }
}

/** Looks at the bands that were grabbed. Whether of some pixels nobody can say
 * that the reader has them. */
static bool look_at_bands(pf_frame_stage *stage, uint32_t stripe, pf_image image) {
    const pf_stripe_slot *slot = &stage->slots[stripe];
    pf_tiles *tiles = &stage->slots[stripe].tiles;
    pf_band_range bands = pf_layout_stripe_bands(&stage->plan, stripe);
    bool believe = pf_stripe_in_block(&slot->state, slot->input.now_ns);
    bool look_at_all = tiles->any_unseen && !believe;
    bool any_unknown = false;
    for (uint32_t band = bands.first; band < bands.end; band++) {
        bool grabbed = pf_bands_has(&stage->grabbed, band);
        if (believe && pf_bands_has(&stage->damage.bands, band)) {
            any_unknown |=
                pf_tiles_look_beside(tiles, image, band - bands.first, stage->damage.left_px[band],
                                     stage->damage.right_px[band]);
        } else if (grabbed || look_at_all) {
            any_unknown |= pf_tiles_look(tiles, image, band - bands.first, grabbed);
        }
    }
    tiles->any_unseen = tiles->any_unseen && !look_at_all;
    return any_unknown;
}

static void look_at_tiles(pf_frame_stage *stage, uint32_t stripe, pf_image image) {
    pf_stripe_input *input = &stage->slots[stripe].input;
    bool unknown = look_at_bands(stage, stripe, image) && stage->policy.partial;
    /* What nobody knows may have changed, whoever looked. */
    input->damaged |= unknown;
    input->wrong = pf_scroll_copy_settle(stage, stripe) || unknown;
}

static uint64_t hash_stripe(pf_frame_stage *stage, uint32_t stripe, pf_image image) {
    const pf_stripe_slot *slot = &stage->slots[stripe];
    if (!pf_stripe_needs_hash(&slot->state, &stage->policy, &slot->input)) {
        assume_damage(stage, stripe);
        return 0;
    }
    pf_count(&stage->counters.stripes_hashed, 1);
    look_at_tiles(stage, stripe, image);
    uint64_t hash = pf_tiles_digest(&slot->tiles);
    stage->slots[stripe].looked = true;
    stage->slots[stripe].digest = hash;
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
    pf_timeline_mark(&slot->timeline, PF_STAGE_SCHEDULE, pf_clock_now_ns());
    pf_image image = pf_image_rows(stage->source->frame, pf_layout_stripe_y(&stage->plan, stripe),
                                   pf_layout_stripe_rows(&stage->plan, stripe));
    pf_stripe_decision decision = pf_stripe_decide(&slot->state, &stage->policy, &slot->input,
                                                   hash_stripe(stage, stripe, image));
    pf_timeline_mark(&slot->timeline, PF_STAGE_HASH, pf_clock_now_ns());
    pf_count(&stage->counters.stripes_unchanged, decision.unchanged);
    pf_count(&stage->counters.changed_without_damage, decision.untold);
    pf_error error = {0};
    if (decision.send && send_picture(stage, stripe, image, &decision, &error) != PF_STATUS_OK) {
        note_failure(stage, &error);
    }
}
