/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/tap.h"

#include <string.h>

#include "base/clock.h"
#include "capture/frame.h"
#include "encode/color.h"

void pf_tap_init(pf_tap *tap, pf_outbox *outbox, pf_wake *wake) {
    *tap = (pf_tap){.outbox = outbox, .wake = wake};
    pthread_mutex_init(&tap->lock, NULL);
}

static pf_tap_entry pop(pf_tap *tap) {
    pf_tap_entry entry = tap->entries[tap->first];
    tap->first = (tap->first + 1) % PF_TAP_ENTRY_COUNT_MAX;
    tap->count--;
    tap->queued_bytes -= entry.words.size_bytes;
    return entry;
}

/** Under the lock. */
static void discard_all(pf_tap *tap) {
    while (tap->count > 0) {
        pf_buffer_release(pop(tap).buffer);
    }
}

void pf_tap_deinit(pf_tap *tap) {
    discard_all(tap);
    pthread_mutex_destroy(&tap->lock);
}

void pf_tap_set(pf_tap *tap, uint32_t bytes_max) {
    pthread_mutex_lock(&tap->lock);
    discard_all(tap);
    tap->bytes_max = bytes_max;
    tap->want = (pf_tap_want){.complete = true, .order = tap->want.order + 1};
    tap->merged_count = 0;
    pthread_mutex_unlock(&tap->lock);
}

bool pf_tap_drain(pf_tap *tap, pf_tap_frame *frame) {
    pf_outbox_note_changes_read(tap->outbox);
    pthread_mutex_lock(&tap->lock);
    bool any = tap->count > 0;
    bool behind = tap->merged_count > 0;
    if (any) {
        pf_tap_entry entry = pop(tap);
        pf_buffer_lend(entry.buffer);
        *frame = entry.words;
    }
    pthread_mutex_unlock(&tap->lock);
    if (behind) {
        pf_wake_kick(tap->wake);
    }
    return any;
}

void pf_tap_close(pf_tap *tap) {
    pthread_mutex_lock(&tap->lock);
    tap->closed = true;
    discard_all(tap);
    pthread_mutex_unlock(&tap->lock);
}

/** Copies a rectangle of the frame as RGBA; returns where the next one goes. */
static uint8_t *copy_rect(pf_image frame, pf_rect rect, uint8_t *to) {
    pf_image from = pf_image_part(frame, rect);
    size_t row_bytes = (size_t)rect.width * PF_BYTES_PER_PIXEL;
    for (uint32_t y = 0; y < rect.height; y++) {
        memcpy(to + y * row_bytes, from.pixels + (size_t)y * from.stride_bytes, row_bytes);
    }
    pf_bgrx_to_rgba(to, (size_t)rect.width * rect.height);
    return to + row_bytes * rect.height;
}

static size_t count_pixels(const pf_change_map_reading *changes) {
    size_t pixel_count = 0;
    for (uint32_t index = 0; index < changes->rect_count; index++) {
        pixel_count += (size_t)changes->rects[index].width * changes->rects[index].height;
    }
    return pixel_count;
}

static size_t size_of(const pf_change_map_reading *changes) {
    return changes->rect_count * sizeof(pf_rectangle) + count_pixels(changes) * PF_BYTES_PER_PIXEL;
}

/** NULL without memory. */
static pf_buffer *copy(pf_frame_stage *stage, const pf_change_map_reading *changes,
                       size_t size_bytes) {
    pf_buffer *buffer = pf_buffer_acquire(stage->buffers, size_bytes);
    if (buffer == NULL) {
        return NULL;
    }
    uint8_t *pixels = buffer->bytes + changes->rect_count * sizeof(pf_rectangle);
    for (uint32_t index = 0; index < changes->rect_count; index++) {
        const pf_rect *rect = &changes->rects[index];
        pf_rectangle words = {rect->x, rect->y, rect->width, rect->height};
        memcpy(buffer->bytes + index * sizeof words, &words, sizeof words);
        pixels = copy_rect(stage->source->frame, *rect, pixels);
    }
    return buffer;
}

