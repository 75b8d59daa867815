/* SPDX-License-Identifier: MPL-2.0 */
/** The exported functions of what a capture shows beside its stripes: screenshots, the
 * pointer, and the pixels of each frame. */
#include "abi/handles.h"
#include "abi/last_error.h"

/** Whether a request's fields are in their ranges; the rectangle's are when it is
 * served. */
static pf_status check_screenshot(const pf_screenshot_request *request) {
    if (request == NULL || request->size_bytes != sizeof *request) {
        return pf_refuse("request: expected a pf_screenshot_request with its size_bytes set");
    }
    if (request->format > PF_SCREENSHOT_RAW || request->quality > 100) {
        return pf_refuse("format, quality: expected a pf_screenshot_format and 0...100");
    }
    return PF_STATUS_OK;
}

int32_t pf_capture_request_screenshot(uint64_t handle, const pf_screenshot_request *request) {
    pf_status status = check_screenshot(request);
    if (status != PF_STATUS_OK) {
        return status;
    }
    PF_WITH_CAPTURE(capture, handle, status) {
        status = pf_capture_want_screenshot(capture, request);
    }
    return status;
}

int32_t pf_capture_drain_screenshots(uint64_t handle, pf_screenshot *screenshots, uint32_t capacity,
                                     uint32_t *count) {
    if (screenshots == NULL || capacity == 0 || count == NULL) {
        return pf_refuse("screenshots, capacity, count: expected room for one, received none");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        *count = pf_screenshots_drain(&capture->screenshots, screenshots, capacity);
    }
    return status;
}

int32_t pf_capture_drain_cursor(uint64_t handle, pf_cursor *cursor, uint32_t *count) {
    if (cursor == NULL || count == NULL) {
        return pf_refuse("cursor, count: expected a pointer, received NULL");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        *count = pf_cursor_stream_drain(&capture->cursor, cursor);
    }
    return status;
}

int32_t pf_capture_tap(uint64_t handle, uint32_t bytes_max) {
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_capture_set_tap(capture, bytes_max);
    }
    return status;
}

int32_t pf_capture_drain_tap(uint64_t handle, pf_tap_frame *frame, uint32_t *count) {
    if (frame == NULL || count == NULL) {
        return pf_refuse("frame, count: expected a pointer, received NULL");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        *count = pf_tap_drain(&capture->tap, frame);
    }
    return status;
}
