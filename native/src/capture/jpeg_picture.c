/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/jpeg_picture.h"

#include "base/memory.h"
#include "capture/pool.h"
#include "encode/encoder.h"
#include "encode/jpeg_join.h"

/* A slice has to be worth a wake-up (50 us): a megapixel takes about 5 ms. */
#define SLICE_PIXELS_MIN ((size_t)64 << 10)

/** One slice; its job's own until the batch is done. */
typedef struct slice {
    pf_buffer *buffer;
    uint32_t size_bytes;
    pf_error error;
} slice;

typedef struct picture {
    pf_image image;
    uint32_t quality;
    bool full_color;
    pf_buffer_pool *buffers;
    uint32_t rows;
    uint32_t slice_count;
    slice *slices;
} picture;

static pf_status encode_slice(const picture *self, pf_image image, slice *out) {
    pf_encoder_format format = {.output_mode = PF_OUTPUT_JPEG,
                                .width_px = image.width_px,
                                .height_px = image.height_px,
                                .full_color = self->full_color,
                                .thread_count = 1};
    pf_encoder *encoder;
    pf_status status = pf_encoder_create(&format, &encoder, &out->error);
    if (status != PF_STATUS_OK) {
        return status;
    }
    pf_timeline timeline = pf_timeline_begin(0);
    pf_encode_request request = {.image = image, .quality = self->quality, .timeline = &timeline};
    pf_encode_result result = {0};
    status = encoder->ops->encode(encoder, &request, self->buffers, &result, &out->error);
    encoder->ops->destroy(encoder);
    out->buffer = result.buffer;
    out->size_bytes = result.payload_bytes;
    return status;
}

static void run_slice(void *context, uint32_t index) {
    const picture *self = context;
    uint32_t y = index * self->rows, rest = self->image.height_px - y;
    pf_image image = pf_image_rows(self->image, y, rest < self->rows ? rest : self->rows);
    self->slices[index].error.status = encode_slice(self, image, &self->slices[index]);
}

static pf_status join(const picture *self, pf_jpeg_slice *parts, slice *out, pf_error *error) {
    for (uint32_t index = 0; index < self->slice_count; index++) {
        if (self->slices[index].error.status != PF_STATUS_OK) {
            *error = self->slices[index].error;
            return error->status;
        }
        parts[index] =
            (pf_jpeg_slice){self->slices[index].buffer->bytes, self->slices[index].size_bytes};
    }
    size_t bytes_max = pf_jpeg_join_bytes_max(parts, self->slice_count);
    out->buffer = pf_buffer_acquire(self->buffers, bytes_max);
    if (out->buffer == NULL) {
        return pf_error_no_memory(error, "a JPEG file");
    }
    out->size_bytes = (uint32_t)pf_jpeg_join(parts, self->slice_count, self->image.width_px,
                                             self->image.height_px, self->rows, self->full_color,
                                             out->buffer->bytes);
    if (out->size_bytes > 0) {
        return PF_STATUS_OK;
    }
    pf_buffer_release(out->buffer);
    return pf_error_set(error, PF_STATUS_ENCODER, "libjpeg-turbo: a file that is no baseline JPEG");
}

static pf_status encode_slices(picture *self, slice *out, pf_error *error) {
    pf_jpeg_slice *parts = pf_alloc(self->slice_count, sizeof *parts);
    self->slices = pf_alloc(self->slice_count, sizeof *self->slices);
    pf_status status = PF_STATUS_OK;
    if (parts == NULL || self->slices == NULL) {
        status = pf_error_no_memory(error, "a JPEG file");
    } else {
        pf_batch batch;
        pf_pool_begin(&batch, run_slice, self);
        pf_pool_publish(&batch, self->slice_count);
        pf_pool_finish(&batch);
        status = join(self, parts, out, error);
        for (uint32_t index = 0; index < self->slice_count; index++) {
            if (self->slices[index].buffer != NULL) {
                pf_buffer_release(self->slices[index].buffer);
            }
        }
    }
    pf_free(self->slices);
    pf_free(parts);
    return status;
}

/** Slices that are worth it, 1 or more. */
static uint32_t slices_wanted(pf_image image) {
    size_t worth = (size_t)image.width_px * image.height_px / SLICE_PIXELS_MIN;
    uint32_t width = pf_pool_width();
    return worth < 1 ? 1 : worth < width ? (uint32_t)worth : width;
}

pf_status pf_jpeg_picture_encode(pf_image image, uint32_t quality, bool full_color,
                                 pf_buffer_pool *buffers, pf_buffer **buffer, uint32_t *size_bytes,
                                 pf_error *error) {
    picture self = {
        .image = image, .quality = quality, .full_color = full_color, .buffers = buffers};
    slice out = {0};
    uint32_t count = slices_wanted(image);
    self.rows = pf_jpeg_slice_rows(image.width_px, image.height_px, full_color, count);
    self.slice_count = (image.height_px + self.rows - 1) / self.rows;
    pf_status status = PF_STATUS_OK;
    if (count == 1) {
        status = encode_slice(&self, image, &out);
        *error = out.error;
    } else {
        status = encode_slices(&self, &out, error);
    }
    *buffer = out.buffer;
    *size_bytes = out.size_bytes;
    return status;
}
