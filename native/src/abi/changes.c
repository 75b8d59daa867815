/* SPDX-License-Identifier: MPL-2.0 */
/** The exported functions that tell what changes on the screen. */
#include "abi/handles.h"
#include "abi/last_error.h"

int32_t pf_capture_watch(uint64_t handle, uint32_t watch) {
    if (watch > PF_WATCH_TELL) {
        return pf_refuse("watch: expected one of pf_watch");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_capture_set_watch(capture, watch);
    }
    return status;
}

int32_t pf_capture_look(uint64_t handle, uint64_t *looked_us) {
    if (looked_us == NULL) {
        return pf_refuse("looked_us: expected a pointer, received NULL");
    }
    pf_status status;
    PF_WITH_CAPTURE(capture, handle, status) {
        pf_capture_want_look(capture, looked_us);
    }
    return status;
}

static pf_status check_change_query(const pf_change_query *query, const pf_rectangle *ignored,
                                    const pf_rectangle *rectangles, const pf_changes *changes) {
    if (query == NULL || query->size_bytes != sizeof *query || changes == NULL ||
        changes->size_bytes != sizeof *changes) {
        return pf_refuse("query, changes: expected structures with their size_bytes set");
    }
    if (rectangles == NULL || query->ignored_count > PF_CHANGE_RECTANGLE_COUNT_MAX ||
        (query->ignored_count > 0 && ignored == NULL)) {
        return pf_refuse("rectangles, ignored: expected room for 64, and at most that many");
    }
    return PF_STATUS_OK;
}

int32_t pf_capture_changes(uint64_t handle, const pf_change_query *query,
                           const pf_rectangle *ignored, pf_rectangle *rectangles,
                           pf_changes *changes) {
    pf_status status = check_change_query(query, ignored, rectangles, changes);
    if (status != PF_STATUS_OK) {
        return status;
    }
    PF_WITH_CAPTURE(capture, handle, status) {
        status = pf_change_log_read(&capture->changes, query, ignored, rectangles, changes);
    }
    return status;
}
