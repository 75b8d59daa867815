/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/screenshots.h"

#include <string.h>

#include "base/clock.h"
#include "capture/jpeg_picture.h"
#include "encode/color.h"
#include "encode/png.h"

void pf_screenshots_init(pf_screenshots *screenshots, pf_outbox *outbox, const pf_wake *wake) {
    *screenshots = (pf_screenshots){.outbox = outbox, .wake = wake};
    pthread_mutex_init(&screenshots->lock, NULL);
}

/** Takes the first off a list of `count` entries. */
static void shift(void *list, size_t entry_bytes, uint32_t *count) {
    --*count;
    memmove(list, (uint8_t *)list + entry_bytes, *count * entry_bytes);
}

static void release(const pf_screenshot *answer) {
    if (answer->context != 0) {
        pf_buffer_release((pf_buffer *)(uintptr_t)answer->context);
    }
}

/** Under the lock. */
static void discard_answers(pf_screenshots *screenshots) {
    for (uint32_t index = 0; index < screenshots->answer_count; index++) {
        release(&screenshots->answers[index]);
    }
    screenshots->answer_count = 0;
}

void pf_screenshots_deinit(pf_screenshots *screenshots) {
    discard_answers(screenshots);
    pthread_mutex_destroy(&screenshots->lock);
}

pf_status pf_screenshots_request(pf_screenshots *screenshots,
                                 const pf_screenshot_request *request) {
    pthread_mutex_lock(&screenshots->lock);
    pf_status status = PF_STATUS_OK;
    if (screenshots->ended) {
        status = PF_STATUS_ENDED;
    } else if (screenshots->open_count == PF_SCREENSHOT_COUNT_MAX) {
        status = PF_STATUS_BUSY;
    } else {
        screenshots->open_count++;
        screenshots->wanted[screenshots->wanted_count++] = *request;
    }
    pthread_mutex_unlock(&screenshots->lock);
    return status;
}

uint32_t pf_screenshots_drain(pf_screenshots *screenshots, pf_screenshot *answers,
                              uint32_t capacity) {
    uint32_t count = 0;
    pthread_mutex_lock(&screenshots->lock);
    for (; count < capacity && screenshots->answer_count > 0; count++) {
        answers[count] = screenshots->answers[0];
        if (answers[count].context != 0) {
            pf_buffer_lend((pf_buffer *)(uintptr_t)answers[count].context);
        }
        shift(screenshots->answers, sizeof *answers, &screenshots->answer_count);
    }
    screenshots->open_count -= count;
    pthread_mutex_unlock(&screenshots->lock);
    return count;
}

void pf_screenshots_close(pf_screenshots *screenshots) {
    pthread_mutex_lock(&screenshots->lock);
    screenshots->ended = true;
    screenshots->closed = true;
    screenshots->wanted_count = 0;
    discard_answers(screenshots);
    pthread_mutex_unlock(&screenshots->lock);
}

static void answer(pf_screenshots *screenshots, const pf_screenshot *words) {
    pthread_mutex_lock(&screenshots->lock);
    bool closed = screenshots->closed;
    if (closed) {
        release(words);
    } else {
        screenshots->answers[screenshots->answer_count++] = *words;
    }
    pthread_mutex_unlock(&screenshots->lock);
    if (!closed) {
        pf_outbox_tell_screenshot(screenshots->outbox);
    }
}

static pf_image image_of(const pf_screenshot_copy *copy) {
    return (pf_image){copy->pixels->bytes, copy->width_px * PF_BYTES_PER_PIXEL, copy->width_px,
                      copy->height_px};
}

/** Makes the bytes of a screenshot out of its pixels, which are spent then. */
static pf_status encode(const pf_screenshots *screenshots, const pf_screenshot_copy *copy,
                        pf_buffer **buffer, uint32_t *size_bytes, pf_error *error) {
    if (copy->request.format == PF_SCREENSHOT_RAW) {
        size_t pixel_count = (size_t)copy->width_px * copy->height_px;
        pf_bgrx_to_rgba(copy->pixels->bytes, pixel_count);
        *buffer = copy->pixels;
        *size_bytes = (uint32_t)(pixel_count * PF_BYTES_PER_PIXEL);
        return PF_STATUS_OK;
    }
    pf_buffer_pool *buffers = copy->pixels->pool;
    pf_status status =
        copy->request.format == PF_SCREENSHOT_JPEG
            ? pf_jpeg_picture_encode(image_of(copy), copy->request.quality, copy->full_color,
                                     buffers, buffer, size_bytes, error)
            : pf_png_encode(image_of(copy), screenshots->wake, buffers, buffer, size_bytes, error);
    pf_buffer_release(copy->pixels);
    return status;
}

static void encode_and_answer(pf_screenshots *screenshots, const pf_screenshot_copy *copy) {
    pf_error error = {0};
    pf_buffer *buffer = NULL;
    pf_screenshot words = {.id = copy->request.id,
                           .timestamp_us = copy->timestamp_us,
                           .width = copy->width_px,
                           .height = copy->height_px};
    words.status = encode(screenshots, copy, &buffer, &words.size_bytes, &error);
    if (words.status == PF_STATUS_OK) {
        words.bytes = (uint64_t)(uintptr_t)buffer->bytes;
        words.context = (uint64_t)(uintptr_t)buffer;
    }
    answer(screenshots, &words);
}

