/* SPDX-License-Identifier: MPL-2.0 */
/**
 * JPEG by libjpeg-turbo, straight into the buffer. 4:2:0 is converted by libyuv,
 * one row of MCUs at a time so that it stays in the cache: a sixth less than
 * libjpeg-turbo's own conversion takes. 4:4:4, which libyuv lacks in full range,
 * is left to libjpeg-turbo.
 */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/memory.h"
#include "encode/color.h"
#include "encode/encoder.h"

/* A row of MCUs of 4:2:0; also the rows handed over in one call of 4:4:4. */
#define ROWS_PER_CALL 16u
#define CHROMA_ROWS (ROWS_PER_CALL / 2)

/** Fewer bytes than this would only mean growing at once. */
#define OUTPUT_BYTES_MIN 4096u

typedef struct jpeg_encoder {
    pf_encoder base;
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    /** One row of MCUs; 4:2:0 only. */
    pf_planes planes;
    jmp_buf failed;
    pf_error *error;
    uint32_t quality;
    bool quality_set;
    /** The picture under way, and what the one before took. */
    pf_buffer *buffer;
    size_t last_bytes;
} jpeg_encoder;

static void on_error(j_common_ptr codec) {
    jpeg_encoder *self = codec->client_data;
    char message[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, message);
    if (self->error->status == PF_STATUS_OK) {
        pf_error_set(self->error, PF_STATUS_ENCODER, "libjpeg-turbo: %s", message);
    }
    longjmp(self->failed, 1);
}

static void on_message(j_common_ptr codec) {
    (void)codec;
}

static void point_destination(jpeg_encoder *self, size_t used_bytes) {
    self->destination.next_output_byte = self->buffer->bytes + used_bytes;
    self->destination.free_in_buffer = self->buffer->capacity_bytes - used_bytes;
}

static void on_destination_init(j_compress_ptr codec) {
    (void)codec;
}

/** libjpeg calls this when the buffer is full, whatever next_output_byte says. */
static boolean on_destination_full(j_compress_ptr codec) {
    jpeg_encoder *self = codec->client_data;
    size_t used_bytes = self->buffer->capacity_bytes;
    pf_buffer *larger = pf_buffer_grow(self->buffer, used_bytes, used_bytes * 2);
    if (larger == NULL) {
        pf_error_no_memory(self->error, "a JPEG stripe");
        longjmp(self->failed, 1);
    }
    self->buffer = larger;
    point_destination(self, used_bytes);
    return TRUE;
}

static void on_destination_end(j_compress_ptr codec) {
    (void)codec;
}

static void set_quality(jpeg_encoder *self, uint32_t quality) {
    if (!self->quality_set || self->quality != quality) {
        jpeg_set_quality(&self->codec, (int)quality, TRUE);
        self->quality = quality;
        self->quality_set = true;
    }
}

static void compress_444(jpeg_encoder *self, pf_image rows) {
    JSAMPROW lines[ROWS_PER_CALL];
    for (uint32_t line = 0; line < rows.height_px; line++) {
        /* libjpeg only reads; its type lacks the const. */
        lines[line] = (JSAMPROW)(uintptr_t)(rows.pixels + (size_t)line * rows.stride_bytes);
    }
    jpeg_write_scanlines(&self->codec, lines, rows.height_px);
}

static void compress_420(jpeg_encoder *self, pf_image rows, pf_timeline *timeline) {
    pf_planes_convert(&self->planes, rows, 0);
    pf_timeline_mark(timeline, PF_STAGE_CONVERT, pf_clock_now_ns());
    JSAMPROW luma[ROWS_PER_CALL], chroma[2][CHROMA_ROWS];
    for (uint32_t line = 0; line < ROWS_PER_CALL; line++) {
        luma[line] = self->planes.plane[0] + (size_t)line * (size_t)self->planes.stride_bytes[0];
    }
    for (uint32_t line = 0; line < CHROMA_ROWS; line++) {
        size_t offset = (size_t)line * (size_t)self->planes.stride_bytes[1];
        chroma[0][line] = self->planes.plane[1] + offset;
        chroma[1][line] = self->planes.plane[2] + offset;
    }
    JSAMPARRAY components[] = {luma, chroma[0], chroma[1]};
    jpeg_write_raw_data(&self->codec, components, ROWS_PER_CALL);
    pf_timeline_mark(timeline, PF_STAGE_ENCODE, pf_clock_now_ns());
}

