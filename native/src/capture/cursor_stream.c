/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/cursor_stream.h"

#include <string.h>

#include "base/clock.h"
#include "overlay/overlay.h"

void pf_cursor_stream_init(pf_cursor_stream *stream, pf_outbox *outbox) {
    *stream = (pf_cursor_stream){.outbox = outbox};
    pthread_mutex_init(&stream->lock, NULL);
}

static void drop_image(pf_cursor_stream *stream) {
    if (stream->image != NULL) {
        pf_buffer_release(stream->image);
        stream->image = NULL;
    }
}

void pf_cursor_stream_deinit(pf_cursor_stream *stream) {
    drop_image(stream);
    pthread_mutex_destroy(&stream->lock);
}

void pf_cursor_stream_close(pf_cursor_stream *stream) {
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    drop_image(stream);
    pthread_mutex_unlock(&stream->lock);
}

void pf_cursor_stream_restart(pf_cursor_stream *stream) {
    pthread_mutex_lock(&stream->lock);
    drop_image(stream);
    memset(stream->known, 0, sizeof stream->known);
    /* No image has this id: the next state differs from what was told. */
    stream->state.image_id = 0;
    pthread_mutex_unlock(&stream->lock);
    stream->look = true;
}

/** Under the lock. Whether that is news. */
static bool hide(pf_cursor_stream *stream) {
    bool news = stream->state.visible != 0 && !stream->closed;
    stream->state.visible = 0;
    stream->changed |= news;
    return news;
}

void pf_cursor_stream_configure(pf_cursor_stream *stream, bool on, double fps) {
    pf_pacer_set_rate(&stream->pacer, fps);
    stream->look |= on && !stream->on;
    bool ends = stream->on && !on;
    stream->on = on;
    if (!ends) {
        return;
    }
    pthread_mutex_lock(&stream->lock);
    bool news = hide(stream);
    pthread_mutex_unlock(&stream->lock);
    if (news) {
        pf_outbox_tell_cursor(stream->outbox);
    }
}

static uint32_t straight(uint8_t premultiplied, uint8_t alpha) {
    uint32_t value = (premultiplied * 255u + alpha / 2u) / alpha;
    return value < 255 ? value : 255;
}

/** Premultiplied BGRA (XFixes, 7.2: "ARGB with premultiplied alpha") to RGBA. */
static void straighten(const uint8_t *from, size_t pixel_count, uint8_t *to) {
    for (size_t pixel = 0; pixel < pixel_count; pixel++, from += 4, to += 4) {
        uint8_t alpha = from[3];
        for (int channel = 0; channel < 3; channel++) {
            to[channel] = alpha == 0 ? 0 : (uint8_t)straight(from[2 - channel], alpha);
        }
        to[3] = alpha;
    }
}

/** An image's hot spot lies in it (X11, "CreateCursor"), whatever a server says. */
static uint32_t within(uint32_t hot, uint32_t side) {
    return hot < side ? hot : side - 1;
}

static bool is_seen(const pf_sprite *image, const pf_frame_stage *stage) {
    return image->width_px <= PF_CURSOR_SIDE_PX_MAX && image->height_px <= PF_CURSOR_SIDE_PX_MAX &&
           pf_overlay_part(image, stage->format.width_px, 0, stage->plan.height_px).height > 0;
}

/** Under the lock. The id of an image that the reader has, or will have had; else 0. */
static uint32_t find_image(const pf_cursor_stream *stream, uint64_t serial) {
    if (stream->image != NULL && stream->image_name.serial == serial) {
        return stream->image_name.id;
    }
    for (uint32_t index = 0; index < PF_CURSOR_IMAGE_COUNT_MAX; index++) {
        if (stream->known[index].id != 0 && stream->known[index].serial == serial) {
            return stream->known[index].id;
        }
    }
    return 0;
}

/** Under the lock. Keeps an image for the next drain. One that waits there is not shown
 * any more; it will be new again when it is. */
static pf_status add_image(pf_cursor_stream *stream, const pf_source_cursor *cursor,
                           pf_buffer_pool *buffers, pf_error *error) {
    const pf_sprite *sprite = &cursor->image;
    size_t pixel_count = (size_t)sprite->width_px * sprite->height_px;
    pf_buffer *image = pf_buffer_acquire(buffers, pixel_count * PF_BYTES_PER_PIXEL);
    if (image == NULL) {
        return pf_error_no_memory(error, "the pointer's image");
    }
    straighten(sprite->pixels, pixel_count, image->bytes);
    drop_image(stream);
    stream->image = image;
    stream->last_id = stream->last_id == UINT32_MAX ? 1 : stream->last_id + 1;
    stream->image_name = (pf_cursor_known){.serial = sprite->serial, .id = stream->last_id};
    stream->image_fields = (pf_cursor){
        .bytes = (uint64_t)(uintptr_t)image->bytes,
        .context = (uint64_t)(uintptr_t)image,
        .size_bytes = (uint32_t)(pixel_count * PF_BYTES_PER_PIXEL),
        .width = sprite->width_px,
        .height = sprite->height_px,
        .hot_x = within(cursor->hot_x, sprite->width_px),
        .hot_y = within(cursor->hot_y, sprite->height_px),
    };
    return PF_STATUS_OK;
}