/** A job of the batch: the copy that has waited longest. */
static void run_job(void *context, uint32_t index) {
    (void)index;
    pf_screenshots *screenshots = context;
    pthread_mutex_lock(&screenshots->lock);
    pf_screenshot_copy copy = screenshots->copies[0];
    shift(screenshots->copies, sizeof copy, &screenshots->copy_count);
    bool closed = screenshots->closed;
    pthread_mutex_unlock(&screenshots->lock);
    if (closed) {
        pf_buffer_release(copy.pixels);
    } else {
        encode_and_answer(screenshots, &copy);
    }
}

void pf_screenshots_begin(pf_screenshots *screenshots) {
    pf_pool_begin(&screenshots->batch, run_job, screenshots);
}

void pf_screenshots_end(pf_screenshots *screenshots) {
    pthread_mutex_lock(&screenshots->lock);
    screenshots->ended = true;
    pthread_mutex_unlock(&screenshots->lock);
    pf_pool_finish(&screenshots->batch);
}

uint32_t pf_screenshots_wanted(pf_screenshots *screenshots) {
    pthread_mutex_lock(&screenshots->lock);
    uint32_t count = screenshots->wanted_count;
    pthread_mutex_unlock(&screenshots->lock);
    return count;
}

/** The rectangle that is asked for; false where it does not lie in the frame. */
static bool resolve(const pf_screenshot_request *request, pf_image frame, pf_rect *rect) {
    if (request->x >= frame.width_px || request->y >= frame.height_px) {
        return false;
    }
    uint32_t width_left = frame.width_px - request->x, height_left = frame.height_px - request->y;
    *rect = (pf_rect){request->x, request->y, request->width == 0 ? width_left : request->width,
                      request->height == 0 ? height_left : request->height};
    return rect->width <= width_left && rect->height <= height_left;
}

static void draw(pf_sprite overlay, pf_rect rect, uint8_t *pixels) {
    overlay.x -= (int32_t)rect.x;
    overlay.y -= (int32_t)rect.y;
    pf_rect part = pf_overlay_part(&overlay, rect.width, 0, rect.height);
    if (part.height > 0) {
        pf_overlay_draw(&overlay, part, pixels, rect.width * PF_BYTES_PER_PIXEL, NULL);
    }
}

/** Copies a rectangle of the frame with what is drawn over it; NULL without memory. */
static pf_buffer *copy_pixels(pf_frame_stage *stage, pf_rect rect,
                              const pf_sprite overlays[PF_OVERLAY_COUNT]) {
    size_t row_bytes = (size_t)rect.width * PF_BYTES_PER_PIXEL;
    pf_buffer *pixels = pf_buffer_acquire(stage->buffers, row_bytes * rect.height);
    if (pixels == NULL) {
        return NULL;
    }
    pf_image from = pf_image_part(stage->source->frame, rect);
    for (uint32_t y = 0; y < rect.height; y++) {
        memcpy(pixels->bytes + y * row_bytes, from.pixels + (size_t)y * from.stride_bytes,
               row_bytes);
    }
    for (int index = 0; index < PF_OVERLAY_COUNT; index++) {
        draw(overlays[index], rect, pixels->bytes);
    }
    return pixels;
}

static void refuse(pf_screenshots *screenshots, const pf_screenshot_request *request,
                   pf_image frame, pf_status status) {
    pf_screenshot words = {.id = request->id,
                           .status = status,
                           .timestamp_us = pf_clock_now_ns() / PF_NS_PER_US,
                           .width = frame.width_px,
                           .height = frame.height_px};
    answer(screenshots, &words);
}

/** False where the request has been withdrawn: the capture is being stopped. */
static bool take_request(pf_screenshots *screenshots, pf_screenshot_request *request) {
    pthread_mutex_lock(&screenshots->lock);
    bool any = screenshots->wanted_count > 0;
    if (any) {
        *request = screenshots->wanted[0];
        shift(screenshots->wanted, sizeof *request, &screenshots->wanted_count);
    }
    pthread_mutex_unlock(&screenshots->lock);
    return any;
}

static void hand_over(pf_screenshots *screenshots, const pf_screenshot_copy *copy) {
    pthread_mutex_lock(&screenshots->lock);
    screenshots->copies[screenshots->copy_count++] = *copy;
    pthread_mutex_unlock(&screenshots->lock);
    pf_pool_hand_over(&screenshots->batch, 1);
}

pf_status pf_screenshots_take(pf_screenshots *screenshots, pf_frame_stage *stage, uint32_t count,
                              pf_error *error) {
    pf_sprite overlays[PF_OVERLAY_COUNT];
    pf_status status = pf_overlays_look(stage, overlays, error);
    pf_screenshot_copy copy = {.full_color = stage->jpeg_full_color,
                               .timestamp_us = pf_clock_now_ns() / PF_NS_PER_US};
    pf_image frame = stage->source->frame;
    for (; status == PF_STATUS_OK && count > 0 && take_request(screenshots, &copy.request);
         count--) {
        pf_rect rect;
        if (!resolve(&copy.request, frame, &rect)) {
            refuse(screenshots, &copy.request, frame, PF_STATUS_REGION_OFF_SCREEN);
            continue;
        }
        copy.width_px = rect.width;
        copy.height_px = rect.height;
        copy.pixels = copy_pixels(stage, rect, overlays);
        if (copy.pixels == NULL) {
            refuse(screenshots, &copy.request, frame, PF_STATUS_NO_MEMORY);
        } else {
            hand_over(screenshots, &copy);
        }
    }
    return status;
}
