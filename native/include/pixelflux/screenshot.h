/* SPDX-License-Identifier: MPL-2.0 */
/** Single pictures of a capture's frame, beside its stripes. */
#ifndef PIXELFLUX_SCREENSHOT_H
#define PIXELFLUX_SCREENSHOT_H

#include "api.h"
#include "status.h"

/** What a screenshot's bytes are. */
typedef enum pf_screenshot_format {
    /** A PNG file of 8-bit RGB. */
    PF_SCREENSHOT_PNG = 0,
    /** A baseline JPEG file, maybe with restart intervals; 4:2:0, or 4:4:4 where
     * jpeg_full_color says so. */
    PF_SCREENSHOT_JPEG = 1,
    /** RGBA, a byte each, A always 255; rows top-down without padding. */
    PF_SCREENSHOT_RAW = 2
} pf_screenshot_format;

/** Screenshots of one capture that may be under way: asked for and not drained. */
#define PF_SCREENSHOT_COUNT_MAX 4

/** One picture that is asked for. */
typedef struct pf_screenshot_request {
    uint32_t size_bytes;
    /** The caller's own; comes back with the screenshot. */
    uint32_t id;
    /** pf_screenshot_format. */
    uint32_t format;
    /** Of a JPEG, 0...100. */
    uint32_t quality;
    /** A rectangle of the frame, in px. Width or height 0: as far as the frame
     * goes from there. */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} pf_screenshot_request;

/**
 * The answer to a pf_screenshot_request, as pf_capture_drain_screenshots hands
 * it out. `bytes` is owned, and given back, as that of a pf_stripe is. The first
 * two fields are in the same places as there and the structure is no larger, so
 * that a lease can hold it in a stripe's place.
 */
typedef struct pf_screenshot {
    /** An address; 0 where the status is an error. */
    uint64_t bytes;
    /** To be handed to pf_stripe_release; 0 where the status is an error. */
    uint64_t context;
    /** CLOCK_MONOTONIC when the frame was up to date, in microseconds: no earlier
     * than the request. */
    uint64_t timestamp_us;
    uint32_t size_bytes;
    uint32_t id;
    /** OK, REGION_OFF_SCREEN (the rectangle does not lie within the frame),
     * NO_MEMORY or ENCODER. */
    int32_t status;
    /** Its size in px; that of the frame where the status is REGION_OFF_SCREEN. */
    uint32_t width;
    uint32_t height;
    uint32_t reserved;
} pf_screenshot;

/**
 * Asks for a picture of the frame as it is now. The capture thread serves it at
 * once, whatever the frame rate, also on a still screen and while stripes wait
 * for a slow reader: it takes what has been damaged, copies the rectangle, draws
 * the pointer and the watermark over it as over stripes, and has the pool encode
 * it. Stripes are not held up but for the copy. A request waits for a capture to
 * open its source, and for a display that is lost to come back.
 *
 * Does not block. Returns OK, BUSY, or ENDED: the capture has ended or has been
 * asked to, and there will be no answer. One that ends before it has answered
 * never does; after a failure the answers that were ready can be drained still.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_request_screenshot(uint64_t handle, const pf_screenshot_request *request);

/**
 * Moves up to `capacity` (1 or more) answered screenshots, in the order of the
 * answers, into screenshots[] and writes their number to *count. Never blocks,
 * and does not touch stripes or their news. After pf_capture_stop nothing is
 * handed out any more.
 *
 * Errors: INVALID_ARGUMENT, STALE_HANDLE.
 */
PF_API int32_t pf_capture_drain_screenshots(uint64_t handle, pf_screenshot *screenshots,
                                            uint32_t capacity, uint32_t *count);

#endif
