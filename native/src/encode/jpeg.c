/* SPDX-License-Identifier: MPL-2.0 */
/** JPEG by libjpeg-turbo, straight from BGRX and straight into the buffer. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/memory.h"
#include "encode/encoder.h"

/* Rows handed to libjpeg in one call; a stripe is rarely higher. */
#define ROWS_PER_CALL 64u

/** Fewer bytes than this would only mean growing at once. */
#define OUTPUT_BYTES_MIN 4096u

typedef struct jpeg_encoder {
    pf_encoder base;
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
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

static void compress_rows(jpeg_encoder *self, pf_image image) {
    JSAMPROW rows[ROWS_PER_CALL];
    while (self->codec.next_scanline < image.height_px) {
        uint32_t count = 0;
        for (; count < ROWS_PER_CALL && self->codec.next_scanline + count < image.height_px;
             count++) {
            /* libjpeg only reads; its type lacks the const. */
            rows[count] =
                (JSAMPROW)(uintptr_t)(image.pixels + (size_t)(self->codec.next_scanline + count) *
                                                         image.stride_bytes);
        }
        jpeg_write_scanlines(&self->codec, rows, count);
    }
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
    jpeg_start_compress(&self->codec, TRUE);
    compress_rows(self, request->image);
    jpeg_finish_compress(&self->codec);
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
    codec->image_height = format->height_px;
    codec->input_components = PF_BYTES_PER_PIXEL;
    codec->in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(codec);
    if (format->full_color) {
        codec->comp_info[0].h_samp_factor = 1;
        codec->comp_info[0].v_samp_factor = 1;
    }
}

pf_status pf_jpeg_create(const pf_encoder_format *format, pf_encoder **encoder, pf_error *error) {
    jpeg_encoder *self = pf_alloc(1, sizeof *self);
    if (self == NULL) {
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
