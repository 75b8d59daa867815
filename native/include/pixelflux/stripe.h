/* SPDX-License-Identifier: MPL-2.0 */
/** Encoded stripes: what pf_capture_drain hands out, and its way back. */
#ifndef PIXELFLUX_STRIPE_H
#define PIXELFLUX_STRIPE_H

#include "api.h"

/** What a stripe's payload is. */
typedef enum pf_stripe_type {
    PF_STRIPE_JPEG = 0,
    PF_STRIPE_H264 = 1,
    /** Pixels that the reader has already, at another place: see source_x. */
    PF_STRIPE_COPY = 2
} pf_stripe_type;

/**
 * One encoded stripe, as pf_capture_drain hands it out.
 *
 * Whoever drained it owns `bytes` and gives it back exactly once by
 * pf_stripe_release(bytes, context), on any thread, at any later time, also
 * after the capture has been freed.
 */
typedef struct pf_stripe {
    /** Header and payload, `size_bytes` of them; an address, never 0. */
    uint64_t bytes;
    /** To be handed to pf_stripe_release; an address, never 0. */
    uint64_t context;
    /** CLOCK_MONOTONIC when the pixels were grabbed, in microseconds. */
    uint64_t timestamp_us;
    /** From the moment there was something to capture until this drain, in ns:
     * the sum of what the stages of pf_stage took. */
    uint64_t latency_ns;
    uint32_t size_bytes;
    /** Bytes of the header in front of the payload. */
    uint32_t header_bytes;
    /** Counts captured frames from 0, wraps at 2^32. */
    uint32_t frame_id;
    /** pf_stripe_type. */
    uint32_t type;
    /** The rectangle of the region that it covers, in px: the true size, also
     * where the coded size was padded to even. x is 0 and width the region's
     * but with PF_HEADER_EXTENDED. */
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
    /** PF_STRIPE_COPY: the top left corner from which a rectangle of the same
     * size is copied, out of the picture as it was when the frame before was
     * complete; else 0. */
    uint32_t source_x;
    uint32_t source_y;
    /** 1 for an IDR and for any JPEG. */
    uint32_t keyframe;
    /** profile_idc, constraint flags and level_idc of the stream's SPS as
     * 0x00PPCCLL (ITU-T H.264, 7.3.2.1.1); 0 but for PF_STRIPE_H264. */
    uint32_t h264_profile;
} pf_stripe;

/**
 * Gives a stripe's bytes back. The signature is that of a JavaScriptCore
 * ArrayBuffer deallocator. `context` is that of the pf_stripe; `bytes` is not
 * looked at. NULL context: nothing happens. Never blocks, on any thread.
 */
PF_API void pf_stripe_release(void *bytes, void *context);

#endif
