/* SPDX-License-Identifier: MPL-2.0 */
/** The core's encoders, one a stripe, and nothing else of it. */
#ifndef PF_BENCH_STRIPES_H
#define PF_BENCH_STRIPES_H

#include "base/image.h"
#include "damage/layout.h"
#include "encode/encoder.h"

typedef struct bench_stripes {
    pf_layout_plan plan;
    pf_encoder_format format;
    /** JPEG quality, or quantiser. */
    uint32_t quality;
    /** Those that a frame encodes. */
    uint32_t first;
    uint32_t end;
    pf_buffer_pool *pool;
    pf_encoder **encoders;
    /** H.264: which macroblocks of a stripe stay as they were, as the library
     * would know from its tiles. */
    uint8_t **constants;
    /** Of the last frame, one a stripe of the plan. */
    uint64_t *cpu_ns;
    uint32_t *payload_bytes;
} bench_stripes;

/** What stripes are made for. */
typedef struct bench_stripes_options {
    pf_layout_kind kind;
    uint32_t width_px;
    uint32_t height_px;
    /** 0: what the library would choose. */
    uint32_t stripe_height_px;
    /** Threads within one encoder. */
    uint32_t encoder_thread_count;
    uint32_t quality;
    /** Nothing else changes: only stripes with these rows are encoded. */
    pf_rect changed;
} bench_stripes_options;

/** Ends the program where memory is refused, as all of these do on an error. */
void stripes_create(bench_stripes *stripes, const bench_stripes_options *options);
void stripes_destroy(bench_stripes *stripes);

/** Encodes one stripe of the frame. Different stripes may be encoded at the same time. */
void stripes_encode(bench_stripes *stripes, pf_image frame, uint32_t stripe);

/** Of those that a frame encodes, together. */
uint64_t stripes_payload_bytes(const bench_stripes *stripes);

#endif
