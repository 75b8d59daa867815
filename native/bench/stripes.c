/* SPDX-License-Identifier: MPL-2.0 */
#include "stripes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define FPS 60
#define MACROBLOCK_PX 16u
#define IDLE_BYTES_MAX ((size_t)8 << 20)
/* What the library leaves free in front of a payload. */
#define HEADER_BYTES 10

static void *checked(void *memory) {
    if (memory == NULL) {
        fprintf(stderr, "pf-codec-bench: out of memory\n");
        exit(1);
    }
    return memory;
}

static void check(pf_status status, const pf_error *error) {
    if (status != PF_STATUS_OK) {
        fprintf(stderr, "pf-codec-bench: %s\n", error->message);
        exit(1);
    }
}

static uint32_t macroblocks(uint32_t size_px) {
    return (size_px + MACROBLOCK_PX - 1) / MACROBLOCK_PX;
}

/** A byte for each macroblock of the rows y... of the frame, 0 where it changes. */
static uint8_t *constants_of(const pf_rect *changed, uint32_t width_px, uint32_t y, uint32_t rows) {
    uint32_t columns = macroblocks(width_px);
    uint8_t *constants = checked(calloc(columns * macroblocks(rows), 1));
    for (uint32_t index = 0; index < columns * macroblocks(rows); index++) {
        uint32_t left = index % columns * MACROBLOCK_PX, top = y + index / columns * MACROBLOCK_PX;
        constants[index] = left + MACROBLOCK_PX <= changed->x ||
                           left >= changed->x + changed->width ||
                           top + MACROBLOCK_PX <= changed->y || top >= changed->y + changed->height;
    }
    return constants;
}

static void open_encoders(bench_stripes *stripes, const pf_rect *changed) {
    for (uint32_t stripe = stripes->first; stripe < stripes->end; stripe++) {
        pf_encoder_format format = stripes->format;
        format.height_px = pf_layout_stripe_rows(&stripes->plan, stripe);
        pf_error error = {0};
        check(pf_encoder_create(&format, &stripes->encoders[stripe], &error), &error);
        if (format.output_mode == PF_OUTPUT_H264) {
            stripes->constants[stripe] =
                constants_of(changed, format.width_px, pf_layout_stripe_y(&stripes->plan, stripe),
                             format.height_px);
        }
    }
}

void stripes_create(bench_stripes *stripes, const bench_stripes_options *options) {
    pf_layout_plan plan =
        pf_layout_make(options->height_px, options->kind, options->stripe_height_px);
    uint32_t last_row = options->changed.y + options->changed.height - 1;
    bool jpeg = options->kind == PF_LAYOUT_JPEG;
    *stripes = (bench_stripes){
        .plan = plan,
        .format = {.output_mode = jpeg ? PF_OUTPUT_JPEG : PF_OUTPUT_H264,
                   .width_px = options->width_px,
                   .fps = FPS,
                   .thread_count = options->encoder_thread_count},
        .quality = options->quality,
        .first = options->changed.y / plan.stripe_height_px,
        .end = last_row / plan.stripe_height_px + 1,
        .pool = checked(pf_buffer_pool_create(IDLE_BYTES_MAX)),
        .encoders = checked(calloc(plan.stripe_count, sizeof *stripes->encoders)),
        .constants = checked(calloc(plan.stripe_count, sizeof *stripes->constants)),
        .cpu_ns = checked(calloc(plan.stripe_count, sizeof *stripes->cpu_ns)),
        .payload_bytes = checked(calloc(plan.stripe_count, sizeof *stripes->payload_bytes))};
    open_encoders(stripes, &options->changed);
}

void stripes_destroy(bench_stripes *stripes) {
    for (uint32_t stripe = stripes->first; stripe < stripes->end; stripe++) {
        stripes->encoders[stripe]->ops->destroy(stripes->encoders[stripe]);
        free(stripes->constants[stripe]);
    }
    pf_buffer_pool_release(stripes->pool);
    free(stripes->encoders);
    free(stripes->constants);
    free(stripes->cpu_ns);
    free(stripes->payload_bytes);
}

void stripes_encode(bench_stripes *stripes, pf_image frame, uint32_t stripe) {
    pf_encoder *encoder = stripes->encoders[stripe];
    bool first = stripes->payload_bytes[stripe] == 0;
    pf_timeline timeline = pf_timeline_begin(pf_clock_now_ns());
    pf_encode_request request = {
        .image = pf_image_rows(frame, pf_layout_stripe_y(&stripes->plan, stripe),
                               pf_layout_stripe_rows(&stripes->plan, stripe)),
        .constant = first ? NULL : stripes->constants[stripe],
        .quality = stripes->quality,
        .timeline = &timeline,
        .header_bytes = HEADER_BYTES};
    pf_encode_result result;
    pf_error error = {0};
    /* Of the thread: what others do meanwhile does not count. */
    uint64_t begin_ns = pf_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    check(encoder->ops->encode(encoder, &request, stripes->pool, &result, &error), &error);
    stripes->cpu_ns[stripe] = pf_clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
    stripes->payload_bytes[stripe] = result.payload_bytes;
    pf_buffer_release(result.buffer);
}

uint64_t stripes_payload_bytes(const bench_stripes *stripes) {
    uint64_t bytes = 0;
    for (uint32_t stripe = stripes->first; stripe < stripes->end; stripe++) {
        bytes += stripes->payload_bytes[stripe];
    }
    return bytes;
}