/** Under the lock. Whether it is news is told by *news. */
static pf_status show(pf_cursor_stream *stream, const pf_source_cursor *cursor,
                      pf_buffer_pool *buffers, bool *news, pf_error *error) {
    const pf_sprite *sprite = &cursor->image;
    uint32_t id = find_image(stream, sprite->serial);
    if (id == 0) {
        pf_status status = add_image(stream, cursor, buffers, error);
        if (status != PF_STATUS_OK) {
            return status;
        }
        id = stream->image_name.id;
    }
    pf_cursor next = {.visible = 1,
                      .image_id = id,
                      .x = sprite->x + (int32_t)within(cursor->hot_x, sprite->width_px),
                      .y = sprite->y + (int32_t)within(cursor->hot_y, sprite->height_px)};
    const pf_cursor *state = &stream->state;
    *news = !state->visible || state->image_id != id || state->x != next.x || state->y != next.y;
    stream->changed |= *news;
    stream->state = next;
    return PF_STATUS_OK;
}

static pf_status tell(pf_cursor_stream *stream, const pf_frame_stage *stage,
                      const pf_source_cursor *cursor, pf_error *error) {
    bool news = false;
    pf_status status = PF_STATUS_OK;
    pthread_mutex_lock(&stream->lock);
    if (!is_seen(&cursor->image, stage)) {
        news = hide(stream);
    } else if (!stream->closed) {
        status = show(stream, cursor, stage->buffers, &news, error);
    }
    pthread_mutex_unlock(&stream->lock);
    if (news) {
        pf_outbox_tell_cursor(stream->outbox);
    }
    return status;
}

pf_status pf_cursor_stream_turn(pf_cursor_stream *stream, const pf_frame_stage *stage,
                                pf_source_events *events, uint64_t now_ns, uint64_t *due_ns,
                                pf_error *error) {
    *due_ns = PF_NEVER_NS;
    pf_source *source = stage->source;
    if (!stream->on || source->ops->read_cursor == NULL) {
        stream->look = false;
        return PF_STATUS_OK;
    }
    bool wanted = events->cursor_changed || stream->look;
    events->cursor_changed = false;
    if (!wanted) {
        return PF_STATUS_OK;
    }
    if (now_ns < stream->pacer.next_ns) {
        *due_ns = stream->pacer.next_ns;
        return PF_STATUS_OK;
    }
    pf_source_cursor cursor;
    pf_status status = source->ops->read_cursor(source, &cursor, error);
    stream->look = false;
    *due_ns = now_ns;
    pf_pacer_count_frame(&stream->pacer, now_ns);
    return status == PF_STATUS_OK ? tell(stream, stage, &cursor, error) : status;
}

/** Under the lock. */
static void hand_out_image(pf_cursor_stream *stream, pf_cursor *cursor) {
    const pf_cursor *fields = &stream->image_fields;
    cursor->bytes = fields->bytes;
    cursor->context = fields->context;
    cursor->size_bytes = fields->size_bytes;
    cursor->width = fields->width;
    cursor->height = fields->height;
    cursor->hot_x = fields->hot_x;
    cursor->hot_y = fields->hot_y;
    pf_buffer_lend(stream->image);
    stream->image = NULL;
    stream->known[stream->known_next] = stream->image_name;
    stream->known_next = (stream->known_next + 1) % PF_CURSOR_IMAGE_COUNT_MAX;
}

uint32_t pf_cursor_stream_drain(pf_cursor_stream *stream, pf_cursor *cursor) {
    pf_outbox_take_cursor_news(stream->outbox);
    pthread_mutex_lock(&stream->lock);
    bool any = stream->changed && !stream->closed;
    if (any) {
        stream->changed = false;
        *cursor = stream->state;
        if (!cursor->visible) {
            cursor->image_id = 0;
        } else if (stream->image != NULL && stream->image_name.id == cursor->image_id) {
            hand_out_image(stream, cursor);
        }
    }
    pthread_mutex_unlock(&stream->lock);
    return any ? 1 : 0;
}
