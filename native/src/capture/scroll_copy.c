/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/scroll_copy.h"

#include <string.h>

#include "base/memory.h"
#include "capture/frame.h"
#include "encode/wire_header.h"

/* Smaller areas are cheaper sent than looked at. */
#define AREA_ROWS_MIN 64u
#define AREA_COLUMNS_MIN PF_SCROLL_STRIP_PX

/* Motion that is no scrolling is looked at once a second or so. */
#define PAUSE_FRAMES_MAX 63u

static pf_band_range longest_run(const pf_bands *bands, uint32_t count) {
    pf_band_range longest = {0, 0};
    pf_band_range run = pf_bands_next_run(bands, 0, count);
    for (; run.first < run.end; run = pf_bands_next_run(bands, run.end, count)) {
        longest = run.end - run.first > longest.end - longest.first ? run : longest;
    }
    return longest;
}

/** The damaged rectangle that is most worth a look; of height 0 for none. */
static pf_rect choose_area(const pf_frame_stage *stage) {
    const pf_damage *damage = &stage->damage;
    pf_band_range run = longest_run(&damage->bands, pf_band_count(stage->plan.height_px));
    uint32_t left = stage->format.width_px, right = 0;
    for (uint32_t band = run.first; band < run.end; band++) {
        left = damage->left_px[band] < left ? damage->left_px[band] : left;
        right = damage->right_px[band] > right ? damage->right_px[band] : right;
    }
    uint32_t y = run.first * PF_BAND_ROWS, end = run.end * PF_BAND_ROWS;
    end = end < stage->plan.height_px ? end : stage->plan.height_px;
    bool worth = end - y >= AREA_ROWS_MIN && right >= left + AREA_COLUMNS_MIN;
    return worth ? (pf_rect){left, y, right - left, end - y} : (pf_rect){0};
}

static bool reserve(pf_scroll_copy *scroll, size_t size_bytes) {
    if (scroll->before_bytes < size_bytes) {
        pf_free(scroll->before);
        scroll->before = pf_alloc_bytes(size_bytes);
        scroll->before_bytes = scroll->before == NULL ? 0 : size_bytes;
    }
    return scroll->before_bytes >= size_bytes;
}

/** The pixels of a part of `kept`, in px of the frame, before the grab. */
static pf_image before_image(const pf_scroll_copy *scroll, pf_rect part) {
    const pf_rect *kept = &scroll->kept;
    pf_image all = {scroll->before, kept->width * PF_BYTES_PER_PIXEL, kept->width, kept->height};
    part.x -= kept->x;
    part.y -= kept->y;
    return pf_image_part(all, part);
}

/** Widened to whole tiles; its rows are whole bands already. */
static pf_rect widen(const pf_frame_stage *stage, pf_rect area) {
    uint32_t x = area.x / PF_TILE_WIDTH_PX * PF_TILE_WIDTH_PX;
    uint32_t end = (area.x + area.width + PF_TILE_WIDTH_PX - 1) / PF_TILE_WIDTH_PX;
    end = end * PF_TILE_WIDTH_PX;
    end = end < stage->format.width_px ? end : stage->format.width_px;
    return (pf_rect){x, area.y, end - x, area.height};
}

static void keep_pixels(pf_frame_stage *stage) {
    const pf_rect *kept = &stage->scroll.kept;
    pf_image from = pf_image_part(stage->source->frame, *kept);
    size_t row_bytes = (size_t)kept->width * PF_BYTES_PER_PIXEL;
    for (uint32_t y = 0; y < kept->height; y++) {
        memcpy(stage->scroll.before + y * row_bytes, from.pixels + (size_t)y * from.stride_bytes,
               row_bytes);
    }
}

static bool every_stripe_was_sent(const pf_frame_stage *stage) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        if (!stage->slots[stripe].state.sent) {
            return false;
        }
    }
    return true;
}

void pf_scroll_copy_begin(pf_frame_stage *stage, const pf_frame_request *request) {
    pf_scroll_copy *scroll = &stage->scroll;
    scroll->area = (pf_rect){0};
    scroll->found = (pf_scroll){0};
    /* What has been grabbed already is not what the reader has. */
    if (!stage->policy.partial || request->keyframe || stage->damage_kept ||
        !every_stripe_was_sent(stage)) {
        return;
    }
    pf_rect area = choose_area(stage);
    if (area.height == 0 || scroll->pause_frames > 0) {
        scroll->pause_frames -= area.height > 0;
        return;
    }
    scroll->kept = widen(stage, area);
    if (reserve(scroll, (size_t)scroll->kept.width * area.height * PF_BYTES_PER_PIXEL)) {
        scroll->area = area;
        keep_pixels(stage);
    }
}

