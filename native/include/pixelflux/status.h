/* SPDX-License-Identifier: MPL-2.0 */
/** What functions return, and the words that go with an error. */
#ifndef PIXELFLUX_STATUS_H
#define PIXELFLUX_STATUS_H

#include "api.h"

/**
 * What a function, or a capture that failed, says of itself. Negative values
 * are errors and have a message (pf_capture_message, pf_last_message).
 */
typedef enum pf_status {
    /** Done. From pf_capture_wait: there is news, drain it. */
    PF_STATUS_OK = 0,
    /** pf_capture_wait: the time ran out and there was no news. */
    PF_STATUS_TIMEOUT = 1,
    /** pf_capture_wait: the capture has ended, by stop or by failure. Drain
     * once more for its last stripes and its error. */
    PF_STATUS_ENDED = 2,
    /** pf_capture_request_screenshot: PF_SCREENSHOT_COUNT_MAX are under way. Ask
     * again when one of them has been drained. */
    PF_STATUS_BUSY = 3,

    /** An argument or a field is out of its range; the message names it. */
    PF_STATUS_INVALID_ARGUMENT = -1,
    /** The handle was freed, or never given out. */
    PF_STATUS_STALE_HANDLE = -2,
    /** The system refused memory. */
    PF_STATUS_NO_MEMORY = -3,
    /** The system refused a thread or a descriptor. */
    PF_STATUS_NO_RESOURCE = -4,
    /** PF_CAPTURE_COUNT_MAX captures exist already. */
    PF_STATUS_TOO_MANY_CAPTURES = -5,
    /** The display's name is malformed, nothing answers there, or the server
     * refuses this user. */
    PF_STATUS_DISPLAY_OPEN = -6,
    /** The connection to the display broke while the capture was running. */
    PF_STATUS_DISPLAY_LOST = -7,
    /** The screen's pixel format, or an extension, is not what we can read. */
    PF_STATUS_DISPLAY_UNSUPPORTED = -8,
    /** No pixel of the region lies on the screen, or part of it does not. */
    PF_STATUS_REGION_OFF_SCREEN = -9,
    /** An encoder could not be opened, or refused a picture. */
    PF_STATUS_ENCODER = -10,
    /** The watermark's file is missing or is no PNG. */
    PF_STATUS_WATERMARK = -11,
    /** The library was built without the codec that output_mode names; see
     * pf_capabilities. */
    PF_STATUS_CODEC_MISSING = -12,

    /** There is no window of that id on the screen, or it has been destroyed. */
    PF_STATUS_WINDOW_GONE = -13,
    /** The window is not shown: unmapped, iconified, or on another desktop. Only
     * at the start; later its picture stays as it was until it is shown again. */
    PF_STATUS_WINDOW_HIDDEN = -14,
    /** There is no monitor of that name; the message lists those there are. Only
     * at the start; later the picture is black until it is back. */
    PF_STATUS_MONITOR_MISSING = -15
} pf_status;

/**
 * Copies the message of the calling thread's last error that had no handle to
 * go with (pf_capture_start, pf_capture_update), as pf_capture_message does.
 */
PF_API int32_t pf_last_message(char *text, uint32_t capacity_bytes);

#endif