static void compress(jpeg_encoder *self, pf_image image, pf_timeline *timeline) {
    self->codec.image_width = image.width_px;
    self->codec.image_height = image.height_px;
    jpeg_start_compress(&self->codec, TRUE);
    for (uint32_t y = 0; y < image.height_px; y += ROWS_PER_CALL) {
        uint32_t rest = image.height_px - y;
        pf_image rows = pf_image_rows(image, y, rest < ROWS_PER_CALL ? rest : ROWS_PER_CALL);
        if (self->base.format.full_color) {
            compress_444(self, rows);
        } else {
            compress_420(self, rows, timeline);
        }
    }
    jpeg_finish_compress(&self->codec);
}

static size_t expected_bytes(const jpeg_encoder *self, const pf_encode_request *request) {
    size_t bytes = self->last_bytes + self->last_bytes / 4;
    return request->header_bytes + (bytes > OUTPUT_BYTES_MIN ? bytes : OUTPUT_BYTES_MIN);
}

static pf_status jpeg_encode(pf_encoder *encoder, const pf_encode_request *request,
                             pf_buffer_pool *pool, pf_encode_result *result, pf_error *error) {
    jpeg_encoder *self = (jpeg_encoder *)encoder;
    self->error = error;
    self->buffer = pf_buffer_acquire(pool, expected_bytes(self, request));
    if (self->buffer == NULL) {
        return pf_error_no_memory(error, "a JPEG stripe");
    }
    if (setjmp(self->failed)) {
        jpeg_abort_compress(&self->codec);
        pf_buffer_release(self->buffer);
        return error->status;
    }
    point_destination(self, request->header_bytes);
    set_quality(self, request->quality);
    pf_timeline_mark(request->timeline, PF_STAGE_CONVERT, pf_clock_now_ns());
    compress(self, request->image, request->timeline);
    size_t end = (size_t)(self->destination.next_output_byte - self->buffer->bytes);
    self->last_bytes = end - request->header_bytes;
    *result = (pf_encode_result){.buffer = self->buffer,
                                 .payload_bytes = (uint32_t)self->last_bytes,
                                 .keyframe = true,
                                 .intra = true};
    return PF_STATUS_OK;
}

static void jpeg_encoder_destroy(pf_encoder *encoder) {
    jpeg_encoder *self = (jpeg_encoder *)encoder;
    jpeg_destroy_compress(&self->codec);
    pf_planes_destroy(&self->planes);
    pf_free(self);
}

static const pf_encoder_ops jpeg_ops = {.encode = jpeg_encode, .destroy = jpeg_encoder_destroy};

static void configure(jpeg_encoder *self, const pf_encoder_format *format) {
    struct jpeg_compress_struct *codec = &self->codec;
    self->destination.init_destination = on_destination_init;
    self->destination.empty_output_buffer = on_destination_full;
    self->destination.term_destination = on_destination_end;
    codec->dest = &self->destination;
    codec->image_width = format->width_px;
    codec->image_height = ROWS_PER_CALL;
    codec->input_components = format->full_color ? PF_BYTES_PER_PIXEL : 3;
    codec->in_color_space = format->full_color ? JCS_EXT_BGRX : JCS_YCbCr;
    jpeg_set_defaults(codec);
    codec->raw_data_in = !format->full_color;
    if (format->full_color) {
        codec->comp_info[0].h_samp_factor = 1;
        codec->comp_info[0].v_samp_factor = 1;
    }
}

pf_status pf_jpeg_create(const pf_encoder_format *format, pf_encoder **encoder, pf_error *error) {
    jpeg_encoder *self = pf_alloc(1, sizeof *self);
    if (self == NULL ||
        (!format->full_color &&
         !pf_planes_create(&self->planes, format->width_px, ROWS_PER_CALL, ROWS_PER_CALL, false))) {
        pf_free(self);
        return pf_error_no_memory(error, "a JPEG encoder");
    }
    self->base.ops = &jpeg_ops;
    self->base.format = *format;
    self->error = error;
    self->codec.err = jpeg_std_error(&self->errors);
    self->errors.error_exit = on_error;
    self->errors.output_message = on_message;
    self->codec.client_data = self;
    if (setjmp(self->failed)) {
        jpeg_encoder_destroy(&self->base);
        return error->status;
    }
    jpeg_create_compress(&self->codec);
    configure(self, format);
    *encoder = &self->base;
    return PF_STATUS_OK;
}