bool pf_scroll_copy_searches(const pf_frame_stage *stage) {
    return stage->scroll.area.height > 0;
}

static pf_status send(pf_frame_stage *stage, const pf_timeline *timeline, pf_error *error) {
    const pf_scroll *found = &stage->scroll.found;
    uint32_t header_bytes = pf_wire_header_bytes(stage->header, PF_STRIPE_COPY);
    pf_buffer *buffer = pf_buffer_acquire(stage->buffers, header_bytes + PF_WIRE_COPY_BYTES);
    if (buffer == NULL) {
        return pf_error_no_memory(error, "a copy");
    }
    buffer->stripe = (pf_stripe){.bytes = (uint64_t)(uintptr_t)buffer->bytes,
                                 .context = (uint64_t)(uintptr_t)buffer,
                                 .timestamp_us = timeline->last_ns / PF_NS_PER_US,
                                 .size_bytes = header_bytes + PF_WIRE_COPY_BYTES,
                                 .header_bytes = header_bytes,
                                 .frame_id = stage->frame_id,
                                 .type = PF_STRIPE_COPY,
                                 .x = found->to.x,
                                 .y = found->to.y,
                                 .width = found->to.width,
                                 .height = found->to.height,
                                 .source_x = found->to.x,
                                 .source_y = found->from_y};
    pf_wire_header_write(buffer->bytes, stage->header, &buffer->stripe, false);
    pf_wire_copy_write(buffer->bytes + header_bytes, &buffer->stripe);
    buffer->timeline = *timeline;
    pf_timeline_mark(&buffer->timeline, PF_STAGE_HASH, pf_clock_now_ns());
    pf_outbox_push(stage->outbox, buffer);
    return PF_STATUS_OK;
}

/** The part of a rectangle of the frame that lies in a stripe, in px of that. */
static pf_rect part_in_stripe(const pf_frame_stage *stage, uint32_t stripe, pf_rect rect) {
    uint32_t top = pf_layout_stripe_y(&stage->plan, stripe);
    uint32_t bottom = top + pf_layout_stripe_rows(&stage->plan, stripe);
    uint32_t y = rect.y > top ? rect.y : top;
    uint32_t end = rect.y + rect.height < bottom ? rect.y + rect.height : bottom;
    return (pf_rect){rect.x, y - top, rect.width, end > y ? end - y : 0};
}

static void note_copy(pf_frame_stage *stage, uint64_t now_ns) {
    for (uint32_t stripe = 0; stripe < stage->plan.stripe_count; stripe++) {
        pf_stripe_slot *slot = &stage->slots[stripe];
        pf_rect part = part_in_stripe(stage, stripe, stage->scroll.found.to);
        if (part.height > 0) {
            pf_tiles_mark(&slot->tiles, part, PF_TILE_UNREFINED);
            pf_stripe_note_copy(&slot->state, &stage->policy, now_ns);
        }
    }
}

static void count_miss(pf_scroll_copy *scroll) {
    scroll->miss_count++;
    uint32_t pause = scroll->miss_count < 6 ? (1u << scroll->miss_count) - 1 : PAUSE_FRAMES_MAX;
    scroll->pause_frames = pause;
}

/** Writes to scroll->last what has moved, if anything has. */
static bool search(pf_frame_stage *stage) {
    pf_scroll_copy *scroll = &stage->scroll;
    pf_image before = before_image(scroll, scroll->area);
    pf_image after = pf_image_part(stage->source->frame, scroll->area);
    bool same_area = memcmp(&scroll->last_area, &scroll->area, sizeof scroll->area) == 0;
    if (same_area && pf_scroll_again(before, after, &scroll->last)) {
        return true;
    }
    bool found = pf_scroll_find(before, after, &scroll->memory, &scroll->last);
    scroll->last_area = found ? scroll->area : (pf_rect){0};
    return found;
}

pf_status pf_scroll_copy_find(pf_frame_stage *stage, const pf_frame_request *request,
                              pf_error *error) {
    pf_scroll_copy *scroll = &stage->scroll;
    pf_timeline timeline = pf_timeline_begin(request->reason_ns);
    pf_timeline_mark(&timeline, PF_STAGE_WAIT, request->now_ns);
    pf_timeline_mark(&timeline, PF_STAGE_GRAB, pf_clock_now_ns());
    if (!search(stage)) {
        count_miss(scroll);
        return PF_STATUS_OK;
    }
    scroll->miss_count = 0;
    scroll->found = scroll->last;
    scroll->found.to.x += scroll->area.x;
    scroll->found.to.y += scroll->area.y;
    scroll->found.from_y += scroll->area.y;
    note_copy(stage, request->now_ns);
    return send(stage, &timeline, error);
}

