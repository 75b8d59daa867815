/* SPDX-License-Identifier: MPL-2.0 */
/** The exported functions of frame sources. */
#include <inttypes.h>

#include "abi/last_error.h"
#include "source/frames.h"

static bool is_side(uint32_t side_px) {
    return side_px >= 1 && side_px <= PF_FRAME_SIDE_PX_MAX;
}

static pf_status refuse_size(uint32_t width, uint32_t height) {
    return pf_error_set(pf_last_error(), PF_STATUS_INVALID_ARGUMENT,
                        "width, height: expected 1...%u px each, received %u and %u",
                        PF_FRAME_SIDE_PX_MAX, width, height);
}

int32_t pf_frames_create(uint32_t width, uint32_t height, uint64_t *handle) {
    if (handle == NULL) {
        return pf_refuse("handle: expected a pointer, received NULL");
    }
    bool sized = is_side(width) && is_side(height);
    if (!sized && (width != 0 || height != 0)) {
        return refuse_size(width, height);
    }
    pf_frames *frames = pf_frames_make(width, height);
    if (frames == NULL) {
        return pf_error_no_memory(pf_last_error(), "a frame source");
    }
    if (!pf_frames_publish(frames, handle)) {
        pf_frames_release(frames);
        return pf_error_set(pf_last_error(), PF_STATUS_NO_RESOURCE,
                            "%d frame sources are open already; close one first",
                            PF_FRAMES_COUNT_MAX);
    }
    return PF_STATUS_OK;
}

static pf_status check_pixels(const pf_frames_input *input, uint64_t rgba_bytes) {
    if (!is_side(input->width_px) || !is_side(input->height_px)) {
        return refuse_size(input->width_px, input->height_px);
    }
    uint32_t row_bytes = input->width_px * PF_BYTES_PER_PIXEL;
    if (input->stride_bytes < row_bytes) {
        return pf_error_set(pf_last_error(), PF_STATUS_INVALID_ARGUMENT,
                            "stride_bytes: expected %u or more for %u px, received %u", row_bytes,
                            input->width_px, input->stride_bytes);
    }
    uint64_t needed_bytes = (uint64_t)(input->height_px - 1) * input->stride_bytes + row_bytes;
    if (rgba_bytes < needed_bytes) {
        return pf_error_set(pf_last_error(), PF_STATUS_INVALID_ARGUMENT,
                            "rgba_bytes: expected %" PRIu64 " or more for %ux%u px, received "
                            "%" PRIu64,
                            needed_bytes, input->width_px, input->height_px, rgba_bytes);
    }
    return PF_STATUS_OK;
}

static pf_status check_rect(pf_rect rect, const pf_frames_input *input) {
    uint64_t right = (uint64_t)rect.x + rect.width, bottom = (uint64_t)rect.y + rect.height;
    if (rect.width == 0 || rect.height == 0 || right > input->width_px ||
        bottom > input->height_px) {
        return pf_error_set(pf_last_error(), PF_STATUS_INVALID_ARGUMENT,
                            "damage: %ux%u+%u+%u is no rectangle within %ux%u px", rect.width,
                            rect.height, rect.x, rect.y, input->width_px, input->height_px);
    }
    return PF_STATUS_OK;
}

/** Copies the rectangles, so that what is checked is what is used. */
static pf_status read_damage(const uint32_t *damage, pf_frames_input *input, pf_rect *rects) {
    if (input->damage_count > PF_FRAMES_DAMAGE_COUNT_MAX) {
        return pf_error_set(pf_last_error(), PF_STATUS_INVALID_ARGUMENT,
                            "damage_count: expected %d at most, received %u",
                            PF_FRAMES_DAMAGE_COUNT_MAX, input->damage_count);
    }
    for (uint32_t index = 0; index < input->damage_count; index++, damage += 4) {
        rects[index] = (pf_rect){damage[0], damage[1], damage[2], damage[3]};
        if (check_rect(rects[index], input) != PF_STATUS_OK) {
            return pf_last_error()->status;
        }
    }
    input->damage = rects;
    return PF_STATUS_OK;
}

int32_t pf_frames_push(uint64_t handle, const uint8_t *rgba, uint64_t rgba_bytes, uint32_t width,
                       uint32_t height, uint32_t stride_bytes, const uint32_t *damage,
                       uint32_t damage_count, uint64_t *serial) {
    if (rgba == NULL || serial == NULL) {
        return pf_refuse("rgba, serial: expected a pointer, received NULL");
    }
    pf_frames_input input = {.rgba = rgba,
                             .width_px = width,
                             .height_px = height,
                             .stride_bytes = stride_bytes,
                             .damage_count = damage_count};
    pf_rect rects[PF_FRAMES_DAMAGE_COUNT_MAX];
    if (check_pixels(&input, rgba_bytes) != PF_STATUS_OK ||
        (damage != NULL && read_damage(damage, &input, rects) != PF_STATUS_OK)) {
        return pf_last_error()->status;
    }
    pf_frames *frames = pf_frames_acquire(handle);
    if (frames == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    bool done = pf_frames_put(frames, &input, serial);
    pf_frames_release(frames);
    return done ? PF_STATUS_OK : pf_error_no_memory(pf_last_error(), "the pushed picture");
}

int32_t pf_frames_wait(uint64_t handle, uint64_t serial, uint32_t timeout_ms) {
    pf_frames *frames = pf_frames_acquire(handle);
    if (frames == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_status status =
        pf_frames_await(frames, serial, timeout_ms < PF_WAIT_MS_MAX ? timeout_ms : PF_WAIT_MS_MAX);
    pf_frames_release(frames);
    return status;
}

int32_t pf_frames_free(uint64_t handle) {
    pf_frames *frames = pf_frames_retire(handle);
    if (frames == NULL) {
        return PF_STATUS_STALE_HANDLE;
    }
    pf_frames_close(frames);
    pf_frames_release(frames);
    return PF_STATUS_OK;
}