/** What the reader does not have yet. The capture thread alone writes to the map. */
static void find_changes(const pf_frame_stage *stage, const pf_tap_want *want,
                         pf_change_map_reading *changes) {
    pf_rect all = {0, 0, stage->source->frame.width_px, stage->source->frame.height_px};
    if (want->complete) {
        *changes = (pf_change_map_reading){
            .changed_us = pf_clock_now_ns() / PF_NS_PER_US, .rect_count = 1, .rects = {all}};
        return;
    }
    pf_change_map_query query = {.region = all, .since_us = want->copied_us};
    pf_change_map_read(&stage->changes->map, &query, changes);
    /* Where they are many they cover each other. */
    if (count_pixels(changes) > (size_t)all.width * all.height) {
        changes->rect_count = 1;
        changes->rects[0] = all;
    }
}

/** Under the lock. */
static void append(pf_frame_stage *stage, pf_buffer *buffer, size_t size_bytes,
                   const pf_change_map_reading *changes) {
    pf_tap *tap = stage->tap;
    pf_tap_entry *entry = &tap->entries[(tap->first + tap->count) % PF_TAP_ENTRY_COUNT_MAX];
    *entry = (pf_tap_entry){buffer,
                            {.bytes = (uint64_t)(uintptr_t)buffer->bytes,
                             .context = (uint64_t)(uintptr_t)buffer,
                             .timestamp_us = changes->changed_us,
                             .size_bytes = (uint32_t)size_bytes,
                             .frame_id = stage->frame_id,
                             .width = stage->source->frame.width_px,
                             .height = stage->source->frame.height_px,
                             .rectangle_count = changes->rect_count,
                             .merged_count = tap->merged_count}};
    tap->count++;
    tap->queued_bytes += size_bytes;
    tap->merged_count = 0;
    tap->want.complete = false;
    tap->want.copied_us = stage->changes->map.changed_us;
}

/** Whether a frame of this size may be appended. Under the lock. */
static bool has_room(const pf_tap *tap, size_t size_bytes) {
    return tap->count == 0 || (tap->count < PF_TAP_ENTRY_COUNT_MAX &&
                               tap->queued_bytes + size_bytes <= tap->bytes_max);
}

/** Takes over what is wanted; false where nothing is. */
static bool look_up(pf_tap *tap, pf_tap_want *want) {
    pthread_mutex_lock(&tap->lock);
    bool wanted = tap->bytes_max > 0 && !tap->closed;
    *want = tap->want;
    pthread_mutex_unlock(&tap->lock);
    return wanted;
}

/** The reader's side is never kept waiting for a copy: it takes from the list, so that
 * room stays room. */
static void take(pf_frame_stage *stage, bool again) {
    pf_tap *tap = stage->tap;
    pf_tap_want want;
    pf_change_map_reading changes;
    if (!look_up(tap, &want)) {
        return;
    }
    find_changes(stage, &want, &changes);
    if (changes.rect_count == 0) {
        return;
    }
    size_t size_bytes = size_of(&changes);
    pthread_mutex_lock(&tap->lock);
    bool room = has_room(tap, size_bytes);
    pthread_mutex_unlock(&tap->lock);
    pf_buffer *buffer = room ? copy(stage, &changes, size_bytes) : NULL;
    pthread_mutex_lock(&tap->lock);
    bool same = tap->want.order == want.order && !tap->closed;
    if (buffer != NULL && same) {
        append(stage, buffer, size_bytes, &changes);
    } else if (same) {
        tap->merged_count += !again;
    }
    pthread_mutex_unlock(&tap->lock);
    if (buffer != NULL && same) {
        pf_outbox_tell_changes(tap->outbox);
    } else if (buffer != NULL) {
        pf_buffer_release(buffer);
    }
}

void pf_tap_take(pf_frame_stage *stage) {
    take(stage, false);
}

void pf_tap_catch_up(pf_frame_stage *stage) {
    pf_tap *tap = stage->tap;
    pthread_mutex_lock(&tap->lock);
    bool behind = tap->merged_count > 0 && has_room(tap, 0);
    pthread_mutex_unlock(&tap->lock);
    if (behind && !stage->all_damaged) {
        take(stage, true);
    }
}