/** Marks the stripe's tiles under the rows of a sprite that lie in `rows`. */
static bool mark_sprite(pf_frame_stage *stage, uint32_t stripe, const pf_sprite *sprite,
                        pf_rect rows) {
    pf_rect part = pf_overlay_part(sprite, stage->format.width_px, rows.y, rows.height);
    pf_rect in_stripe = part_in_stripe(stage, stripe, part);
    if (part.height == 0 || in_stripe.height == 0) {
        return false;
    }
    pf_tiles_mark(&stage->slots[stripe].tiles, in_stripe, PF_TILE_CHANGED);
    return true;
}

/** The reader's picture is wrong where the copy has moved a sprite along, where it
 * was drawn over one, and, as ever, where one came or went. */
static bool mark_overlay(pf_frame_stage *stage, uint32_t stripe, int index) {
    const pf_scroll *found = &stage->scroll.found;
    const pf_sprite *now = &stage->overlays[index];
    pf_sprite before = stage->overlays_before[index], moved = before;
    pf_rect frame = {0, 0, stage->format.width_px, stage->plan.height_px};
    bool same = pf_overlay_same(&before, now);
    moved.y = (int32_t)(moved.y + (int64_t)found->to.y - found->from_y);
    bool marked = mark_sprite(stage, stripe, &moved, found->to);
    marked |= mark_sprite(stage, stripe, now, same ? found->to : frame);
    marked |= !same && mark_sprite(stage, stripe, &before, frame);
    return marked;
}

/** Whether columns left...right-1 of one row, in px of the frame, are now what
 * they were in row from_y before the grab. */
static bool same_span(const pf_frame_stage *stage, uint32_t left, uint32_t right, uint32_t y,
                      uint32_t from_y) {
    if (right <= left) {
        return true;
    }
    pf_rect now = {left, y, right - left, 1}, before = {left, from_y, right - left, 1};
    return memcmp(before_image(&stage->scroll, before).pixels,
                  pf_image_part(stage->source->frame, now).pixels,
                  (size_t)(right - left) * PF_BYTES_PER_PIXEL) == 0;
}

typedef struct stripe_of_stage {
    const pf_frame_stage *stage;
    uint32_t y;
} stripe_of_stage;

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high) {
    return value < low ? low : value > high ? high : value;
}

/** Whether a row of a tile is what the reader has once it has copied. */
static bool row_is_right(const pf_frame_stage *stage, pf_rect tile, uint32_t y) {
    const pf_scroll *found = &stage->scroll.found;
    const pf_rect *to = &found->to;
    uint32_t end = tile.x + tile.width;
    if (y < to->y || y >= to->y + to->height) {
        return same_span(stage, tile.x, end, y, y);
    }
    uint32_t left = clamp(to->x, tile.x, end), right = clamp(to->x + to->width, tile.x, end);
    return same_span(stage, tile.x, left, y, y) && same_span(stage, right, end, y, y) &&
           same_span(stage, left, right, y, y - to->y + found->from_y);
}

static bool tile_is_right(void *context, pf_rect tile) {
    const stripe_of_stage *stripe = context;
    tile.y += stripe->y;
    for (uint32_t y = tile.y; y < tile.y + tile.height; y++) {
        if (!row_is_right(stripe->stage, tile, y)) {
            return false;
        }
    }
    return true;
}

bool pf_scroll_copy_settle(pf_frame_stage *stage, uint32_t stripe) {
    const pf_scroll *found = &stage->scroll.found;
    pf_rect part = part_in_stripe(stage, stripe, found->to);
    if (part.height == 0) {
        return false;
    }
    stripe_of_stage context = {stage, pf_layout_stripe_y(&stage->plan, stripe)};
    bool marked = pf_tiles_judge(&stage->slots[stripe].tiles, part, tile_is_right, &context);
    for (int index = 0; index < PF_OVERLAY_COUNT; index++) {
        marked |= mark_overlay(stage, stripe, index);
    }
    return marked;
}

void pf_scroll_copy_free(pf_scroll_copy *scroll) {
    pf_free(scroll->before);
    pf_scroll_memory_free(&scroll->memory);
    *scroll = (pf_scroll_copy){0};
}
